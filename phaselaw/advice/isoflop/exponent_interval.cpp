// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/isoflop/exponent_interval.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

double quantile_with(std::vector<double> draws, double unknown, double p) {
  for (double& x : draws)
    if (std::isnan(x)) x = unknown;
  std::sort(draws.begin(), draws.end());
  return numerics::quantile_of_sorted(draws, p);
}

// The weights l_b of the least-squares slope: a = sum_b l_b ln N*_b.
std::vector<double> slope_weights(std::span<const double> x) {
  const double mean = numerics::mean(x);
  double squares = 0;
  for (const double at : x) squares += (at - mean) * (at - mean);
  std::vector<double> weights;
  for (const double at : x) weights.push_back((at - mean) / squares);
  return weights;
}

// Half the distance between the quantiles at one standard deviation, squared.
double spread_squared(std::vector<double> draws) {
  std::erase_if(draws, [](double x) { return !std::isfinite(x); });
  if (draws.size() < 2) return base::kNaN;
  std::sort(draws.begin(), draws.end());
  const double half = 0.5 * (numerics::quantile_of_sorted(draws, numerics::normal_cdf(1)) -
                             numerics::quantile_of_sorted(draws, numerics::normal_cdf(-1)));
  return half * half;
}

// sum_b r_b^2/v_b about the line with weights 1/v_b.
double weighted_squares(std::span<const double> x, std::span<const double> y, const std::vector<double>& v) {
  double w = 0, wx = 0, wy = 0, xx = 0, xy = 0, rest = 0;
  for (std::size_t b = 0; b < v.size(); ++b) {
    w += 1 / v[b];
    wx += x[b] / v[b];
    wy += y[b] / v[b];
  }
  for (std::size_t b = 0; b < v.size(); ++b) {
    xx += (x[b] - wx / w) * (x[b] - wx / w) / v[b];
    xy += (x[b] - wx / w) * (y[b] - wy / w) / v[b];
  }
  for (std::size_t b = 0; b < v.size(); ++b) {
    const double r = y[b] - wy / w - xy / xx * (x[b] - wx / w);
    rest += r * r / v[b];
  }
  return rest;
}

// The slope of the shifts of each draw over the budgets that it has; NaN with fewer than two.
std::vector<double> slope_draws(std::span<const double> x, std::span<const std::vector<double>> shifts) {
  std::vector<double> draws;
  std::vector<double> at, shift;
  for (std::size_t k = 0; k < shifts.front().size(); ++k) {
    at.clear();
    shift.clear();
    for (std::size_t b = 0; b < shifts.size(); ++b) {
      if (!std::isfinite(shifts[b][k])) continue;
      at.push_back(x[b]);
      shift.push_back(shifts[b][k]);
    }
    draws.push_back(at.size() < 2 ? base::kNaN : numerics::least_squares_line(at, shift).slope);
  }
  return draws;
}

// Degrees of freedom of sum_b l_b^2 v_b: the common ones, or Satterthwaite's.
double effective_freedom(std::span<const double> x, const std::vector<double>& v, std::span<const double> freedom) {
  if (std::all_of(freedom.begin(), freedom.end(), [&](double f) { return f == freedom.front(); }))
    return freedom.front();
  const std::vector<double> weight = slope_weights(x);
  double total = 0, squares = 0;
  for (std::size_t b = 0; b < v.size(); ++b) {
    const double part = weight[b] * weight[b] * v[b];
    total += part;
    squares += part * part / freedom[b];
  }
  return squares > 0 ? total * total / squares : *std::min_element(freedom.begin(), freedom.end());
}

void widen(ExponentInterval& interval, const ExponentInterval& other) {
  if (interval.lo && other.lo) interval.lo = std::min(*interval.lo, *other.lo);
  if (interval.hi && other.hi) interval.hi = std::max(*interval.hi, *other.hi);
}

}  // namespace

double student_expansion(double level, double dof) {
  const double p = 0.5 + level / 2;
  return numerics::student_t_quantile(p, dof) / numerics::normal_quantile(p);
}

Ends ends_of(std::vector<double> draws, double level, double expansion) {
  if (draws.empty()) return {{}, {}, 1};
  const auto unknown = std::count_if(draws.begin(), draws.end(), [](double x) { return std::isnan(x); });
  Ends ends;
  ends.missing = static_cast<double>(unknown) / static_cast<double>(draws.size());
  const double lo = quantile_with(draws, -base::kInfinity, (1 - level) / 2);
  const double hi = quantile_with(std::move(draws), base::kInfinity, (1 + level) / 2);
  if (std::isfinite(lo)) ends.lo = expansion * lo;
  if (std::isfinite(hi)) ends.hi = expansion * hi;
  return ends;
}

ExponentInterval line_interval(std::span<const double> log_compute, std::span<const double> log_size, double level) {
  const numerics::Line line = numerics::least_squares_line(log_compute, log_size);
  ExponentInterval out;
  out.value = line.slope;
  out.scatter = base::kNaN;
  if (line.points < 3) {
    out.why = "two budgets do not show their scatter about a line";
    return out;
  }
  out.dof = static_cast<double>(line.points) - 2;
  const double half = (line.hi - line.lo) / 2 * numerics::student_t_quantile(0.5 + level / 2, out.dof) /
                      numerics::student_t_quantile(0.975, out.dof);
  out.lo = line.slope - half;
  out.hi = line.slope + half;
  out.from_scatter = true;
  return out;
}

ExponentInterval exponent_interval(std::span<const double> log_compute, std::span<const double> log_size,
                                   std::span<const std::vector<double>> shifts, std::span<const double> freedom,
                                   double level) {
  if (shifts.empty() || shifts.front().empty()) return line_interval(log_compute, log_size, level);
  const double lines = static_cast<double>(log_compute.size()) - 2;
  ExponentInterval out;
  out.value = numerics::least_squares_line(log_compute, log_size).slope;
  std::vector<double> v;
  for (const std::vector<double>& shift : shifts) v.push_back(spread_squared(shift));
  const double noise_dof = effective_freedom(log_compute, v, freedom);
  const bool known = std::all_of(v.begin(), v.end(), [](double x) { return x > 0; });  // false without any noise
  out.scatter = lines > 0 && known ? weighted_squares(log_compute, log_size, v) / lines : base::kNaN;
  out.from_scatter = lines > 0 && (!known || out.scatter > numerics::f_quantile(kScatterLevel, lines, noise_dof));
  const bool pooled = lines > 0 && !out.from_scatter;
  out.dof = pooled ? noise_dof + lines : noise_dof;
  const double ratio = pooled ? (noise_dof + lines * out.scatter) / out.dof : 1;
  const Ends ends =
      ends_of(slope_draws(log_compute, shifts), level, std::sqrt(ratio) * student_expansion(level, out.dof));
  if (ends.lo) out.lo = out.value + *ends.lo;
  if (ends.hi) out.hi = out.value + *ends.hi;
  if (!ends.lo || !ends.hi)
    out.why = fmt::format("{} of the draws have a minimum inside the sizes at fewer than two budgets",
                          base::format_percent(ends.missing));
  if (out.from_scatter) {
    const ExponentInterval line = line_interval(log_compute, log_size, level);
    out.dof = line.dof;
    widen(out, line);
  }
  return out;
}

}  // namespace phaselaw::advice
