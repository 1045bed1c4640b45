// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/profiler.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/constants.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

constexpr double kAccuracy = 0.01;       // of the half width, before the last linear correction
constexpr double kFarthestLog = 60;      // of a logarithm: a factor 1e26 beyond the optimum
constexpr double kStiffness = 1e3;       // of the pull, relative to the curvature of the profile
constexpr double kRefitAccuracy = 1e-5;  // of a refit, as a share of the rise
constexpr int kSteps = 40;

}  // namespace

Profiler::Profiler(Refitter& refitter, const numerics::LeastSquaresResult& optimum, const Calibration& calibration,
                   double level)
    : refitter_(refitter), optimum_(optimum), calibration_(calibration), level_(level) {}

std::vector<double> Profiler::gradient(const Refitter::Quantity& g) const {
  std::vector<double> c(optimum_.parameters.size());
  gradient_of(g, optimum_.parameters, refitter_.lower(), refitter_.upper(), c);
  return c;
}

Calibration::Spread Profiler::spread_of(const Refitter::Quantity& g) const { return calibration_.spread(gradient(g)); }

std::optional<Profiler::Point> Profiler::evaluate(const Search& search, const Point& from, double distance, double sign,
                                                  bool thorough) {
  const double target = search.centre + sign * distance;
  const auto solved = [&](bool predicted) -> std::optional<Point> {
    std::vector<double> start = from.theta;
    if (predicted)
      for (std::size_t j = 0; j < start.size(); ++j) {
        start[j] += search.direction[j] * sign * (distance - from.at);
        if (start[j] < refitter_.lower()[j] || start[j] > refitter_.upper()[j]) return std::nullopt;
      }
    if (search.g == nullptr) {
      start[search.coordinate] = target;
      refitter_.hold(search.coordinate, target);
    } else {
      refitter_.attract(*search.g, target, search.pull);
    }
    numerics::LeastSquaresResult result =
        thorough ? refitter_.solve(start, 1e-9, true) : refitter_.solve_to(start, kRefitAccuracy * search.rise);
    refitter_.release();
    if (result.status == numerics::LeastSquaresStatus::failed || !std::isfinite(result.cost)) return std::nullopt;
    Point point{distance, 0, result.parameters};
    double cost = result.cost;
    if (search.g != nullptr && !search.pulled_is_measured) {
      const double reached = (*search.g)(result.parameters);
      if (!std::isfinite(reached)) return std::nullopt;
      cost -= 0.5 * search.pull * (reached - target) * (reached - target);
      point.at = sign * (reached - search.centre);
    }
    if (cost < optimum_.cost * (1 - 1e-7) && (!better_ || cost < better_->cost)) {
      better_ = result;
      better_->cost = cost;
    }
    point.root = std::sqrt(std::max(0.0, cost - optimum_.cost) / search.rise);
    return point;
  };
  std::optional<Point> point = search.direction.empty() ? std::nullopt : solved(true);
  if (point && !thorough) return point;
  const std::optional<Point> other = solved(false);
  return !point || (other && other->root < point->root) ? other : point;
}

// Steps outwards from `inside` until a point is beyond the threshold. False: the end is open, or, with `edge` set, at
// the edge of the domain.
bool Profiler::bracket(const Search& search, double sign, Point& inside, Point& outside, bool& edge) {
  double step = inside.at > 0 ? 0.1 * inside.at : std::min(search.half, search.room);
  for (int i = 0, refused = 0; i < kSteps; ++i) {
    if (!(step > 0)) return false;
    const double distance = std::min(inside.at + step, search.room);
    std::optional<Point> point = evaluate(search, inside, distance, sign, false);
    // A refit that stops in a narrow valley looks like an end.
    if (point && point->root > 1) point = evaluate(search, inside, distance, sign, true);
    // Outside the domain of the law, or in another valley, where g went the other way: approach more slowly.
    if (!point || (point->root > 1 && point->at <= inside.at)) {
      edge = ++refused == 12;
      if (edge) return false;
      step *= 0.25;
      continue;
    }
    if (point->root >= 1) {
      outside = *point;
      return true;
    }
    const double moved = point->at - inside.at;
    if (moved < 0.02 * step || point->at >= search.room || std::abs(point->at) > kFarthestLog) return false;
    const double slope = (point->root - inside.root) / moved;
    const double next = slope > 0 ? 1.05 * (1 - point->root) / slope : 2 * step;
    inside = *point;
    step = std::clamp(next, 0.1 * inside.at, 1.5 * inside.at);
  }
  return false;
}

// The distance at which the root is 1, between `inside` and `outside`, by the Illinois method and bisection. Unset if the
// points next to `outside` are far below the threshold, so that `outside` was a refit that had lost the valley.
std::optional<double> Profiler::crossing(const Search& search, double sign, Point& inside, Point& outside) {
  // Between two points of an almost linear function, of which `near` is within kAccuracy of the end.
  const auto corrected = [](const Point& from, const Point& near) {
    const double rise = near.root - from.root;
    return near.at + (rise > 0 ? (1 - near.root) * (near.at - from.at) / rise : 0);
  };
  if (std::abs(outside.root - 1) < kAccuracy) return corrected(inside, outside);
  double below = inside.root - 1, above = outside.root - 1;
  for (int i = 0; i < 20; ++i) {
    const double width = outside.at - inside.at;
    if (width < 0.02 * outside.at && inside.root < 0.9) return std::nullopt;
    if (width < 1e-9 * std::abs(outside.at)) break;
    const double share = i < 8 ? std::clamp(-below / (above - below), 0.02, 0.98) : 0.5;
    const std::optional<Point> point = evaluate(search, inside, inside.at + share * width, sign, false);
    if (!point || (point->root > 1 && point->at <= inside.at)) {
      outside.at = inside.at + share * width;
      continue;
    }
    if (std::abs(point->root - 1) < kAccuracy) return corrected(inside, *point);
    if (point->root < 1) {
      if (point->at <= inside.at) break;
      inside = *point;
      below = inside.root - 1;
      above *= 0.6;
    } else {
      outside = *point;
      above = outside.root - 1;
      below *= 0.6;
    }
  }
  return inside.at;
}

std::optional<double> Profiler::end(const Search& search, double sign) {
  Point inside{0, 0, optimum_.parameters}, outside;
  for (int attempt = 0; attempt < 6; ++attempt) {
    bool edge = false;
    if (!bracket(search, sign, inside, outside, edge))
      return edge ? std::optional(search.centre + sign * inside.at) : std::nullopt;
    if (const std::optional<double> distance = crossing(search, sign, inside, outside))
      return search.centre + sign * *distance;
  }
  return search.centre + sign * outside.at;
}

Interval Profiler::both(Search& search) {
  Interval interval;
  if (!(search.rise > 0)) return {search.centre, search.centre};  // an exact fit
  const double lower = refitter_.lower()[search.coordinate], upper = refitter_.upper()[search.coordinate];
  search.room = search.g == nullptr ? search.centre - lower : base::kInfinity;
  interval.lo = end(search, -1);
  search.room = search.g == nullptr ? upper - search.centre : base::kInfinity;
  interval.hi = end(search, 1);
  return interval;
}

Interval Profiler::coordinate(std::size_t j) {
  std::vector<double> c(optimum_.parameters.size());
  c[j] = 1;
  const Calibration::Spread spread = calibration_.spread(c);
  Search search;
  search.coordinate = j;
  search.centre = optimum_.parameters[j];
  search.rise = calibration_.rise(spread, level_);
  const double half = spread.error * std::sqrt(2 * search.rise / calibration_.scale_square());
  search.half = std::isfinite(half) && half > 0 ? std::min(half, 3.0) : 0.1;
  if (!calibration_.gram().singular()) search.direction = calibration_.gram().direction(c);
  return both(search);
}

Interval Profiler::quantity(const Refitter::Quantity& g) {
  const std::vector<double> c = gradient(g);
  Search search;
  search.g = &g;
  search.centre = g(optimum_.parameters);
  const bool moves = std::any_of(c.begin(), c.end(), [](double x) { return x != 0; });
  if (!std::isfinite(search.centre) || !std::all_of(c.begin(), c.end(), [](double x) { return std::isfinite(x); }))
    return {};
  if (!moves) return {search.centre, search.centre};
  const Calibration::Spread spread = calibration_.spread(c);
  const double error = std::isfinite(spread.error) ? std::min(spread.error, 5.0) : 1.0;
  if (!(error > 0)) return {search.centre, search.centre};
  search.rise = calibration_.rise(spread, level_);
  search.half = error * std::sqrt(2 * search.rise / calibration_.scale_square());
  search.pull = kStiffness * calibration_.scale_square() / (error * error);
  if (!calibration_.gram().singular()) search.direction = calibration_.gram().direction(c);
  return both(search);
}

Interval Profiler::measurement(const Refitter::Quantity& g, double variance, double dof) {
  const std::vector<double> c = gradient(g);
  Search search;
  search.g = &g;
  search.pulled_is_measured = true;
  search.centre = g(optimum_.parameters);
  if (!std::isfinite(search.centre) || !std::all_of(c.begin(), c.end(), [](double x) { return std::isfinite(x); }))
    return {};
  const Calibration::Spread spread = calibration_.spread(c);
  const double error = std::isfinite(spread.error) ? spread.error * spread.error * spread.kappa : 1.0;
  const double total = error + variance;
  Calibration::Spread both_parts = spread;
  both_parts.dof = total / (error / spread.dof + variance / dof);
  search.rise = calibration_.rise(both_parts, level_);
  search.half = std::sqrt(total / spread.kappa * 2 * search.rise / calibration_.scale_square());
  search.pull = spread.kappa * calibration_.scale_square() / variance;
  // No direction: the parameters follow the new measurement by little where the law is well determined.
  return both(search);
}

}  // namespace phaselaw::fitting
