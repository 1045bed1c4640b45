// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "phaselaw/advice/plan/plan_page.h"
#include "phaselaw/advice/text.h"
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
  return p.bottleneck_share > 0 && p.bottleneck_share < 1
             ? fmt::format("{} ({})", p.bottleneck, base::format_percent(p.bottleneck_share))
             : p.bottleneck;
}

}  // namespace

std::vector<std::vector<std::string>> plan_rows(const Plan& plan) {
  bool sizes = false, n_data = false;
  for (const PlanPoint& p : plan.points) {
    sizes = sizes || !std::isnan(p.n_params.value);
    n_data = n_data || !name_of_size(p).empty();
  }
  std::vector<std::vector<std::string>> rows = {{"compute (FLOP)"}};
  if (sizes) rows[0].insert(rows[0].end(), {"n_params", "tokens", "tokens/param"});
  if (n_data) rows[0].emplace_back("n_data");
  rows[0].insert(rows[0].end(), {"loss", "new run", "bottleneck"});
  for (const PlanPoint& p : plan.points) {
    std::vector<std::string> row = {with_interval(p.compute, Notation::power)};
    if (sizes)
      row.insert(row.end(), {with_interval(p.n_params, Notation::suffix), with_interval(p.tokens, Notation::suffix),
                             with_interval(p.tokens_per_param)});
    if (n_data) row.push_back(with_interval(p.n_data, Notation::suffix));
    row.push_back(with_interval(p.loss));
    row.push_back(p.run.lo && p.run.hi ? base::format_interval(*p.run.lo, *p.run.hi) : "–");
    row.push_back(bottleneck_of(p));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::vector<std::string>> plan_details(const Plan& plan) {
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
  add("n_params ~ C^a, a", [](P p) { return with_interval(p.exponent_n_params); });
  add("tokens ~ C^b, b", [](P p) { return with_interval(p.exponent_tokens); });
  const auto elasticity = [](const fitting::Estimate& e) {
    return e.name.empty() ? std::string("–") : with_interval(e);
  };
  add("elasticity, loss above floor: n_params", [&](P p) { return elasticity(p.elasticity.n_params); });
  add("elasticity, loss above floor: tokens", [&](P p) { return elasticity(p.elasticity.tokens); });
  add("elasticity, loss above floor: compute", [&](P p) { return elasticity(p.elasticity.compute); });
  add("elasticity, whole loss: compute", [&](P p) { return elasticity(p.elasticity_of_loss.compute); });
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
  if (plan.points.empty()) return "Nothing was requested.";
  const PlanPoint& p = plan.points.front();
  if (p.edge != 0)
    return fmt::format("Under {} there is no best size at {}: the loss improves towards one end.", plan.law,
                       base::format_flop(p.compute.value));
  std::string what = fmt::format("With {} FLOP", with_interval(p.compute, Notation::power));
  if (!std::isnan(p.n_params.value))
    what += fmt::format(", train {} parameters on {} tokens", with_interval(p.n_params, Notation::suffix),
                        with_interval(p.tokens, Notation::suffix));
  else if (!std::isnan(p.n_data.value))
    what += fmt::format(", train on {} sequences", with_interval(p.n_data, Notation::suffix));
  return what + fmt::format(": loss {}.", with_interval(p.loss));
}

std::string plan_text(const PlanAnswer& answer) {
  const Plan& plan = answer.plan;
  std::string text = fmt::format("{}: {}\nintervals of {}: {}; FLOP by {}\n\n", plan.law, plan.formula,
                                 base::format_percent(plan.level, 4), plan.method, plan.convention);
  text += report::text_table(plan_rows(plan)) + "\n" + report::text_table(plan_details(plan));
  for (const std::string& spread : answer.spread) text += "\n" + spread + "\n";
  if (plan.past)
    text += fmt::format(
        "\n"
        "back-test: a fit to the cheapest 80 % of these runs had a mean error of {} on the {} others, at up to {} times their compute\n",
        base::format_percent(plan.past->mean_abs_rel_error), base::format_count(plan.past->n_predicted),
        format_number(plan.past->compute_factor));
  if (answer.design)
    text +=
        fmt::format("\nto narrow {}:\n{}", answer.design->quantity, report::text_table(design_rows(*answer.design)));
  return text;
}

}  // namespace phaselaw::advice
