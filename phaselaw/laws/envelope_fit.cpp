// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/envelope_fit.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "phaselaw/base/errors.h"
#include "phaselaw/laws/interval.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::laws {

namespace {

std::vector<Curves> by_run(const Curves& curves) {
  std::map<std::string, Curves> runs;
  for (std::size_t i = 0; i < curves.run.size(); ++i) {
    Curves& run = runs[curves.run[i]];
    run.run.push_back(curves.run[i]);
    run.compute.push_back(curves.compute[i]);
    run.loss.push_back(curves.loss[i]);
  }
  std::vector<Curves> list;
  for (auto& [name, run] : runs) list.push_back(std::move(run));
  return list;
}

Fit fit_rows(const std::vector<EnvelopePoint>& rows, const TwoStageOptions& options) {
  std::vector<double> compute, loss;
  for (const auto& point : rows) {
    compute.push_back(point.compute);
    loss.push_back(point.loss);
  }
  return fit_two_stage(compute, loss, options);
}

// As many rows again, in blocks of neighbours drawn with replacement.
std::vector<EnvelopePoint> draw_blocks(const std::vector<EnvelopePoint>& rows, numerics::RandomStream& stream) {
  const auto length = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(rows.size()))));
  std::vector<EnvelopePoint> drawn;
  while (drawn.size() < rows.size()) {
    const std::size_t start = stream.below(rows.size() - length + 1);
    for (std::size_t i = start; i < start + length && drawn.size() < rows.size(); ++i) drawn.push_back(rows[i]);
  }
  return drawn;
}

// Every number of a fit, in a fixed order: parameters, derived quantities, band.
std::vector<double> numbers_of(const Fit& fit) {
  std::vector<double> numbers;
  for (const auto* list : {&fit.parameters, &fit.derived})
    for (const Estimate& estimate : *list) numbers.push_back(estimate.value);
  numbers.insert(numbers.end(), fit.band.value.begin(), fit.band.value.end());
  return numbers;
}

void set_intervals(std::vector<std::vector<double>>& replicates, double tail, Fit& fit) {
  std::size_t at = 0;
  const auto ends = [&] {
    auto& sorted = replicates[at++];
    std::sort(sorted.begin(), sorted.end());
    return std::pair(numerics::quantile_of_sorted(sorted, tail), numerics::quantile_of_sorted(sorted, 1 - tail));
  };
  for (auto* list : {&fit.parameters, &fit.derived})
    for (Estimate& estimate : *list) {
      const auto [lo, hi] = ends();
      if (estimate.fixed) continue;
      estimate.lo = lo;
      estimate.hi = hi;
      const bool any_sign = estimate.name == "slope" || estimate.name == "slope_total";
      if (estimate.identified && !any_sign && !within_widest_factor(estimate)) {
        estimate.identified = false;
        fit.warnings.push_back(
            fmt::format("{} is not identified: over resampled runs it spans [{:.3g}, {:.3g}]; add runs or "
                        "measure a wider range",
                        estimate.name, lo, hi));
      }
    }
  for (std::size_t i = 0; i < fit.band.value.size(); ++i) std::tie(fit.band.lo[i], fit.band.hi[i]) = ends();
}

}  // namespace

Fit fit_two_stage_envelope(const Curves& curves, const TwoStageOptions& options) {
  PHASELAW_CHECK(options.fit.cluster.empty() && options.fit.weights.empty());
  if (options.fit.interval != IntervalMethod::none && options.fit.interval != IntervalMethod::automatic &&
      options.fit.interval != IntervalMethod::bootstrap)
    throw base::InputError(
        fmt::format("interval {}: the envelope of several runs has bootstrap intervals only; use bootstrap",
                    to_string(options.fit.interval)));
  TwoStageOptions plain = options;
  plain.fit.interval = IntervalMethod::none;
  Fit fit = fit_rows(staircase(curves), plain);
  const auto runs = by_run(curves);
  if (options.fit.interval == IntervalMethod::none) return fit;
  fit.method = IntervalMethod::bootstrap;
  fit.clustered = true;
  if (runs.size() < 2 || !fit.convergence.certified) {
    fit.warnings.push_back("no intervals: they need a certified fit and at least two runs");
    for (auto* list : {&fit.parameters, &fit.derived})
      for (Estimate& estimate : *list) estimate.identified = estimate.fixed;
    return fit;
  }

  std::vector<std::vector<double>> replicates(numbers_of(fit).size());
  for (int k = 0; k < options.fit.resamples; ++k) {
    numerics::RandomStream stream(options.fit.seed, "envelope bootstrap", static_cast<std::uint64_t>(k));
    Curves drawn;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const Curves& run = runs[stream.below(runs.size())];
      drawn.run.insert(drawn.run.end(), run.run.begin(), run.run.end());
      drawn.compute.insert(drawn.compute.end(), run.compute.begin(), run.compute.end());
      drawn.loss.insert(drawn.loss.end(), run.loss.begin(), run.loss.end());
    }
    const Fit resampled = fit_rows(draw_blocks(staircase(drawn), stream), plain);
    const auto numbers = numbers_of(resampled);
    if (!std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::isfinite(x); })) continue;
    for (std::size_t q = 0; q < numbers.size(); ++q) replicates[q].push_back(numbers[q]);
    ++fit.resamples;
  }
  if (10 * fit.resamples < 9 * options.fit.resamples)
    fit.warnings.push_back(fmt::format("only {} of {} resamples could be fitted; the intervals are doubtful, add runs",
                                       fit.resamples, options.fit.resamples));
  if (2 * fit.resamples < options.fit.resamples) return fit;
  const auto n = static_cast<double>(runs.size());
  set_intervals(replicates, expanded_tail(options.fit.level, n, n - 1), fit);
  return fit;
}

}  // namespace phaselaw::laws
