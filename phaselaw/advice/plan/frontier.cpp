// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/frontier.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <boost/math/interpolators/cubic_hermite.hpp>

#include "phaselaw/advice/plan/quantities.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/base/interrupt.h"

namespace phaselaw::advice {

namespace {

using base::kNaN;
constexpr std::size_t kFewest = 4;  // knots of the spline

std::vector<std::size_t> knots_among(std::size_t points, std::size_t knots) {
  std::vector<std::size_t> chosen;
  if (points <= std::max(knots, kFewest)) {
    for (std::size_t i = 0; i < points; ++i) chosen.push_back(i);
    return chosen;
  }
  for (std::size_t k = 0; k < knots; ++k) chosen.push_back((k * (points - 1) + (knots - 1) / 2) / (knots - 1));
  return chosen;
}

// Slopes at the points of the parabolas through three neighbours: exact where y is a parabola.
std::vector<double> parabola_slopes(const std::vector<double>& x, const std::vector<double>& y) {
  std::vector<double> slope(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t middle = std::clamp<std::size_t>(i, 1, x.size() - 2);
    const double left = x[middle] - x[middle - 1], right = x[middle + 1] - x[middle];
    const double before = (y[middle] - y[middle - 1]) / left, after = (y[middle + 1] - y[middle]) / right;
    const double curvature = (after - before) / (left + right);
    slope[i] = before + curvature * (left + 2 * (x[i] - x[middle]));
  }
  return slope;
}

// The distances at the knots, at every point; empty if one is not known.
std::vector<double> interpolated(std::span<const double> x, const std::vector<std::size_t>& knots,
                                 std::vector<double> distance) {
  for (double& at : distance) {
    if (!std::isfinite(at)) return {};
    at = std::max(0.0, at);
  }
  if (knots.size() == x.size()) return distance;
  std::vector<double> log_x, square;
  for (const std::size_t i : knots) log_x.push_back(std::log(x[i]));
  for (const double at : distance) square.push_back(at * at);
  const double first = log_x.front(), last = log_x.back();
  std::vector<double> slope = parabola_slopes(log_x, square);
  const boost::math::interpolators::cubic_hermite<std::vector<double>> spline(std::move(log_x), std::move(square),
                                                                              std::move(slope));
  std::vector<double> all;
  for (const double at : x) all.push_back(std::sqrt(std::max(0.0, spline(std::clamp(std::log(at), first, last)))));
  return all;
}

}  // namespace

std::vector<fitting::Estimate> with_band(std::string name, std::span<const double> x, std::span<const double> value,
                                         const IntervalAt& interval, std::size_t knots) {
  const std::vector<std::size_t> chosen = knots_among(x.size(), knots);
  std::vector<double> below, above;
  for (const std::size_t i : chosen) {
    base::throw_if_interrupted();
    const fitting::Estimate at = interval(i);
    below.push_back(at.lo ? std::log(value[i] / *at.lo) : kNaN);
    above.push_back(at.hi ? std::log(*at.hi / value[i]) : kNaN);
  }
  below = interpolated(x, chosen, std::move(below));
  above = interpolated(x, chosen, std::move(above));
  std::vector<fitting::Estimate> band;
  for (std::size_t i = 0; i < x.size(); ++i) {
    fitting::Estimate point{name, value[i], {}, {}, false, false};
    if (!below.empty()) point.lo = value[i] * std::exp(-below[i]);
    if (!above.empty()) point.hi = value[i] * std::exp(above[i]);
    point.identified = point.lo && point.hi;
    band.push_back(std::move(point));
  }
  return band;
}

fitting::Estimate decreasing(std::string name, const fitting::Estimate& estimate,
                             const std::function<double(double)>& f) {
  fitting::Estimate out = estimate;
  out.name = std::move(name);
  out.value = f(estimate.value);
  out.lo = estimate.hi ? std::optional<double>(f(*estimate.hi)) : std::nullopt;
  out.hi = estimate.lo ? std::optional<double>(f(*estimate.lo)) : std::nullopt;
  return out;
}

std::vector<FrontierPoint> frontier(const fitting::SavedFit& saved, const Situation& situation,
                                    const std::vector<double>& computes, std::size_t knots) {
  const Allocator allocator(saved.fit.law, situation);
  const fitting::Uncertainty uncertainty(saved);
  std::vector<double> n, loss;
  for (const double compute : computes) {
    const Allocation best = allocator.best(saved.fit.value, compute);
    n.push_back(size_at_edge(best.n_params, best.edge));
    loss.push_back(best.loss);
  }
  const auto losses = with_band(
      "loss", computes, loss,
      [&](std::size_t i) {
        return uncertainty.estimate("loss",
                                    [&](std::span<const double> p) { return allocator.best(p, computes[i]).loss; });
      },
      knots);
  const bool interior =
      allocator.chooses_sizes() && std::all_of(n.begin(), n.end(), [](double x) { return x > 0 && std::isfinite(x); });
  std::vector<fitting::Estimate> sizes(computes.size(), {"n_params", kNaN, {}, {}, false, false});
  if (interior)
    sizes = with_band(
        "n_params", computes, n,
        [&](std::size_t i) {
          return uncertainty.estimate("n_params", [&](std::span<const double> p) {
            const Allocation best = allocator.best(p, computes[i]);
            return size_at_edge(best.n_params, best.edge);
          });
        },
        knots);
  else if (allocator.has_sizes())  // held, whatever the parameters
    for (std::size_t i = 0; i < n.size(); ++i) sizes[i] = {"n_params", n[i], n[i], n[i], true, true};
  std::vector<FrontierPoint> points;
  for (std::size_t i = 0; i < computes.size(); ++i) {
    const double compute = computes[i];
    points.push_back({{"compute", compute, compute, compute, true, true},
                      sizes[i],
                      decreasing("tokens", sizes[i], [&](double size) { return allocator.tokens_for(size, compute); }),
                      losses[i]});
  }
  return points;
}

}  // namespace phaselaw::advice
