// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/bound_minimum.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

#include "phaselaw/theory/domain.h"

namespace phaselaw::theory {

namespace {

// The larger root of x - g ln x = target, 0 < g < 1. The left side is convex with its minimum at g, so Newton's method
// decreases monotonically from any start on the right; since x - ln x >= x/2, max(2, 2 target) is such a start.
std::optional<double> larger_root(double g, double target) {
  if (!(g - g * std::log(g) < target)) return std::nullopt;
  double x = std::max(2.0, 2 * target);
  for (int i = 0; i < 200; ++i) {
    const double next = x - (x - g * std::log(x) - target) / (1 - g / x);
    if (!(next < x) || !(next > g)) break;
    const bool done = x - next <= std::numeric_limits<double>::epsilon() * x;
    x = next;
    if (done) break;
  }
  return x;
}

}  // namespace

std::optional<BoundMinimum> minimise_over_data(const Edition& edition, double compute, double noise, double r0) {
  const double p = edition.p, r = edition.risk_exponent;
  require_positive("minimum over data", {{"p", p},
                                         {"risk exponent r", r},
                                         {"constant a", edition.a},
                                         {"compute", compute},
                                         {"noise", noise},
                                         {"r0", r0}});
  if (!edition.log_and_noise)
    throw std::domain_error(fmt::format("minimum over data: edition '{}' has no fixed-n law", edition.name));
  if (!(r < p)) throw std::domain_error(fmt::format("minimum over data: expected r < p, found r = {}, p = {}", r, p));

  const double log_scale = 2 * std::log(noise) + std::log(compute) - std::log(edition.a);  // ln of xi^2 C/a
  const double target = std::log(p * r0 / r) - 2 * r * std::log(noise) + r / p * log_scale;
  const auto x = larger_root(1 - r / p, target);
  if (!x) return std::nullopt;
  BoundMinimum minimum;
  minimum.x = *x;
  minimum.log_n_data = (log_scale - std::log(*x)) / p;
  const double log_estimation = r * (2 * std::log(noise) - minimum.log_n_data);
  const double w = p * *x / r;  // ratio of the estimation term to the optimisation term
  minimum.log_excess_risk = log_estimation + std::log1p(1 / w);
  minimum.slope = -r / p * w / (1 + w);
  return minimum;
}

}  // namespace phaselaw::theory
