// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/fit/fit_tables.h"

#include <cmath>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/csv.h"
#include "phaselaw/base/field_reader.h"
#include "phaselaw/base/format.h"
#include "phaselaw/report/format.h"

namespace phaselaw::advice {

namespace {

std::string value_of(const fitting::Fit& fit, const fitting::Estimate& e) {
  const base::Notation notation = base::notation_of(laws::unit_of(fit.law, e.name));
  if (e.fixed) return base::format_number(e.value, 6, notation) + " (fixed)";
  if (fit.method == fitting::IntervalMethod::none || e.lo || e.hi) return with_interval(e, notation);
  return base::format_number(e.value, 2, notation) + " [unbounded]";
}

std::string meaning_of(const laws::Law& law, const std::string& name) {
  const auto with_unit = [](const auto& described) {
    return described.unit.empty() ? described.meaning : fmt::format("{} ({})", described.meaning, described.unit);
  };
  for (const laws::Parameter& parameter : law.parameters)
    if (parameter.name == name) return with_unit(parameter);
  for (const laws::DerivedQuantity& quantity : law.derived)
    if (quantity.name == name) return with_unit(quantity);
  return "";
}

// Two laws that describe the same curves with different parameters differ only by rounding.
std::string above_the_best(double criterion) {
  constexpr double kRounding = 1e-6;
  return base::format_number(criterion < kRounding ? 0 : criterion);
}

}  // namespace

report::Table parameter_table(const fitting::Fit& fit) {
  report::Table table;
  const bool has_interval = fit.method != fitting::IntervalMethod::none;
  table.columns = {"quantity",
                   has_interval ? fmt::format("value and {} interval", base::format_percent(fit.level, 4)) : "value",
                   "identified", "meaning"};
  for (const auto* list : {&fit.parameters, &fit.derived})
    for (const fitting::Estimate& e : *list) {
      table.rows.push_back({e.name, value_of(fit, e),
                            e.fixed        ? "fixed"
                            : e.identified ? "yes"
                                           : "no",
                            meaning_of(fit.law, e.name)});
    }
  return table;
}

report::Table ranking_table(const fitting::Ranking& ranking) {
  report::Table table;
  table.columns = {"law",
                   "parameters",
                   "AICc above the lowest",
                   "BIC above the lowest",
                   "held-out error",
                   "back-test error",
                   "above the best",
                   "weight",
                   "ranked"};
  for (const fitting::RankedLaw& ranked : ranking.laws) {
    const bool examined = ranked.reason.empty() && std::isfinite(ranked.score);
    table.rows.push_back(
        {ranked.fit.name(), std::to_string(ranked.fit.theta.size()), above_the_best(ranked.delta_aicc),
         above_the_best(ranked.delta_bic),
         base::format_percent(ranked.holdout ? ranked.holdout->mean_abs_rel_error : NAN),
         base::format_percent(examined ? ranked.score : NAN),
         !examined                                 ? "–"
         : ranked.difference > 1e-3 * ranked.score ? fmt::format("{} ± {}", base::format_percent(ranked.difference),
                                                                 base::format_percent(ranked.standard_error))
                                                   : std::string("0 %"),
         ranked.reason.empty() ? base::format_number(ranked.weight < 5e-4 ? 0 : ranked.weight, 2) : "–",
         !ranked.reason.empty() ? ranked.reason
         : ranked.survives      ? "yes"
                                : "yes, refuted by the back-test"});
  }
  return table;
}

std::vector<std::string> fit_facts(const fitting::Fit& fit, const std::optional<fitting::Holdout>& held_out) {
  const auto& c = fit.convergence;
  std::vector<std::string> facts = {
      fmt::format("{} rows, objective {}, residual {} (std of ln {}), AICc {}, BIC {}",
                  base::format_count(fit.n_points), base::format_number(fit.objective_value, 8),
                  base::format_number(fit.residual_scale), fit.law.output, base::format_number(fit.aicc, 5),
                  base::format_number(fit.bic, 5)),
      fmt::format(
          "{} of {} starts agree, scaled gradient {}, condition {}: {}; {} intervals{}", c.agreed, c.starts,
          c.gradient_norm < 1e-10 ? "below 1e-10" : base::format_number(c.gradient_norm, 2, base::Notation::power),
          base::format_number(c.condition, 2, base::Notation::power), c.status, base::enum_name(fit.method),
          fit.clustered ? " of whole runs" : "")};
  if (held_out)
    facts.push_back(fmt::format(
        "held out: fitted to the cheapest {} rows, mean error {} on the {} largest (bias {}), at {} times the compute",
        base::format_count(held_out->n_fitted), base::format_percent(held_out->mean_abs_rel_error),
        base::format_count(held_out->n_predicted), base::format_percent(held_out->bias),
        base::format_number(held_out->compute_factor)));
  return facts;
}

std::string audit_text(const fitting::Audit& audit) {
  return fmt::format("The published parameters are {}.", audit.verdict);
}

namespace {

// `ranking` may be null.
std::string text_of(const fitting::Ranking* ranking, const fitting::RankedLaw& best) {
  std::string text;
  if (ranking != nullptr) {
    text = report::text_table(text_rows(ranking_table(*ranking)));
    if (!ranking->rule.empty()) text += ranking->rule + "\n";
    text += "\nbest: ";
  }
  // A law given as an expression is named by its formula.
  const fitting::Fit& fit = best.fit;
  text += fit.name() == fit.formula() ? fit.formula() : fmt::format("{}: {}", fit.name(), fit.formula());
  text += "\n" + report::text_table(text_rows(parameter_table(fit)));
  for (const std::string& fact : fit_facts(fit, best.holdout)) text += fact + "\n";
  return text;
}

}  // namespace

std::string fit_text(const FitAnswer& answer) {
  std::string text = text_of(answer.ranked ? &answer.ranking : nullptr, answer.best());
  if (answer.audit) text += audit_text(*answer.audit) + "\n";
  return text;
}

std::vector<report::Table> fit_tables(const fitting::Ranking* ranking, const fitting::RankedLaw& best) {
  std::vector<report::Table> tables;
  if (ranking != nullptr) {
    tables.push_back(ranking_table(*ranking));
    tables.back().caption = "Laws by prediction error.";
  }
  tables.push_back(parameter_table(best.fit));
  tables.back().caption = best.fit.name() == best.fit.formula()
                              ? best.fit.formula()
                              : fmt::format("{}: {}", best.fit.name(), best.fit.formula());
  return tables;
}

FitDocument fit_document(const base::Value& document, const std::string& source) {
  fitting::Ranking ranking;
  for (fitting::SavedFit& saved : fitting::saved_fits_from(document, source))
    ranking.laws.push_back({std::move(saved.fit), saved.holdout, std::move(saved.backtest), 0, 0, 0});
  if (const base::Value* rule = document.find("rule"); rule != nullptr && rule->is_text()) ranking.rule = rule->text();
  const base::Value* order = document.find("ranking");
  if (order == nullptr || !order->is_list() || order->list().size() != ranking.laws.size())
    return {text_of(nullptr, ranking.laws.front()), fit_tables(nullptr, ranking.laws.front())};
  for (std::size_t i = 0; i < ranking.laws.size(); ++i) {
    const base::FieldReader row(order->list()[i], "write the file again with phaselaw fit --json");
    ranking.laws[i].delta_aicc = row.at("delta_aicc").number_or(base::kNaN);
    ranking.laws[i].delta_bic = row.at("delta_bic").number_or(base::kNaN);
    ranking.laws[i].score = row.at("score").number_or(base::kInfinity);
    if (!row.has("weight")) continue;  // written before laws had weights
    ranking.laws[i].difference = row.at("difference").number_or(base::kNaN);
    ranking.laws[i].standard_error = row.at("standard_error").number_or(base::kNaN);
    ranking.laws[i].survives = row.at("survives").boolean();
    ranking.laws[i].weight = row.at("weight").number_or(0);
    if (!row.at("reason").is_null()) ranking.laws[i].reason = row.at("reason").text();
  }
  return {text_of(&ranking, ranking.laws.front()), fit_tables(&ranking, ranking.laws.front())};
}

std::string residuals_csv(const FitAnswer& answer, const fitting::Prediction& predicted) {
  std::string csv = "line,run,measured,predicted,lo,hi,ln_residual\n";
  const tables::Rows& rows = answer.rows;
  for (std::size_t i = 0; i < rows.n_rows(); ++i)
    csv += fmt::format("{},{},{},{},{},{},{}\n", rows.line[i], base::csv_quoted(rows.run[i]), rows.data.output[i],
                       predicted.value[i], base::csv_number(predicted.run_lo[i]), base::csv_number(predicted.run_hi[i]),
                       std::log(rows.data.output[i] / predicted.value[i]));
  return csv;
}

}  // namespace phaselaw::advice
