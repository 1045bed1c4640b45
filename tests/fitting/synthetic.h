// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "phaselaw/fitting/two_stage_fit.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

// Two-stage curves with log-normal noise, the ground truth of the fits' tests.
namespace phaselaw::laws::testing {

struct Truth {
  double amplitude = 1, scale = 1, exponent = 1.0 / 6, floor = 0;
};

struct Sample {
  std::vector<double> compute, loss;
};

// n points over nine decades of compute, two of them before the bend.
inline Sample two_stage_sample(const Truth& truth, std::size_t n, double noise, std::uint64_t draw) {
  Sample sample;
  sample.compute = numerics::log_spaced(1e-2 * truth.scale, 1e7 * truth.scale, n);
  numerics::RandomStream stream(1000, "two_stage_sample", draw);
  for (const double c : sample.compute)
    sample.loss.push_back(two_stage_value(c, truth.amplitude, truth.scale, truth.exponent, truth.floor) *
                          std::exp(noise * stream.normal()));
  return sample;
}

}  // namespace phaselaw::laws::testing
