// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "phaselaw/advice/plan/plan_page.h"
#include "phaselaw/advice/text.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/base/format.h"
#include "phaselaw/report/format.h"

// The plan as rows of text.
namespace phaselaw::advice {

using base::format_number;
using base::Notation;

namespace {

std::string name_of_size(const PlanPoint& p) { return std::isfinite(p.n_data.value) ? "n_data" : ""; }

std::string bottleneck_of(const PlanPoint& p) {
  if (p.bottleneck.empty()) return "–";
  return p.bottleneck_certain() ? p.bottleneck : "uncertain: " + p.bottleneck;
}

bool has_sizes(const PlanPoint& p) { return p.measured || !std::isnan(p.n_params.value); }

// A size that is not determined, with what is known of its ends.
std::string size_of(const PlanPoint& p, const fitting::Estimate& e) {
  if (!p.measured) return with_interval(e, Notation::suffix);
  if (!e.lo && !e.hi) return "not determined";
  return "not determined " +
         base::format_interval(e.lo.value_or(base::kNaN), e.hi.value_or(base::kNaN), Notation::suffix);
}

std::string ratio_of(const PlanPoint& p) {
  return p.measured ? format_number(p.measured->tokens_per_param) + " (of the runs)"
                    : with_interval(p.tokens_per_param);
}

}  // namespace

std::vector<std::vector<std::string>> plan_rows(const Plan& plan) {
  bool sizes = false, n_data = false;
  for (const PlanPoint& p : plan.points) {
    sizes = sizes || has_sizes(p);
    n_data = n_data || !name_of_size(p).empty();
  }
  std::vector<std::vector<std::string>> rows = {{"compute (FLOP)"}};
  if (sizes) rows[0].insert(rows[0].end(), {"n_params", "tokens", "tokens/param"});
  if (n_data) rows[0].emplace_back("n_data");
  rows[0].insert(rows[0].end(), {"loss", "new run", "bottleneck"});
  for (const PlanPoint& p : plan.points) {
    std::vector<std::string> row = {with_interval(p.compute, Notation::power)};
    if (sizes) row.insert(row.end(), {size_of(p, p.n_params), size_of(p, p.tokens), ratio_of(p)});
    if (n_data) row.push_back(with_interval(p.n_data, Notation::suffix));
    row.push_back(with_interval(p.loss));
    row.push_back(p.run.lo && p.run.hi ? base::format_interval(*p.run.lo, *p.run.hi) : "–");
    row.push_back(bottleneck_of(p));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::vector<std::string>> plan_details(const Plan& plan, bool all) {
  std::vector<std::vector<std::string>> rows = {{"at compute"}};
  for (const PlanPoint& p : plan.points) rows[0].push_back(format_number(p.compute.value, 3, Notation::power));
  const auto add = [&](const std::string& name, const auto& text) {
    std::vector<std::string> row = {name};
    bool known = false;
    for (const PlanPoint& p : plan.points) {
      row.push_back(text(p));
      known = known || row.back() != "–";
    }
    if (known) rows.push_back(std::move(row));
  };
  using P = const PlanPoint&;
  add("floor of the loss", [](P p) { return with_interval(p.floor); });
  // Of held sizes the exponents follow from what is held.
  const auto exponent = [](const fitting::Estimate& e) { return e.fixed ? std::string("–") : with_interval(e); };
  add("n_params ~ C^a, a", [&](P p) { return exponent(p.exponent_n_params); });
  add("tokens ~ C^b, b", [&](P p) { return exponent(p.exponent_tokens); });
  const auto elasticity = [](const fitting::Estimate& e) {
    return e.name.empty() ? std::string("–") : with_interval(e);
  };
  if (all) {
    add("elasticity, loss above floor: n_params", [&](P p) { return elasticity(p.elasticity.n_params); });
    add("elasticity, loss above floor: tokens", [&](P p) { return elasticity(p.elasticity.tokens); });
    add("elasticity, loss above floor: compute", [&](P p) { return elasticity(p.elasticity.compute); });
    add("elasticity, whole loss: compute", [&](P p) { return elasticity(p.elasticity_of_loss.compute); });
    add("gain of parameters over that of tokens",
        [](P p) { return p.balance && has_sizes(p) ? with_interval(*p.balance) : std::string("–"); });
  }
  add("share of the compute that the best sizes need",
      [](P p) { return p.optimal_share ? with_interval(*p.optimal_share) : std::string("–"); });
  if (plan.convention != "6nd") add("training FLOP over 6ND", [](P p) { return format_number(p.flop_multiple, 4); });
  for (const char* column : {"compute", "n_params", "tokens"})
    add(fmt::format("{}: factor beyond the fitted runs", column), [&](P p) {
      for (const Extrapolation& e : p.extrapolation)
        if (e.column == column)
          return e.factor > 1 ? fmt::format("{} {}", format_number(e.factor), e.above ? "above" : "below")
                              : std::string("inside");
      return std::string("–");
    });
  return rows;
}

std::vector<std::vector<std::string>> design_rows(const Design& design) {
  std::vector<std::vector<std::string>> rows = {
      {"next run", "n_params", "tokens", "compute (FLOP)", "width after / before", "outside the fitted sizes"}};
  const auto add = [&](const char* name, const NextRun& run) {
    if (!(run.ratio < 1)) return;
    rows.push_back({name, format_number(run.n_params, 3, Notation::suffix),
                    format_number(run.tokens, 3, Notation::suffix), format_number(run.compute, 3, Notation::power),
                    format_number(run.ratio),
                    run.furthest > 1 ? fmt::format("{} times", format_number(run.furthest)) : "no"});
  };
  add("best within the budget", design.best);
  add("cheapest with 90 % of the gain", design.cheap);
  add("best among the fitted sizes", design.within);
  return rows;
}

std::string plan_answer(const Plan& plan) {
  const auto flop = [](const PlanPoint& p) { return with_interval(p.compute, Notation::power) + " FLOP"; };
  if (plan.points.empty()) return "Nothing was requested.";
  const PlanPoint& p = plan.points.front();
  if (p.measured)
    return fmt::format(
        "The best sizes for {} are not determined by these runs. At their {} tokens per parameter ({} parameters on {} "
        "tokens) the loss is {}.",
        flop(p), format_number(p.measured->tokens_per_param), format_number(p.measured->n_params, 3, Notation::suffix),
        format_number(p.measured->tokens, 3, Notation::suffix), with_interval(p.loss));
  if (p.edge != 0)
    return fmt::format("Under {} there is no best size at {}: the loss improves towards one end.", plan.law,
                       base::format_flop(p.compute.value));
  if (plan.of_sizes) {
    const std::string run = p.run.lo && p.run.hi ? ", one new run " + base::format_interval(*p.run.lo, *p.run.hi) : "";
    return fmt::format("{} parameters on {} tokens, {}: loss {}{}.",
                       format_number(p.n_params.value, 3, Notation::suffix),
                       format_number(p.tokens.value, 3, Notation::suffix), flop(p), with_interval(p.loss), run);
  }
  std::string what = fmt::format("With {}", flop(p));
  if (!std::isnan(p.n_params.value))
    what += fmt::format(", train {} parameters on {} tokens", with_interval(p.n_params, Notation::suffix),
                        with_interval(p.tokens, Notation::suffix));
  else if (!std::isnan(p.n_data.value))
    what += fmt::format(", train on {} sequences", with_interval(p.n_data, Notation::suffix));
  return what + fmt::format(": loss {}.", with_interval(p.loss));
}

std::string how_computed(const Plan& plan) {
  const std::string intervals =
      plan.method == "none" ? "no intervals"
                            : fmt::format("intervals of {}: {}", base::format_percent(plan.level, 4), plan.method);
  return fmt::format("{}; FLOP by {}", intervals, plan.convention);
}

std::string plan_text(const PlanAnswer& answer, bool verbose) {
  const Plan& plan = answer.plan;
  const std::string law = plan.law == plan.formula ? plan.law : fmt::format("{}: {}", plan.law, plan.formula);
  std::string text = fmt::format("{}\n{}\n\n", law, plan_answer(plan));
  text += report::text_table(plan_rows(plan)) + "\n" + report::text_table(plan_details(plan, verbose));
  text += how_computed(plan) + "\n";
  for (const std::string& spread : answer.spread) text += spread + "\n";
  if (plan.past)
    text += fmt::format(
        "back-test: a fit to the cheapest 80 % of these runs had a mean error of {} on the {} others, at up to {} times their compute\n",
        base::format_percent(plan.past->mean_abs_rel_error), base::format_count(plan.past->n_predicted),
        format_number(plan.past->compute_factor));
  if (answer.design)
    text +=
        fmt::format("\nto narrow {}:\n{}", answer.design->quantity, report::text_table(design_rows(*answer.design)));
  const std::string limits = limits_text("what limits this plan", answer.limits(), verbose);
  return limits.empty() ? text : text + "\n" + limits;
}

}  // namespace phaselaw::advice
