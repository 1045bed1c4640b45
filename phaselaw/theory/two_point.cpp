// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/two_point.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "phaselaw/theory/domain.h"

namespace phaselaw::theory {

TwoPointBound two_point_bound(double noise, double n_data, double separation) {
  require_positive("two-point bound", {{"noise", noise}, {"n_data", n_data}, {"separation", separation}});
  TwoPointBound bound;
  bound.distance = separation * noise / std::sqrt(n_data);
  bound.kl = separation * separation / 2;
  bound.tv_pinsker = std::min(1.0, separation / 2);
  bound.tv = std::erf(separation / std::sqrt(8.0));
  bound.error_sum_min = std::erfc(separation / std::sqrt(8.0));
  const double scale = bound.distance * bound.distance / 8;
  bound.risk_pinsker = scale * (1 - bound.tv_pinsker);
  bound.risk = scale * bound.error_sum_min;
  return bound;
}

double statistical_lower_bound(double noise, double n_data) { return two_point_bound(noise, n_data).risk_pinsker; }

double two_point_minimax_risk(double noise, double n_data, double separation) {
  const double distance = two_point_bound(noise, n_data, separation).distance;
  // Trapezoidal sum over t = h/2 + z. The integrand is analytic except for the poles of sech at i pi/h. If h is so
  // large that the step does not resolve them, the weight exp(-h^2/8) there is below the stated accuracy.
  constexpr double kStep = 0.02, kEnd = 9;
  double sum = 0;
  for (int i = -static_cast<int>(kEnd / kStep); i * kStep <= kEnd; ++i) {
    const double z = i * kStep, sech = 1 / std::cosh(separation * (separation / 2 + z) / 2);
    sum += std::exp(-z * z / 2) * sech * sech;
  }
  const double mean = sum * kStep / std::sqrt(2 * std::numbers::pi);
  return distance * distance / 4 * mean;
}

}  // namespace phaselaw::theory
