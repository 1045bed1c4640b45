// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/interval.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/bootstrap.h"
#include "phaselaw/fitting/delta_method.h"
#include "phaselaw/fitting/profiler.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

IntervalSet profile_intervals(Refitter& refitter, const numerics::LeastSquaresResult& optimum,
                              const FitOptions& options, const std::vector<Derived>& derived) {
  const Calibration calibration(refitter, optimum.parameters, options);
  Profiler profiler(refitter, optimum, calibration, options.level);
  IntervalSet set;
  for (std::size_t j = 0; j < optimum.parameters.size(); ++j) set.coordinates.push_back(profiler.coordinate(j));
  for (const Derived& quantity : derived) {
    if (quantity.coordinate < 0) {
      set.derived.push_back(profile_of(profiler, quantity));
      continue;
    }
    const auto j = static_cast<std::size_t>(quantity.coordinate);
    const auto carry = [&](const std::optional<double>& end) -> std::optional<double> {
      if (!end) return std::nullopt;
      std::vector<double> theta = optimum.parameters;
      theta[j] = *end;
      return quantity.value(theta);
    };
    set.derived.push_back({carry(set.coordinates[j].lo), carry(set.coordinates[j].hi)});
  }
  if (profiler.better()) set.better = profiler.better()->parameters;
  return set;
}

IntervalSet sandwich_intervals(const Refitter& refitter, const numerics::LeastSquaresResult& optimum,
                               const FitOptions& options, const std::vector<Derived>& derived) {
  const std::size_t k = optimum.parameters.size();
  const auto groups = groups_of(refitter.form().n_rows(), options.cluster);
  const double dof =
      std::max(1.0, static_cast<double>(groups.size()) - (options.cluster.empty() ? static_cast<double>(k) : 1.0));
  const Covariance covariance = sandwich_covariance(refitter, optimum.parameters, groups);
  const double t = numerics::student_t_quantile((1 + options.level) / 2, dof);
  IntervalSet set;
  set.coordinates.resize(k);
  for (std::size_t j = 0; j < k; ++j) {
    const double half = t * covariance.standard_error(j);
    if (std::isfinite(half)) set.coordinates[j] = {optimum.parameters[j] - half, optimum.parameters[j] + half};
  }
  for (const Derived& quantity : derived)
    set.derived.push_back(delta_interval(quantity, optimum.parameters, covariance, options.level, dof));
  return set;
}

}  // namespace

Interval profile_of(Profiler& profiler, const Derived& quantity) {
  const Refitter::Quantity g = [&](std::span<const double> theta) {
    const double x = quantity.value(theta);
    return quantity.logarithmic ? std::log(x) : x;
  };
  Interval interval = profiler.quantity(g);
  if (quantity.logarithmic)
    for (auto* end : {&interval.lo, &interval.hi})
      if (*end) **end = std::exp(**end);
  return interval;
}

Interval sandwich_interval(const Refitter& refitter, std::span<const double> theta, const FitOptions& options,
                           const Derived& quantity, double dof) {
  const Covariance covariance =
      sandwich_covariance(refitter, theta, groups_of(refitter.form().n_rows(), options.cluster));
  return delta_interval(quantity, theta, covariance, options.level, dof);
}

std::size_t n_groups(std::size_t n_rows, const std::vector<std::string>& cluster) {
  return groups_of(n_rows, cluster).size();
}

double expanded_tail(double level, double n, double dof) {
  const double tail = numerics::normal_cdf(-std::sqrt(n / dof) * numerics::student_t_quantile((1 + level) / 2, dof));
  return std::min((1 - level) / 2, tail);
}

Interval residual_interval(std::vector<double> residuals, double level) {
  std::sort(residuals.begin(), residuals.end());
  const auto n = static_cast<double>(residuals.size());
  const double tail = (1 - level) / 2;
  double least = 0;  // how far it extends at least on either side
  if (tail * (n + 1) < 1) {
    double squares = 0;
    for (const double r : residuals) squares += r * r;
    least = numerics::student_t_quantile(1 - tail, std::max(1.0, n - 1)) * std::sqrt(squares / n);
  }
  // Type 6 lies at tail (n + 1), counted from 1; type 7, which the library provides, at 1 + tail (n - 1).
  const double p = n > 1 ? std::clamp((tail * (n + 1) - 1) / (n - 1), 0.0, 0.5) : 0.5;
  return {std::min(-least, numerics::quantile_of_sorted(residuals, p)),
          std::max(least, numerics::quantile_of_sorted(residuals, 1 - p))};
}

Interval residual_interval(const Refitter& refitter, std::span<const double> theta, double level) {
  std::vector<double> residuals = refitter.log_residuals(theta);
  const auto n = static_cast<double>(residuals.size()), k = static_cast<double>(theta.size());
  const double expansion = std::sqrt(n / std::max(1.0, n - k));
  for (double& r : residuals) r *= expansion;
  return residual_interval(std::move(residuals), level);
}

Interval new_run_interval(double value, const Interval& mean, const Interval& residual) {
  Interval run;
  if (mean.lo) run.lo = value * std::exp(-std::hypot(std::min(0.0, std::log(*mean.lo / value)), *residual.lo));
  if (mean.hi) run.hi = value * std::exp(std::hypot(std::max(0.0, std::log(*mean.hi / value)), *residual.hi));
  return run;
}

IntervalSet intervals(Refitter& refitter, const numerics::LeastSquaresResult& optimum, IntervalMethod method,
                      const FitOptions& options, const std::vector<Derived>& derived,
                      std::span<const std::vector<double>> starts) {
  PHASELAW_CHECK(method == IntervalMethod::bootstrap || method == IntervalMethod::bca ||
                 method == IntervalMethod::profile || method == IntervalMethod::sandwich);
  if (method == IntervalMethod::sandwich) return sandwich_intervals(refitter, optimum, options, derived);
  return method == IntervalMethod::profile ? profile_intervals(refitter, optimum, options, derived)
                                           : bootstrap_intervals(refitter, optimum, method, options, derived, starts);
}

}  // namespace phaselaw::fitting
