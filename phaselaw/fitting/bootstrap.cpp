// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/team.h"
#include "phaselaw/fitting/robust_scale.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

// All quantities at theta: the coordinates, then the derived quantities (as logarithms if they are logarithmic).
std::vector<double> quantities(std::span<const double> theta, const std::vector<Derived>& derived) {
  std::vector<double> values(theta.begin(), theta.end());
  for (const Derived& quantity : derived) {
    const double value = quantity.value(theta);
    values.push_back(quantity.logarithmic ? std::log(value) : value);
  }
  return values;
}

bool inside(const Refitter& refitter, std::size_t coordinate, double theta) {
  return theta > refitter.lower()[coordinate] && theta < refitter.upper()[coordinate];
}

// Smoothing of the residuals of a resample: r* = shrink (r + width z) with z standard normal.
struct Smoothing {
  std::vector<double> residual;  // residuals at the optimum, by row
  double width = 0, shrink = 1;
};

// Huber's loss is the absolute value smoothed by a uniform kernel of half width delta, so only the rest of the
// bandwidth is added. There is no smoothing if rows within clusters depend on each other, if an asymmetric loss has no
// median residual, or if a fit at a bound can move to one side only.
Smoothing smoothing_of(const Refitter& refitter, const numerics::LeastSquaresResult& optimum,
                       const FitOptions& options) {
  Smoothing smoothing;
  if (!options.cluster.empty() || options.objective == Objective::asymmetric) return smoothing;
  for (std::size_t j = 0; j < optimum.parameters.size(); ++j)
    if (!inside(refitter, j, optimum.parameters[j])) return smoothing;
  const RobustScale scale = robust_scale(refitter, optimum.parameters);
  const double delta = refitter.solver_options().delta;
  const double square = scale.bandwidth * scale.bandwidth - delta * delta / 3;
  if (!(square > 0)) return smoothing;
  smoothing.width = std::sqrt(square);
  smoothing.shrink = 1 / std::sqrt(1 + square / (scale.spread * scale.spread));
  smoothing.residual.resize(refitter.form().n_rows());
  refitter.residuals(optimum.parameters, smoothing.residual, {});
  return smoothing;
}

class Resampler {
 public:
  Resampler(Refitter& refitter, const numerics::LeastSquaresResult& optimum, const std::vector<Derived>& derived,
            std::span<const std::vector<double>> starts, const FitOptions& options, const Smoothing& smoothing)
      : refitter_(refitter),
        optimum_(optimum),
        derived_(derived),
        starts_(starts),
        groups_(groups_of(refitter.form().n_rows(), options.cluster)),
        weights_(refitter.form().n_rows()),
        smoothing_(smoothing) {}
  ~Resampler() { refitter_.reset_weights(); }
  Resampler(const Resampler&) = delete;
  Resampler& operator=(const Resampler&) = delete;

  std::size_t n_groups() const { return groups_.size(); }

  int checked() const { return checked_; }
  int improved() const { return improved_; }

  // The quantities of resample k; empty if it has too few distinct rows or did not converge.
  std::vector<double> draw(std::uint64_t seed, std::uint64_t k) {
    check_ = k % kCheckEvery == 0;
    numerics::RandomStream stream(seed, "bootstrap", k);
    std::fill(weights_.begin(), weights_.end(), 0.0);
    sample_.clear();
    for (std::size_t g = 0; g < groups_.size(); ++g)
      for (const std::size_t row : groups_[stream.below(groups_.size())]) {
        weights_[row] += 1;
        sample_.push_back(row);
      }
    refitter_.set_weights(weights_);
    if (refitter_.active_rows() <= optimum_.parameters.size()) return {};
    if (smoothing_.width > 0) {
      shift_.clear();
      for (const std::size_t row : sample_)
        shift_.push_back((smoothing_.shrink - 1) * smoothing_.residual[row] +
                         smoothing_.shrink * smoothing_.width * stream.normal());
      refitter_.set_sample(sample_, shift_);
    }
    return refit();
  }

  std::vector<double> leave_out(std::size_t group) {
    check_ = true;
    std::fill(weights_.begin(), weights_.end(), 1.0);
    for (const std::size_t row : groups_[group]) weights_[row] = 0;
    refitter_.set_weights(weights_);
    if (refitter_.active_rows() <= optimum_.parameters.size()) return {};
    return refit();
  }

 private:
  std::vector<double> refit() {
    numerics::LeastSquaresResult best = refitter_.solve(optimum_.parameters, kRefitTolerance, true);
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

  static constexpr double kRefitTolerance = 1e-6;  // an error of 1e-6 standard errors
  static constexpr double kLower = 1e-5;           // relative difference that means another optimum and not rounding
  static constexpr std::uint64_t kCheckEvery = 16;
  Refitter& refitter_;
  const numerics::LeastSquaresResult& optimum_;
  const std::vector<Derived>& derived_;
  std::span<const std::vector<double>> starts_;
  std::vector<std::vector<std::size_t>> groups_;
  std::vector<double> weights_, shift_;
  std::vector<std::size_t> sample_;
  const Smoothing& smoothing_;
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
                                           const Smoothing& smoothing, IntervalSet& set) {
  std::vector<std::vector<double>> draws(static_cast<std::size_t>(options.resamples));
  // A turn takes every stripes-th resample; all turns but the first have a refitter of their own. Threads that share the
  // rows of one refit leave none for others.
  const auto stripes =
      refitter.shares_rows()
          ? std::size_t{1}
          : std::min<std::size_t>(static_cast<std::size_t>(base::thread_count(options.threads)), draws.size());
  std::vector<int> checked(stripes), improved(stripes);
  const auto work = [&](Refitter& own, std::size_t stripe) {
    Resampler resampler(own, optimum, derived, starts, options, smoothing);
    for (std::size_t k = stripe; k < draws.size() && !base::interrupted(); k += stripes)
      draws[k] = resampler.draw(static_cast<std::uint64_t>(options.seed), k);
    checked[stripe] = resampler.checked();
    improved[stripe] = resampler.improved();
  };
  base::parallel_for(static_cast<std::int64_t>(stripes), options.threads, [&](std::int64_t stripe, int) {
    if (stripe == 0) return work(refitter, 0);
    Refitter own(refitter.form(), options);
    work(own, static_cast<std::size_t>(stripe));
  });
  base::throw_if_interrupted();
  set.checked = std::accumulate(checked.begin(), checked.end(), 0);
  set.improved = std::accumulate(improved.begin(), improved.end(), 0);
  return draws;
}

// Smoothing assumes that the fit moves little and linearly. Returns false if half of the refits end at a bound, or if a
// logarithmic coordinate ends at one or varies by more than kWidestRange.
bool determined(const std::vector<std::vector<double>>& draws, const Refitter& refitter, double level) {
  constexpr double kWidestRange = 4.605;  // a factor 100
  const auto& coordinates = refitter.form().coordinates();
  for (std::size_t j = 0; j < coordinates.size(); ++j) {
    std::vector<double> values;
    for (const auto& draw : draws)
      if (!draw.empty()) values.push_back(draw[j]);
    if (values.empty()) return true;
    std::sort(values.begin(), values.end());
    if (!inside(refitter, j, numerics::quantile_of_sorted(values, 0.5))) return false;
    if (!coordinates[j].logarithmic) continue;
    const double lo = numerics::quantile_of_sorted(values, (1 - level) / 2);
    const double hi = numerics::quantile_of_sorted(values, (1 + level) / 2);
    if (hi - lo > kWidestRange || !inside(refitter, j, lo) || !inside(refitter, j, hi)) return false;
  }
  return true;
}

// Refits to smoothed residuals scatter around the minimum of a smoother loss, which is a better estimate than the fit.
// Their spread describes the error of that estimate. All coordinates are shifted so that the median is the fit (all of
// them, because they depend on each other); a refit at a bound is not shifted.
void recentre(std::vector<std::vector<double>>& draws, const Refitter& refitter,
              const numerics::LeastSquaresResult& optimum, const std::vector<Derived>& derived) {
  const std::size_t k = optimum.parameters.size();
  std::erase_if(draws, [](const std::vector<double>& draw) { return draw.empty(); });
  if (draws.empty()) return;
  for (std::size_t j = 0; j < k; ++j) {
    std::vector<double> values;
    for (const auto& draw : draws) values.push_back(draw[j]);
    const double shift = optimum.parameters[j] - numerics::median(values);
    for (auto& draw : draws)
      if (inside(refitter, j, draw[j])) draw[j] = std::clamp(draw[j] + shift, refitter.lower()[j], refitter.upper()[j]);
  }
  for (auto& draw : draws) draw = quantities(std::span(draw).first(k), derived);
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
  const Smoothing smoothing = smoothing_of(refitter, optimum, options), none;
  Resampler resampler(refitter, optimum, derived, starts, options, none);
  if (resampler.n_groups() < 2) return set;
  std::vector<std::vector<double>> replicates(n_quantities), jackknife(n_quantities);
  const auto keep = [&](std::vector<std::vector<double>>& into, const std::vector<double>& values) {
    for (std::size_t q = 0; q < values.size(); ++q) into[q].push_back(values[q]);
  };
  set.attempted = static_cast<int>(options.resamples);
  auto draws = all_draws(refitter, optimum, derived, starts, options, smoothing, set);
  if (smoothing.width > 0 && determined(draws, refitter, options.level))
    recentre(draws, refitter, optimum, derived);
  else if (smoothing.width > 0)
    draws = all_draws(refitter, optimum, derived, starts, options, none, set);
  for (const auto& values : draws) {
    keep(replicates, values);
    if (!values.empty()) set.replicates.insert(set.replicates.end(), values.begin(), values.begin() + kept_coordinates);
  }
  set.resamples = static_cast<int>(replicates.front().size());
  if (2 * set.resamples < set.attempted) return set;  // the resamples that converge are not representative
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

}  // namespace phaselaw::fitting
