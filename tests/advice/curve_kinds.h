// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "phaselaw/advice/curve/claims.h"
#include "phaselaw/numerics/random.h"

// Simulated loss curves for the tests of claims from curves without a recorded schedule.
namespace phaselaw::advice {

struct CurveOfTest {
  std::vector<double> step, loss;
  [[nodiscard]] CurveClaims claims(bool held_out = false) const { return claims_of({step, loss, held_out, {}, {}}); }
};

// Steps every, 2 every, ..., with independent relative noise.
inline CurveOfTest noisy_curve(std::size_t rows, const std::function<double(double)>& loss, double noise,
                               std::uint64_t seed, double every = 1) {
  CurveOfTest curve;
  numerics::RandomStream stream(seed, "curve claims test");
  for (std::size_t i = 1; i <= rows; ++i) {
    const double t = every * static_cast<double>(i);
    curve.step.push_back(t);
    curve.loss.push_back(loss(t) * std::exp(noise * stream.normal()));
  }
  return curve;
}

inline double plain_loss(double t) { return 2 + 8 * std::pow(1 + t / 30, -0.45); }

inline bool holds(const std::optional<Interval>& interval, double truth) {
  return interval && interval->lo <= truth && truth <= interval->hi;
}

}  // namespace phaselaw::advice
