// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/plan_request.h"

#include <algorithm>

#include "phaselaw/advice/plan/averaged_plan.h"
#include "phaselaw/base/log.h"

namespace phaselaw::advice {

namespace {

// Whether the fit can be used for a plan: 2 with sizes, 1 without, 0 not at all; `why` gives the obstacle.
int use_of(const fitting::SavedFit& saved, const Situation& situation, std::string& why) {
  if (saved.fit.value.empty()) {
    why = "it has no optimum";
    return 0;
  }
  try {
    return Allocator(saved.fit.law, situation).has_sizes() ? 2 : 1;
  } catch (const base::InputError& error) {
    why = error.what();
    return 0;
  }
}

fitting::SavedFit choose(std::vector<fitting::SavedFit> fits, const Situation& situation, const std::string& source) {
  if (fits.size() == 1) return std::move(fits.front());
  std::size_t best = 0;
  int most = 0;
  std::string why;
  for (std::size_t i = 0; i < fits.size() && most < 2; ++i)
    if (const int use = use_of(fits[i], situation, why); use > most) {
      most = use;
      best = i;
    }
  if (most == 0)
    throw base::InputError({source}, fmt::format("none of the {} fits can be used for a plan: {}", fits.size(), why));
  base::log_info(fmt::format("the plan uses {}, the best of {} fits that gives {}; choose another with --law",
                             fits[best].fit.name(), fits.size(), most == 2 ? "sizes" : "a loss for a compute"));
  return std::move(fits[best]);
}

// Refuses numbers that the plan would not use.
void require_used(const Situation& situation, const laws::Law& law) {
  const FlopConvention convention = situation.cost.convention;
  const ShapeFamily& family = situation.cost.family;
  const auto& columns = law.columns();
  const bool shapes = std::any_of(columns.begin(), columns.end(),
                                  [](const std::string& name) { return name == "n_layers" || name == "d_model"; });
  const auto require = [&](bool used, bool given, const char* flag, const char* use) {
    if (given && !used)
      throw base::InputError({flag}, fmt::format("is used only with {}; the convention is {} and the law is {}", use,
                                                 base::enum_name(convention), law.name));
  };
  require(convention == FlopConvention::without_embeddings || shapes, family.vocab.has_value(), "--vocab",
          "--flop-convention without-embeddings");
  require(convention == FlopConvention::with_attention, family.seq_len.has_value(), "--seq-len",
          "--flop-convention with-attention");
  require(convention == FlopConvention::exact, family.flop_per_param.has_value(), "--flop-per-param",
          "--flop-convention exact");
  require(shapes || convention == FlopConvention::without_embeddings || convention == FlopConvention::with_attention,
          family.aspect_ratio != ShapeFamily{}.aspect_ratio, "--aspect-ratio",
          "a convention or a law that needs shapes");
}

}  // namespace

void PlanRequest::validate() const {
  base::check_fields(*this);
  const Situation& held = options.situation;
  const int sizes = (held.n_params ? 1 : 0) + (held.tokens ? 1 : 0) + (held.tokens_per_param ? 1 : 0);
  if ((!compute.empty() && !loss.empty()) || (compute.empty() && loss.empty() && sizes < 2))
    throw base::InputError({"--compute"},
                           "expected one of --compute and --loss, such as --compute 1e21 1e22 or --loss 2.1, or two "
                           "sizes, such as --n-params 7B --tokens 2T, for the loss of this run");
  next_bounds.validate();
  if (const std::string given = next_bounds.given(); next_run.empty() && !given.empty())
    throw base::InputError({given}, "bounds the run of --next-run; add --next-run with the quantity to narrow");
}

std::vector<Limit> PlanAnswer::limits() const {
  std::vector<Limit> all = limits_of(plan);
  if (design) all.insert(all.end(), design->limits.begin(), design->limits.end());
  return by_harm(std::move(all));
}

namespace {

// The plan of all laws that predict as well; figures show the best of them.
void plan_with_average(std::vector<WeightedFit>& survivors, const std::string& source, const PlanRequest& request,
                       PlanAnswer& answer) {
  if (survivors.empty())
    throw base::InputError({source},
                           "--law averaged needs a ranking with weights; write one with phaselaw fit --json, "
                           "without --law");
  if (!request.loss.empty() || !request.next_run.empty())
    throw base::InputError({"--law"}, "averaged answers --compute only; name one law for --loss and --next-run");
  answer.plan = averaged_plan(survivors, request.compute, request.options);
  answer.fit = survivors.front().saved;
}

// How far the laws that predict as well disagree, at each compute of the plan.
void add_spread(const std::vector<WeightedFit>& survivors, const Situation& situation, PlanAnswer& answer) {
  std::vector<double> computes;
  for (const PlanPoint& point : answer.plan.points) computes.push_back(point.compute.value);
  base::Value::List spreads;
  for (const LawSpread& spread : spread_of_laws(survivors, situation, computes)) {
    spreads.push_back(to_value(spread));
    if (std::string text = sentence(spread); !text.empty()) answer.spread.push_back(std::move(text));
  }
  answer.json["law_spread"] = base::Value(std::move(spreads));
}

}  // namespace

PlanAnswer plan(const base::Value& fits, const std::string& source, const PlanRequest& request) {
  request.validate();
  PlanAnswer answer;
  const bool of_sizes = request.compute.empty() && request.loss.empty();
  Situation situation = request.options.situation;
  if (of_sizes) {  // for the choice of the fit
    if (!situation.n_params) situation.n_params = *situation.tokens / *situation.tokens_per_param;
    situation.tokens = situation.tokens_per_param = std::nullopt;
  }
  std::vector<WeightedFit> survivors = surviving_fits(fits, source);
  if (request.law == "averaged") {
    plan_with_average(survivors, source, request, answer);
  } else {
    answer.fit = choose(fitting::saved_fits_from(fits, source, request.law), situation, source);
    require_used(request.options.situation, answer.fit.fit.law);
    answer.plan = of_sizes               ? plan_for_sizes(answer.fit, request.options)
                  : request.loss.empty() ? plan_for_compute(answer.fit, request.compute, request.options)
                                         : plan_for_loss(answer.fit, request.loss, request.options);
  }
  if (!request.next_run.empty()) {
    DesignRequest design;
    design.quantity = request.next_run;
    design.compute = answer.plan.points.front().compute.value;
    design.bounds = request.next_bounds;
    answer.design = next_run(answer.fit, request.options.situation, design);
  }
  answer.json = to_value(answer.plan);
  if (!survivors.empty() && !of_sizes) add_spread(survivors, request.options.situation, answer);
  answer.json["limits"] = base::Value(limit_sentences(answer.limits()));
  if (answer.design) answer.json["next_run"] = to_value(*answer.design);
  return answer;
}

}  // namespace phaselaw::advice
