// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/interval.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <tuple>

#include "phaselaw/base/errors.h"
#include "phaselaw/laws/delta_method.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::laws {

namespace {

// Rows grouped into what is drawn together: single rows, or the runs.
std::vector<std::vector<std::size_t>> groups_of(std::size_t n_rows, const std::vector<std::string>& cluster) {
  std::vector<std::vector<std::size_t>> groups;
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < n_rows; ++i) {
    if (cluster.empty()) {
      groups.push_back({i});
      continue;
    }
    const auto [at, is_new] = seen.try_emplace(cluster[i], groups.size());
    if (is_new) groups.emplace_back();
    groups[at->second].push_back(i);
  }
  return groups;
}

// Every quantity at theta: the coordinates, then the derived (logarithms where they are logarithmic).
std::vector<double> quantities(std::span<const double> theta, const std::vector<Derived>& derived) {
  std::vector<double> values(theta.begin(), theta.end());
  for (const Derived& quantity : derived) {
    const double value = quantity.value(theta);
    values.push_back(quantity.logarithmic ? std::log(value) : value);
  }
  return values;
}

class Resampler {
 public:
  Resampler(Refitter& refitter, const numerics::LeastSquaresResult& optimum, const std::vector<Derived>& derived,
            std::span<const std::vector<double>> starts, const FitOptions& options)
      : refitter_(refitter),
        optimum_(optimum),
        derived_(derived),
        starts_(starts),
        groups_(groups_of(refitter.data().n_rows(), options.cluster)),
        weights_(refitter.data().n_rows()) {}
  ~Resampler() { refitter_.reset_weights(); }
  Resampler(const Resampler&) = delete;
  Resampler& operator=(const Resampler&) = delete;

  std::size_t n_groups() const { return groups_.size(); }

  // The quantities of resample k; empty when it has too few distinct rows or did not converge.
  std::vector<double> draw(std::uint64_t seed, std::uint64_t k) {
    numerics::RandomStream stream(seed, "bootstrap", k);
    std::fill(weights_.begin(), weights_.end(), 0.0);
    for (std::size_t g = 0; g < groups_.size(); ++g)
      for (const std::size_t row : groups_[stream.below(groups_.size())]) weights_[row] += 1;
    return refit();
  }

  std::vector<double> leave_out(std::size_t group) {
    std::fill(weights_.begin(), weights_.end(), 1.0);
    for (const std::size_t row : groups_[group]) weights_[row] = 0;
    return refit();
  }

 private:
  std::vector<double> refit() {
    refitter_.set_weights(weights_);
    if (refitter_.active_rows() <= optimum_.parameters.size()) return {};
    numerics::LeastSquaresResult best = refitter_.solve(optimum_.parameters, kRefitTolerance);
    for (const auto& start : starts_) {
      numerics::LeastSquaresResult other = refitter_.solve(start, kRefitTolerance);
      if (other.status == numerics::LeastSquaresStatus::converged &&
          (other.cost < best.cost || best.status != numerics::LeastSquaresStatus::converged))
        best = std::move(other);
    }
    if (best.status != numerics::LeastSquaresStatus::converged) return {};
    return quantities(best.parameters, derived_);
  }

  static constexpr double kRefitTolerance = 1e-6;  // an error of 1e-6 of a standard error
  Refitter& refitter_;
  const numerics::LeastSquaresResult& optimum_;
  const std::vector<Derived>& derived_;
  std::span<const std::vector<double>> starts_;
  std::vector<std::vector<std::size_t>> groups_;
  std::vector<double> weights_;
};

// The probabilities at which BCa reads the bootstrap distribution.
std::pair<double, double> bca_levels(const std::vector<double>& sorted, double estimate,
                                     const std::vector<double>& jackknife, double tail) {
  const double n = static_cast<double>(sorted.size());
  const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), estimate);
  const double below = static_cast<double>(first - sorted.begin()) + 0.5 * static_cast<double>(last - first);
  const double bias = numerics::normal_quantile(std::clamp(below / n, 0.5 / n, 1 - 0.5 / n));
  const double centre = numerics::mean(jackknife);
  double square = 0, cube = 0;
  for (const double x : jackknife) {
    square += (centre - x) * (centre - x);
    cube += (centre - x) * (centre - x) * (centre - x);
  }
  const double acceleration = square > 0 ? cube / (6 * std::pow(square, 1.5)) : 0;
  const auto corrected = [&](double p) {
    const double z = bias + numerics::normal_quantile(std::clamp(p, 1e-12, 1 - 1e-12));
    return numerics::normal_cdf(bias + z / (1 - acceleration * z));
  };
  return {corrected(tail), corrected(1 - tail)};
}

IntervalSet bootstrap_intervals(Refitter& refitter, const numerics::LeastSquaresResult& optimum, IntervalMethod method,
                                const FitOptions& options, const std::vector<Derived>& derived,
                                std::span<const std::vector<double>> starts) {
  const std::size_t k = optimum.parameters.size(), n_quantities = k + derived.size();
  IntervalSet set;
  set.coordinates.resize(k);
  set.derived.resize(derived.size());
  Resampler resampler(refitter, optimum, derived, starts, options);
  if (resampler.n_groups() < 2) return set;
  std::vector<std::vector<double>> replicates(n_quantities), jackknife(n_quantities);
  const auto keep = [&](std::vector<std::vector<double>>& into, const std::vector<double>& values) {
    for (std::size_t q = 0; q < values.size(); ++q) into[q].push_back(values[q]);
  };
  for (set.attempted = 0; set.attempted < options.resamples; ++set.attempted)
    keep(replicates, resampler.draw(options.seed, static_cast<std::uint64_t>(set.attempted)));
  set.resamples = static_cast<int>(replicates.front().size());
  if (2 * set.resamples < set.attempted) return set;  // what converges is not representative
  if (method == IntervalMethod::bca)
    for (std::size_t g = 0; g < resampler.n_groups(); ++g) keep(jackknife, resampler.leave_out(g));

  const double n = static_cast<double>(resampler.n_groups());
  const double dof = options.cluster.empty() ? n - static_cast<double>(k) : n - 1;
  const double tail = expanded_tail(options.level, n, dof);
  const std::vector<double> estimate = quantities(optimum.parameters, derived);
  for (std::size_t q = 0; q < n_quantities; ++q) {
    auto& sorted = replicates[q];
    if (!std::all_of(sorted.begin(), sorted.end(), [](double x) { return std::isfinite(x); })) continue;
    std::sort(sorted.begin(), sorted.end());
    double p_lo = tail, p_hi = 1 - tail;
    if (method == IntervalMethod::bca && jackknife[q].size() >= 2)
      std::tie(p_lo, p_hi) = bca_levels(sorted, estimate[q], jackknife[q], tail);
    Interval& interval = q < k ? set.coordinates[q] : set.derived[q - k];
    interval = {numerics::quantile_of_sorted(sorted, p_lo), numerics::quantile_of_sorted(sorted, p_hi)};
    if (q >= k && derived[q - k].logarithmic) interval = {std::exp(*interval.lo), std::exp(*interval.hi)};
  }
  return set;
}

// Where the profile of coordinate j crosses `target`, going out from the optimum in one direction; unset when the bound
// comes first. The square root of the rise is nearly linear in theta, which makes a scaled secant converge fast.
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
  const std::size_t k = optimum.parameters.size(), n = refitter.active_rows();
  const double dof = static_cast<double>(n - k);
  const double target = optimum.cost * (1 + numerics::f_quantile(options.level, 1, dof) / dof);
  const Covariance covariance = covariance_at(refitter, optimum.parameters);
  IntervalSet set;
  set.coordinates.resize(k);
  set.derived.resize(derived.size());
  if (!(target > optimum.cost)) {  // an exact fit: every interval is its value
    for (std::size_t j = 0; j < k; ++j) set.coordinates[j] = {optimum.parameters[j], optimum.parameters[j]};
  } else {
    const double t = numerics::student_t_quantile((1 + options.level) / 2, dof);
    for (std::size_t j = 0; j < k; ++j) {
      const double error = covariance.standard_error(j);
      const double step = std::isfinite(error) && error > 0 ? t * error : 0.1;
      set.coordinates[j].lo = profile_end(refitter, optimum, j, -step, target);
      set.coordinates[j].hi = profile_end(refitter, optimum, j, step, target);
    }
  }
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

}  // namespace

double expanded_tail(double level, double n, double dof) {
  const double tail = numerics::normal_cdf(-std::sqrt(n / dof) * numerics::student_t_quantile((1 + level) / 2, dof));
  return std::min((1 - level) / 2, tail);
}

IntervalSet intervals(Refitter& refitter, const numerics::LeastSquaresResult& optimum, IntervalMethod method,
                      const FitOptions& options, const std::vector<Derived>& derived,
                      std::span<const std::vector<double>> starts) {
  PHASELAW_CHECK(method == IntervalMethod::bootstrap || method == IntervalMethod::bca ||
                 method == IntervalMethod::profile);
  return method == IntervalMethod::profile ? profile_intervals(refitter, optimum, options, derived)
                                           : bootstrap_intervals(refitter, optimum, method, options, derived, starts);
}

}  // namespace phaselaw::laws
