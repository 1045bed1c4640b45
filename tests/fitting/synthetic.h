// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "phaselaw/fitting/fit.h"
#include "phaselaw/numerics/lambert_w.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

// Two-stage curves with log-normal noise, the ground truth of the fits' tests.
namespace phaselaw::fitting::testing {

// The law in its closed form, E + A exp(-q W0(C/C0)).
inline double two_stage_value(double compute, double amplitude, double scale, double exponent, double floor) {
  if (compute == 0) return floor + amplitude;
  return floor + amplitude * std::exp(-exponent * numerics::lambert_w0_of_exp(std::log(compute) - std::log(scale)));
}

// What is known beforehand: an excess risk has the floor 0.
struct TwoStageOptions {
  struct {
    std::optional<double> exponent, floor = 0.0;
  } known;
  FitOptions fit;
};

inline tables::Measurements curve_of(std::span<const double> compute, std::span<const double> loss) {
  tables::Measurements data;
  data.columns.add("compute", {compute.begin(), compute.end()});
  data.output.assign(loss.begin(), loss.end());
  return data;
}

inline Fit fit_two_stage(std::span<const double> compute, std::span<const double> loss,
                         const TwoStageOptions& options = {}) {
  FitOptions held = options.fit;
  if (options.known.exponent) held.fix["q"] = *options.known.exponent;
  if (options.known.floor) held.fix["E"] = *options.known.floor;
  return fit_law(laws::law_from("two-stage"), curve_of(compute, loss), held);
}

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

}  // namespace phaselaw::fitting::testing
