// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/envelope.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/team.h"
#include "phaselaw/fitting/bootstrap.h"
#include "phaselaw/fitting/identify.h"
#include "phaselaw/fitting/interval.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

// The rows of `order` that lie on the envelope; `order` is sorted by compute.
std::vector<std::size_t> lowest_so_far(std::span<const std::size_t> order, std::span<const double> loss) {
  std::vector<std::size_t> rows;
  for (const std::size_t row : order)
    if (rows.empty() || loss[row] < loss[rows.back()]) rows.push_back(row);
  return rows;
}

// Sorts by compute, then by loss, then by row number.
std::vector<std::size_t> by_compute(std::span<const double> compute, std::span<const double> loss) {
  std::vector<std::size_t> order(compute.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return compute[a] != compute[b] ? compute[a] < compute[b] : loss[a] < loss[b];
  });
  return order;
}

// Draws the same number of rows in blocks of neighbours, with replacement.
std::vector<std::size_t> draw_blocks(const std::vector<std::size_t>& rows, numerics::RandomStream& stream) {
  const auto length = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(rows.size()))));
  std::vector<std::size_t> drawn;
  while (drawn.size() < rows.size()) {
    const std::size_t start = stream.below(rows.size() - length + 1);
    for (std::size_t i = start; i < start + length && drawn.size() < rows.size(); ++i) drawn.push_back(rows[i]);
  }
  return drawn;
}

void check_options(const FitOptions& options) {
  const bool resamples = options.interval == IntervalMethod::automatic ||
                         options.interval == IntervalMethod::bootstrap || options.interval == IntervalMethod::none;
  if (!resamples)
    throw base::InputError({"--interval"},
                           fmt::format("the envelope has only bootstrap intervals, which resample whole runs; found {}",
                                       base::enum_name(options.interval)));
  const char* flag = !options.weights.empty() ? "--weights" : !options.sd.empty() ? "--sd" : "--cluster";
  if (!options.weights.empty() || !options.sd.empty() || !options.cluster.empty())
    throw base::InputError({flag}, "the rows of an envelope are minima over runs and have none; omit it");
}

// Fits to the envelopes of resampled runs, in the coordinates of `own`, the form fitted to the envelope itself.
class RunResampler {
 public:
  RunResampler(const laws::Law& law, const tables::Measurements& data, const std::vector<std::string>& run,
               const std::vector<double>& compute, const LawForm& own, const FitOptions& options)
      : data_(data), form_(law, data, options.fix), options_(options) {
    form_.take_coordinates(own);
    order_ = by_compute(compute, data.output);
    std::map<std::string, std::size_t> index;
    for (const std::string& name : run) run_of_.push_back(index.emplace(name, index.size()).first->second);
    n_runs_ = index.size();
  }

  // theta of resample k; empty if it has too few rows or did not converge.
  std::vector<double> draw(std::uint64_t k, const std::vector<double>& optimum,
                           const std::vector<std::vector<double>>& starts, Refitter& refitter) const {
    numerics::RandomStream stream(static_cast<std::uint64_t>(options_.seed), "envelope bootstrap", k);
    std::vector<bool> drawn(n_runs_, false);
    for (std::size_t i = 0; i < n_runs_; ++i) drawn[stream.below(n_runs_)] = true;
    std::vector<std::size_t> kept;
    for (const std::size_t row : order_)
      if (drawn[run_of_[row]]) kept.push_back(row);
    const std::vector<std::size_t> envelope = lowest_so_far(kept, data_.output);
    refitter.set_sample(draw_blocks(envelope, stream), {});
    numerics::LeastSquaresResult best = refitter.solve(optimum, kTolerance);
    for (const auto& start : starts) {
      numerics::LeastSquaresResult other = refitter.solve(start, kTolerance);
      const bool converged = best.status == numerics::LeastSquaresStatus::converged;
      if (other.status == numerics::LeastSquaresStatus::converged && (!converged || other.cost < best.cost))
        best = std::move(other);
    }
    if (best.status != numerics::LeastSquaresStatus::converged) return {};
    return best.parameters;
  }

  [[nodiscard]] const LawForm& form() const { return form_; }
  [[nodiscard]] std::size_t n_runs() const { return n_runs_; }

 private:
  static constexpr double kTolerance = 1e-7;
  const tables::Measurements& data_;
  LawForm form_;
  const FitOptions& options_;
  std::vector<std::size_t> order_, run_of_;
  std::size_t n_runs_ = 0;
};

std::vector<std::vector<double>> all_draws(const RunResampler& resampler, const Fit& fit,
                                           const std::vector<std::vector<double>>& starts, const FitOptions& options) {
  std::vector<std::vector<double>> draws(static_cast<std::size_t>(options.resamples));
  FitOptions plain = options;
  plain.starts.clear();
  std::vector<std::unique_ptr<Refitter>> refitters(
      static_cast<std::size_t>(base::thread_count(options.threads)));  // by member
  base::parallel_for(options.resamples, options.threads, [&](std::int64_t k, int member) {
    if (base::interrupted()) return;
    auto& own = refitters[static_cast<std::size_t>(member)];
    if (!own) own = std::make_unique<Refitter>(resampler.form(), plain);
    draws[static_cast<std::size_t>(k)] = resampler.draw(static_cast<std::uint64_t>(k), fit.theta, starts, *own);
  });
  base::throw_if_interrupted();
  return draws;
}

// Percentiles of the draws, as intervals of the coordinates and derived quantities.
IntervalSet intervals_of(const std::vector<std::vector<double>>& draws, const LawForm& own,
                         const std::vector<Derived>& derived, double tail) {
  IntervalSet set;
  set.attempted = static_cast<int>(draws.size());
  const auto ends = [&](const std::function<double(std::span<const double>)>& quantity) -> Interval {
    std::vector<double> values;
    for (const auto& theta : draws)
      if (!theta.empty()) values.push_back(quantity(theta));
    std::sort(values.begin(), values.end());
    if (values.empty() || !std::isfinite(values.front()) || !std::isfinite(values.back())) return {};
    return {numerics::quantile_of_sorted(values, tail), numerics::quantile_of_sorted(values, 1 - tail)};
  };
  for (const auto& theta : draws) {
    if (theta.empty()) continue;
    ++set.resamples;
    set.replicates.insert(set.replicates.end(), theta.begin(), theta.end());
  }
  for (std::size_t j = 0; j < own.coordinates().size(); ++j)
    set.coordinates.push_back(ends([j](std::span<const double> theta) { return theta[j]; }));
  for (const Derived& quantity : derived) set.derived.push_back(ends(quantity.value));
  return set;
}

}  // namespace

std::vector<std::size_t> envelope_rows(std::span<const double> compute, std::span<const double> loss) {
  if (compute.size() != loss.size())
    throw base::InputError(
        fmt::format("expected as many losses as computes, found {} and {}", loss.size(), compute.size()));
  if (compute.empty()) throw base::InputError("expected rows with compute and loss, found none");
  for (std::size_t i = 0; i < compute.size(); ++i)
    for (const auto& [x, name] : {std::pair(compute[i], "compute"), std::pair(loss[i], "loss")})
      if (!(x > 0) || std::isinf(x))
        throw base::InputError(fmt::format("row {}: expected a positive finite {}, found {}", i + 1, name, x));
  return lowest_so_far(by_compute(compute, loss), loss);
}

EnvelopeFit fit_envelope(const laws::Law& law, const tables::Measurements& data, const std::vector<std::string>& run,
                         const FitOptions& options) {
  options.validate();
  check_options(options);
  if (run.size() != data.output.size())
    throw base::InputError(
        fmt::format("expected a run for each of the {} rows, found {}", data.output.size(), run.size()));
  const std::vector<double> compute = data.columns.get("compute");
  EnvelopeFit result;
  result.rows = envelope_rows(compute, data.output);
  const tables::Measurements envelope = data.rows(result.rows);
  FitOptions plain = options;
  plain.interval = IntervalMethod::none;
  Fit& fit = result.fit;
  fit = fit_law(law, envelope, plain);
  if (fit.theta.empty() || options.interval == IntervalMethod::none) return result;
  fit.method = IntervalMethod::bootstrap;
  fit.clustered = true;
  const LawForm own(law, envelope, options.fix, options.starts);
  const RunResampler resampler(law, data, run, compute, own, options);
  if (resampler.n_runs() < 2 || !fit.convergence.certified) {
    fit.warnings.emplace_back("there are no intervals, because they need a certified fit and at least two runs");
    for (auto* list : {&fit.parameters, &fit.derived})
      for (Estimate& estimate : *list) estimate.identified = estimate.fixed;
    return result;
  }
  std::vector<std::vector<double>> starts = own.starts();
  starts.resize(std::min<std::size_t>(starts.size(), 2));
  const auto draws = all_draws(resampler, fit, starts, options);
  const auto runs = static_cast<double>(resampler.n_runs());
  const double tail = expanded_tail(options.level, runs, runs - 1);
  IntervalSet set = intervals_of(draws, own, own.derived(), tail);
  fit.resamples = set.resamples;
  if (10 * set.resamples < 9 * set.attempted)
    fit.warnings.push_back(
        fmt::format("only {} of {} resamples could be fitted, so the intervals are unreliable; add runs", set.resamples,
                    set.attempted));
  const bool usable = 2 * set.resamples >= set.attempted;
  fit.parameters.clear();
  fit.derived.clear();
  std::vector<std::string> earlier = std::move(fit.warnings);
  fit.warnings.clear();
  add_estimates(own, usable ? &set : nullptr, true, fit);
  if (usable) set.derived = intervals_of(draws, own, terms_at_centre(own), tail).derived;
  judge_identifiability(own, plain, usable ? &set : nullptr, fit);
  for (std::string& warning : earlier)
    if (std::find(fit.warnings.begin(), fit.warnings.end(), warning) == fit.warnings.end())
      fit.warnings.push_back(std::move(warning));
  fit.replicates = std::move(set.replicates);
  return result;
}

}  // namespace phaselaw::fitting
