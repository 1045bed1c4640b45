// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/interval.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/bootstrap.h"
#include "phaselaw/fitting/delta_method.h"
#include "phaselaw/fitting/robust_scale.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

// Finds where the profile of coordinate j crosses `target`, going from the optimum in one direction; unset if the bound
// comes first. The square root of the rise is nearly linear in theta, so a scaled secant converges fast.
std::optional<double> profile_end(Refitter& refitter, const numerics::LeastSquaresResult& optimum, std::size_t j,
                                  double step, double target) {
  const double centre = optimum.parameters[j];
  const double bound = step > 0 ? refitter.upper()[j] : refitter.lower()[j];
  std::vector<double> start = optimum.parameters;
  double inside = 0, inside_root = 0, outside = 0, outside_root = 0;  // distances from the centre
  const double goal = std::sqrt(target - optimum.cost), room = std::abs(bound - centre);
  double distance = std::min(std::abs(step), room);
  bool bracketed = false;
  for (int i = 0; i < 60 && distance > 0; ++i) {
    start[j] = centre + std::copysign(distance, step);
    refitter.hold(j, start[j]);
    const numerics::LeastSquaresResult at = refitter.solve(start, 1e-7);
    refitter.release();
    const double root = std::sqrt(std::max(0.0, at.cost - optimum.cost));
    if (std::abs(root / goal - 1) < 1e-4) return centre + std::copysign(distance, step);
    if (root < goal) {
      if (distance >= room) return std::nullopt;
      inside = distance;
      inside_root = root;
      start = at.parameters;
    } else {
      outside = distance;
      outside_root = root;
      bracketed = true;
    }
    if (!bracketed) {
      distance = std::min(room, distance * std::clamp(root > 0 ? goal / root : 3.0, 1.1, 3.0));
      continue;
    }
    const double width = outside - inside;
    const double guess = inside + width * (goal - inside_root) / (outside_root - inside_root);
    distance = std::clamp(guess, inside + 0.05 * width, outside - 0.05 * width);
    if (width < 1e-9 * outside) return centre + std::copysign(inside, step);
  }
  return std::nullopt;
}

IntervalSet profile_intervals(Refitter& refitter, const numerics::LeastSquaresResult& optimum,
                              const FitOptions& options, const std::vector<Derived>& derived) {
  const std::size_t k = optimum.parameters.size();
  const double dof = static_cast<double>(refitter.active_rows() - k);
  const Covariance covariance = covariance_at(refitter, optimum.parameters);
  IntervalSet set;
  set.derived.resize(derived.size());
  for (std::size_t j = 0; j < k; ++j) set.coordinates.push_back(profile_interval(refitter, optimum, j, options.level));
  for (std::size_t d = 0; d < derived.size(); ++d) {
    const Derived& quantity = derived[d];
    if (quantity.coordinate < 0) {
      set.derived[d] = delta_interval(quantity, optimum.parameters, covariance, options.level, dof);
      continue;
    }
    const auto j = static_cast<std::size_t>(quantity.coordinate);
    const auto carry = [&](const std::optional<double>& end) -> std::optional<double> {
      if (!end) return std::nullopt;
      std::vector<double> theta = optimum.parameters;
      theta[j] = *end;
      return quantity.value(theta);
    };
    set.derived[d] = {carry(set.coordinates[j].lo), carry(set.coordinates[j].hi)};
  }
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

Interval profile_interval(Refitter& refitter, const numerics::LeastSquaresResult& optimum, std::size_t coordinate,
                          double level) {
  const double centre = optimum.parameters[coordinate];
  const double dof = static_cast<double>(refitter.active_rows() - optimum.parameters.size());
  const double target = optimum.cost + profile_rise(refitter, optimum.parameters, optimum.cost, level);
  if (!(target > optimum.cost)) return {centre, centre};  // an exact fit
  const double error = covariance_at(refitter, optimum.parameters).standard_error(coordinate);
  const double t = numerics::student_t_quantile((1 + level) / 2, dof);
  const double step = std::isfinite(error) && error > 0 ? t * error : 0.1;
  return {profile_end(refitter, optimum, coordinate, -step, target),
          profile_end(refitter, optimum, coordinate, step, target)};
}

std::vector<double> sandwich_root(const Refitter& refitter, std::span<const double> theta, const FitOptions& options) {
  const std::size_t k = theta.size();
  const Covariance covariance =
      sandwich_covariance(refitter, theta, groups_of(refitter.form().n_rows(), options.cluster));
  std::vector<double> root(covariance.entries.size());
  for (std::size_t i = 0; i < k && !root.empty(); ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      double rest = covariance.entries[i * k + j];
      for (std::size_t l = 0; l < j; ++l) rest -= root[i * k + l] * root[j * k + l];
      if (i == j && !(rest >= 0)) return {};
      root[i * k + j] = i == j ? std::sqrt(rest) : root[j * k + j] > 0 ? rest / root[j * k + j] : 0;
    }
  return root;
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
