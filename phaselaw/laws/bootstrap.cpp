// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <thread>
#include <tuple>

#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::laws {

namespace {

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

  int checked() const { return checked_; }
  int improved() const { return improved_; }

  // The quantities of resample k; empty when it has too few distinct rows or did not converge.
  std::vector<double> draw(std::uint64_t seed, std::uint64_t k) {
    check_ = refitter_.form().grid_points() == 0 || k % kCheckEvery == 0;
    numerics::RandomStream stream(seed, "bootstrap", k);
    std::fill(weights_.begin(), weights_.end(), 0.0);
    for (std::size_t g = 0; g < groups_.size(); ++g)
      for (const std::size_t row : groups_[stream.below(groups_.size())]) weights_[row] += 1;
    return refit();
  }

  std::vector<double> leave_out(std::size_t group) {
    check_ = true;
    std::fill(weights_.begin(), weights_.end(), 1.0);
    for (const std::size_t row : groups_[group]) weights_[row] = 0;
    return refit();
  }

 private:
  std::vector<double> refit() {
    refitter_.set_weights(weights_);
    if (refitter_.active_rows() <= optimum_.parameters.size()) return {};
    const bool warm = refitter_.form().grid_points() > 0;
    numerics::LeastSquaresResult best = refitter_.solve(optimum_.parameters, kRefitTolerance, warm);
    const bool converged = best.status == numerics::LeastSquaresStatus::converged;
    if (check_ || !converged) {
      ++checked_;
      const double first = best.cost;
      for (const auto& start : starts_) {
        numerics::LeastSquaresResult other = refitter_.solve(start, kRefitTolerance);
        if (other.status == numerics::LeastSquaresStatus::converged &&
            (other.cost < best.cost || best.status != numerics::LeastSquaresStatus::converged))
          best = std::move(other);
      }
      if (converged && best.cost < first * (1 - kLower)) ++improved_;
    }
    if (best.status != numerics::LeastSquaresStatus::converged) return {};
    return quantities(best.parameters, derived_);
  }

  static constexpr double kRefitTolerance = 1e-6;  // an error of 1e-6 of a standard error
  static constexpr double kLower = 1e-5;           // relative: another optimum, not rounding
  static constexpr std::uint64_t kCheckEvery = 16;
  Refitter& refitter_;
  const numerics::LeastSquaresResult& optimum_;
  const std::vector<Derived>& derived_;
  std::span<const std::vector<double>> starts_;
  std::vector<std::vector<std::size_t>> groups_;
  std::vector<double> weights_;
  bool check_ = true;
  int checked_ = 0, improved_ = 0;
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

// The quantities of every resample, in order.
std::vector<std::vector<double>> all_draws(Refitter& refitter, const numerics::LeastSquaresResult& optimum,
                                           const std::vector<Derived>& derived,
                                           std::span<const std::vector<double>> starts, const FitOptions& options,
                                           IntervalSet& set) {
  std::vector<std::vector<double>> draws(static_cast<std::size_t>(options.resamples));
  const auto threads = std::min<std::size_t>(static_cast<std::size_t>(options.threads), draws.size());
  std::vector<int> checked(threads), improved(threads);
  const auto work = [&](Refitter& own, std::size_t thread) {
    Resampler resampler(own, optimum, derived, starts, options);
    for (std::size_t k = thread; k < draws.size(); k += threads) draws[k] = resampler.draw(options.seed, k);
    checked[thread] = resampler.checked();
    improved[thread] = resampler.improved();
  };
  {
    std::vector<std::jthread> helpers;
    for (std::size_t thread = 1; thread < threads; ++thread)
      helpers.emplace_back([&, thread] {
        Refitter own(refitter.form(), refitter.data(), options);
        work(own, thread);
      });
    work(refitter, 0);
  }
  set.checked = std::accumulate(checked.begin(), checked.end(), 0);
  set.improved = std::accumulate(improved.begin(), improved.end(), 0);
  return draws;
}

}  // namespace

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

IntervalSet bootstrap_intervals(Refitter& refitter, const numerics::LeastSquaresResult& optimum, IntervalMethod method,
                                const FitOptions& options, const std::vector<Derived>& derived,
                                std::span<const std::vector<double>> starts) {
  const std::size_t k = optimum.parameters.size(), n_quantities = k + derived.size();
  const auto kept_coordinates = static_cast<std::ptrdiff_t>(k);
  IntervalSet set;
  set.coordinates.resize(k);
  set.derived.resize(derived.size());
  Resampler resampler(refitter, optimum, derived, starts, options);
  if (resampler.n_groups() < 2) return set;
  std::vector<std::vector<double>> replicates(n_quantities), jackknife(n_quantities);
  const auto keep = [&](std::vector<std::vector<double>>& into, const std::vector<double>& values) {
    for (std::size_t q = 0; q < values.size(); ++q) into[q].push_back(values[q]);
  };
  set.attempted = options.resamples;
  for (const auto& values : all_draws(refitter, optimum, derived, starts, options, set)) {
    keep(replicates, values);
    if (!values.empty()) set.replicates.insert(set.replicates.end(), values.begin(), values.begin() + kept_coordinates);
  }
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

}  // namespace phaselaw::laws
