// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/rational_exponential.h"

#include <cmath>
#include <numbers>
#include <stdexcept>

#include <fmt/format.h>

namespace phaselaw::dynamics {

std::vector<ExponentialPole> exponential_poles(int count) {
  if (count < 2 || count > 32 || count % 2 != 0)
    throw std::domain_error(fmt::format("exponential_poles: expected an even count in 2 .. 32, found {}", count));
  std::vector<ExponentialPole> poles;
  const double n = count;
  for (int k = 0; k < count / 2; ++k) {
    const double theta = (2 * k + 1) * std::numbers::pi / n;
    const double s = 0.6407 * theta, cotangent = 1 / std::tan(s), sine = std::sin(s);
    const std::complex<double> z = n * std::complex<double>(-0.6122 + 0.5017 * theta * cotangent, 0.2645 * theta);
    const std::complex<double> slope =
        n * std::complex<double>(0.5017 * (cotangent - theta * 0.6407 / (sine * sine)), 0.2645);
    poles.push_back({std::exp(z) * slope / std::complex<double>(0, n), z});
  }
  return poles;
}

std::vector<ExponentialPole> flow_as_ridges(double rate, int count) {
  if (!(rate > 0) || !std::isfinite(rate))
    throw std::domain_error(fmt::format("flow_as_ridges: expected a finite rate > 0, found {}", rate));
  auto poles = exponential_poles(count);
  for (auto& [weight, pole] : poles) {
    weight /= pole;
    pole /= rate;
  }
  return poles;
}

}  // namespace phaselaw::dynamics
