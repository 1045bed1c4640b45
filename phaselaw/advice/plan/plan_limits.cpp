// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/plan_limits.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/tables/columns.h"

namespace phaselaw::advice {

namespace {

constexpr double kFar = 10;  // factor beyond the fitted rows that is worth a sentence

std::string count(double value, const char* column) {
  return base::format_number(value, 3, base::notation_of(tables::unit_of(column)));
}

// The rows determine the loss along their one ratio and nothing else.
Limit one_ratio(double ratio, bool known) {
  return {Harm::wrong,
          fmt::format("all runs have {} tokens per parameter, so the rows determine the loss at this ratio and no best "
                      "sizes; {}for sizes add runs at other ratios, or fix one exponent (fit --fix)",
                      base::format_number(ratio), known ? "" : "for intervals of this loss fit --law power, and ")};
}

Limit no_best_size(int edge) {
  return {Harm::wrong,
          fmt::format("there is no best size: under the fitted law a {} model is always better at this compute; hold a "
                      "size, or fit a law with a term for parameters and one for tokens",
                      edge > 0 ? "larger" : "smaller")};
}

Limit open_size(double ratio) {
  return {
      Harm::wrong,
      fmt::format("the interval of the best n_params has an open end, so that no size is recommended and the loss is "
                  "that at the median of the runs, {} tokens per parameter; find the run that narrows it with "
                  "--next-run n_params, or fix one exponent (fit --fix)",
                  base::format_number(ratio))};
}

}  // namespace

std::vector<double> column_or_none(const tables::Columns& columns, const char* name) {
  try {
    return columns.get(name);
  } catch (const base::InputError&) {
    return {};
  }
}

std::optional<RatioOfRuns> ratio_of_runs(const fitting::SavedFit& saved, const Allocator& allocator) {
  const std::vector<double> n = column_or_none(saved.data.columns, "n_params");
  std::vector<double> d = column_or_none(saved.data.columns, "tokens");
  if (n.empty() || !allocator.has_sizes()) return std::nullopt;
  if (d.empty()) {
    d = column_or_none(saved.data.columns, "compute");
    for (std::size_t i = 0; i < d.size(); ++i) d[i] = d[i] / allocator.situation().cost.per_token(n[i]);
  }
  if (d.empty()) return std::nullopt;
  std::vector<double> ratio;
  for (std::size_t i = 0; i < n.size(); ++i) ratio.push_back(d[i] / n[i]);
  const auto [least, most] = std::minmax_element(ratio.begin(), ratio.end());
  const bool one = *most <= kOneRatio * *least;
  return RatioOfRuns{numerics::quantile(ratio, 0.5), one};
}

std::vector<Limit> fit_limits(const fitting::SavedFit& saved, const Allocator& allocator, bool known) {
  std::vector<Limit> limits;
  const auto ratio = ratio_of_runs(saved, allocator);
  const bool one = ratio && ratio->one;
  if (one) limits.push_back(one_ratio(ratio->median, known));
  // A fit to one ratio is flat, as the first sentence says.
  const std::string& status = saved.fit.convergence.status;
  if (!saved.fit.convergence.certified && !(one && status.starts_with("flat")))
    limits.push_back(
        {Harm::wrong, fmt::format("the fit is not certified ({}), so this plan is not reliable; see the warnings of "
                                  "phaselaw fit",
                                  status)});
  if (!known && !one)
    limits.push_back({Harm::undetermined,
                      "there are no intervals, because the rows do not determine all parameters; fix one of them (fit "
                      "--fix), or fit a law with fewer"});
  std::vector<std::string> open;
  for (const fitting::Estimate& e : saved.fit.parameters)
    if (!e.identified && !e.fixed) open.push_back(e.name);
  if (!open.empty() && !one)
    limits.push_back(
        {Harm::remark,
         fmt::format("the data constrain {} poorly, so everything computed from them is uncertain; use the "
                     "intervals rather than the values",
                     fmt::join(open, ", "))});
  for (const std::string& warning : saved.fit.warnings) limits.push_back({Harm::remark, "of the fit: " + warning});
  return limits;
}

std::vector<Extrapolation> extrapolation_of(const PlanPoint& point, const fitting::SavedFit& saved,
                                            const Allocator& allocator) {
  std::vector<Extrapolation> out;
  const auto compare = [&](const char* name, double value) {
    if (!std::isfinite(value) || !(value > 0)) return;
    const std::vector<double> column = column_or_none(saved.data.columns, name);
    if (column.empty()) return;
    const auto [low, high] = std::minmax_element(column.begin(), column.end());
    Extrapolation e{name, value, 1, true};
    if (value > *high) e.factor = value / *high;
    if (value < *low) {
      e.factor = *low / value;
      e.above = false;
    }
    out.push_back(e);
  };
  const double n = point.measured ? point.measured->n_params : point.n_params.value,
               d = point.measured ? point.measured->tokens : point.tokens.value;
  // Runs are compared by what their training costs.
  const bool serves = allocator.situation().inference_tokens > 0 && allocator.has_sizes();
  compare("compute", serves ? allocator.situation().cost.per_token(n) * d : point.compute.value);
  compare("n_params", n);
  compare("tokens", d);
  return out;
}

std::vector<Limit> point_limits(const PlanPoint& point, const fitting::SavedFit& saved) {
  std::vector<Limit> limits;
  const bool one = point.measured && point.measured->one_ratio;  // which fit_limits() says
  if (point.edge != 0 && !one)
    limits.push_back(no_best_size(point.edge));
  else if (point.measured && !one)
    limits.push_back(open_size(point.measured->tokens_per_param));
  if (point.loss.fixed && !point.compute.fixed && point.floor.hi && *point.floor.hi >= point.loss.value)
    limits.push_back(
        {Harm::undetermined,
         fmt::format(
             "the loss {} lies within the interval of the floor, {}, so it may be out of reach; ask for a higher "
             "loss, or measure runs of more compute",
             base::format_number(point.loss.value, 6), with_interval(point.floor))});
  const Extrapolation* furthest = nullptr;
  for (const Extrapolation& e : point.extrapolation)
    if (e.factor > kFar && (furthest == nullptr || e.factor > furthest->factor)) furthest = &e;
  if (furthest != nullptr)
    limits.push_back({Harm::extrapolated,
                      fmt::format("{} of {} is {} times {} of the fitted runs, so the plan is an extrapolation and its "
                                  "interval assumes that the law holds that far",
                                  furthest->column, count(furthest->value, furthest->column.c_str()),
                                  base::format_number(furthest->factor),
                                  furthest->above ? "above the largest" : "below the smallest")});
  const bool sized = !point.measured && std::isfinite(point.n_params.value) && !point.n_params.fixed;
  if (sized && point.n_params.lo && point.n_params.hi && !point.n_params.identified)
    limits.push_back({Harm::undetermined,
                      "the interval of the best size is wide; find a run that narrows it with --next-run n_params"});
  if (!point.bottleneck_certain())
    limits.push_back({Harm::remark, fmt::format("the bottleneck is uncertain: the interval of the {} includes 1",
                                                point.n_params.name.empty() || std::isnan(point.n_params.value)
                                                    ? "compute over that of the bend"
                                                    : "gain of parameters over that of tokens at equal cost")});
  if (point.loss.value - point.floor.value < saved.fit.residual_scale * point.loss.value)
    limits.push_back({Harm::remark,
                      "the loss above the floor is smaller than the scatter between runs, so more compute brings no "
                      "measurable gain"});
  return limits;
}

}  // namespace phaselaw::advice
