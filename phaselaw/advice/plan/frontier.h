// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "phaselaw/advice/plan/allocation.h"
#include "phaselaw/fitting/uncertainty.h"

// Curves of a plan with their intervals, for figures: the optimum against compute, and the loss along one compute.
//
// Values are computed at every point. Intervals cost much more, so that they are computed at kKnots points; between
// these the squares of ln(value/lo) and ln(hi/value) are interpolated by cubics in ln x with slopes at the knots that are
// those of parabolas through three neighbours [T: Hermite]. In the linear approximation the square of the width of a
// prediction is a parabola in ln x for a law that is a straight line there, and the band is then exact.
namespace phaselaw::advice {

inline constexpr std::size_t kKnots = 9;

// `interval(i)` is called for the knots among the points. An end that is open at one knot is unset at every point. x and
// value are > 0, x increases. Exact where there are no more points than knots.
using IntervalAt = std::function<fitting::Estimate(std::size_t)>;
[[nodiscard]] std::vector<fitting::Estimate> with_band(std::string name, std::span<const double> x,
                                                       std::span<const double> value, const IntervalAt& interval,
                                                       std::size_t knots = kKnots);

// N*, D* (NaN without sizes) and the loss, each with its interval.
struct FrontierPoint {
  fitting::Estimate compute, n_params, tokens, loss;
};
[[nodiscard]] std::vector<FrontierPoint> frontier(const fitting::SavedFit& saved, const Situation& situation,
                                                  const std::vector<double>& computes, std::size_t knots = kKnots);

// The estimate of a decreasing function of a quantity, from that of the quantity: f(value), with the ends exchanged.
// Exact for profile intervals, which do not depend on the parametrisation.
[[nodiscard]] fitting::Estimate decreasing(std::string name, const fitting::Estimate& estimate,
                                           const std::function<double(double)>& f);

}  // namespace phaselaw::advice
