// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/plan.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/advice/plan/plan_limits.h"
#include "phaselaw/advice/plan/plan_point.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/fitting/selection.h"

namespace phaselaw::advice {

namespace {

Plan begin(const fitting::SavedFit& saved, const PlanOptions& options, const Planner& planner) {
  Plan plan;
  plan.law = saved.fit.name();
  plan.formula = saved.fit.formula();
  plan.method = planner.uncertainty().method();
  plan.convention = base::enum_to_text(options.situation.cost.convention);
  plan.level = planner.uncertainty().level();
  plan.limits = fit_limits(saved, planner.allocator(), planner.uncertainty().known());
  if (options.past_errors)
    if (const auto past = holdout(saved.fit.law, saved.data, saved.options, 0.2))
      plan.past = PastErrors{past->compute_factor, past->mean_abs_rel_error, past->n_predicted};
  return plan;
}

// The point as it is reported where the best sizes are not determined: of what was found only the ends stay, and the loss is
// that at the tokens per parameter of the runs.
PlanPoint at_measured_ratio(const fitting::SavedFit& saved, const PlanOptions& options, const PlanPoint& found,
                            const RatioOfRuns& ratio) {
  PlanOptions held = options;
  held.situation.tokens_per_param = ratio.median;
  const Planner planner(saved, held);
  PlanPoint point = found.loss.fixed ? planner.for_loss(found.loss.value) : planner.for_compute(found.compute.value);
  point.measured = MeasuredSizes{ratio.median, point.n_params.value, point.tokens.value, ratio.one};
  const auto ends_of = [&](fitting::Estimate PlanPoint::*field) {
    point.*field = found.*field;
    (point.*field).value = base::kNaN;
    (point.*field).identified = false;
    if (ratio.one || found.edge != 0) (point.*field).lo = (point.*field).hi = std::nullopt;
  };
  for (const auto field : {&PlanPoint::n_params, &PlanPoint::tokens, &PlanPoint::tokens_per_param,
                           &PlanPoint::exponent_n_params, &PlanPoint::exponent_tokens})
    ends_of(field);
  point.edge = found.edge;
  point.bottleneck.clear();
  point.reason.clear();
  point.balance.reset();
  point.optimal_share.reset();
  point.isoflop.clear();
  // Along one ratio only the compute's gain is known.
  const fitting::Estimate unknown{"", base::kNaN, {}, {}, false, false};
  for (Elasticities* of : {&point.elasticity, &point.elasticity_of_loss}) of->n_params = of->tokens = unknown;
  return point;
}

PlanPoint finished(PlanPoint point, const fitting::SavedFit& saved, const PlanOptions& options,
                   const Planner& planner) {
  const auto ratio = ratio_of_runs(saved, planner.allocator());
  if (ratio && ratio->one) {  // the best sizes and what either size gains are not determined
    point.optimal_share.reset();
    if (point.balance) point.balance->lo = point.balance->hi = std::nullopt;
  }
  // Where the compute for a loss has no upper end, the sizes have none either, and they are those of its value.
  const bool spendable = point.compute.lo && point.compute.hi;
  const bool open = planner.uncertainty().known() && spendable && !(point.n_params.lo && point.n_params.hi);
  if (planner.allocator().chooses_sizes() && ratio && (ratio->one || open || point.edge != 0))
    point = at_measured_ratio(saved, options, point, *ratio);
  point.extrapolation = extrapolation_of(point, saved, planner.allocator());
  point.limits = point_limits(point, saved);
  return point;
}

fitting::Estimate given(const fitting::Estimate& estimate, double value) {
  return {estimate.name, value, value, value, true, true};
}

}  // namespace

Plan plan_for_compute(const fitting::SavedFit& saved, const std::vector<double>& computes, const PlanOptions& options) {
  const Planner planner(saved, options);
  for (const double compute : computes) (void)planner.allocator().best(saved.fit.value, compute);  // errors first
  Plan plan = begin(saved, options, planner);
  for (const double compute : computes)
    plan.points.push_back(finished(planner.for_compute(compute), saved, options, planner));
  return plan;
}

Plan plan_for_loss(const fitting::SavedFit& saved, const std::vector<double>& losses, const PlanOptions& options) {
  const Planner planner(saved, options);
  Plan plan = begin(saved, options, planner);
  for (const double loss : losses) plan.points.push_back(finished(planner.for_loss(loss), saved, options, planner));
  return plan;
}

Plan plan_for_sizes(const fitting::SavedFit& saved, const PlanOptions& options) {
  const Situation& asked = options.situation;
  const int given_sizes = (asked.n_params ? 1 : 0) + (asked.tokens ? 1 : 0) + (asked.tokens_per_param ? 1 : 0);
  if (given_sizes != 2)
    throw base::InputError({"--n-params"},
                           "without --compute or --loss, give two of --n-params, --tokens and --tokens-per-param");
  const double n = asked.n_params ? *asked.n_params : *asked.tokens / *asked.tokens_per_param;
  const double d = asked.tokens ? *asked.tokens : n * *asked.tokens_per_param;
  PlanOptions held = options;
  held.situation.n_params = n;
  held.situation.tokens = held.situation.tokens_per_param = std::nullopt;
  const Planner planner(saved, held);
  Plan plan = begin(saved, held, planner);
  plan.of_sizes = true;
  PlanPoint point = finished(planner.for_compute(planner.allocator().compute(n, d)), saved, held, planner);
  point.tokens = given(point.tokens, d);
  point.tokens_per_param = given(point.tokens_per_param, d / n);
  plan.points.push_back(std::move(point));
  return plan;
}

bool PlanPoint::bottleneck_certain() const {
  return bottleneck.empty() || !balance || (balance->lo && *balance->lo > 1) || (balance->hi && *balance->hi < 1);
}

namespace {

double furthest(const PlanPoint& point) {
  double factor = 1;
  for (const Extrapolation& e : point.extrapolation) factor = std::max(factor, e.factor);
  return factor;
}

}  // namespace

std::vector<Limit> limits_of(const Plan& plan) {
  std::vector<Limit> limits = plan.limits, seen;
  const bool several = plan.points.size() > 1;
  const auto far = std::max_element(plan.points.begin(), plan.points.end(),
                                    [](const auto& a, const auto& b) { return furthest(a) < furthest(b); });
  for (const PlanPoint& point : plan.points)
    for (const Limit& limit : point.limits) {
      const auto same = [&](const Limit& other) { return other.text == limit.text; };
      if (std::any_of(seen.begin(), seen.end(), same)) continue;
      if (limit.harm == Harm::extrapolated && &point != &*far) continue;
      seen.push_back(limit);
      std::vector<std::string> computes;
      for (const PlanPoint& p : plan.points)
        if (std::any_of(p.limits.begin(), p.limits.end(), same))
          computes.push_back(base::format_number(p.compute.value, 3, base::Notation::power));
      const bool all = computes.size() == plan.points.size();
      limits.push_back({limit.harm, several && !all ? fmt::format("{} FLOP: {}", fmt::join(computes, ", "), limit.text)
                                                    : limit.text});
    }
  return by_harm(std::move(limits));
}

}  // namespace phaselaw::advice
