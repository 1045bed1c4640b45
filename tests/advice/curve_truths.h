// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>

#include "phaselaw/numerics/lambert_w.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/tables/runs.h"

// Loss curves of known forms with one row for each step, for the tests of diagnose.
namespace phaselaw::advice::testing {

// loss = law(step) exp(noise_i), the noise normal of size `noise` with autocorrelation `rho` between neighbours.
inline tables::Curve curve_of(const std::function<double(double)>& law, std::size_t steps, double noise,
                              std::uint64_t draw = 0, double rho = 0) {
  tables::Curve data;
  data.name = "curve";
  data.quantity = "loss";
  numerics::RandomStream stream(77, "curve_truths", draw);
  double e = stream.normal();
  for (std::size_t i = 1; i <= steps; ++i) {
    e = rho * e + std::sqrt(1 - rho * rho) * stream.normal();
    data.step.push_back(static_cast<double>(i));
    data.loss.push_back(law(static_cast<double>(i)) * std::exp(noise * e));
  }
  return data;
}

// The same curve with a constant, recorded learning rate.
inline tables::Curve with_rate(tables::Curve data) {
  data.rates = {{0, data.step.empty() ? 1 : data.step.back()}, {0.001, 0.001}};
  return data;
}

inline double two_stage_law(double t) {  // bend 54.4
  return t == 0 ? 8 : 2 + 6 * std::exp(-0.5 * numerics::lambert_w0_of_exp(std::log(t / 20)));
}
inline double shifted_power_law(double t) { return 2 + 6 * std::pow(1 + t / 50, -0.6); }  // bend 50
inline double exponential_law(double t) { return 2 + 6 * std::exp(-t / 300); }
inline double power_law(double t) { return 2 + 6 * std::pow(t, -0.4); }

}  // namespace phaselaw::advice::testing
