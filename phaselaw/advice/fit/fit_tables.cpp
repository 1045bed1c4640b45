// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/fit/fit_tables.h"

#include <algorithm>
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

// An amplitude is determined as the size of its term among the rows. Its own value is that of the term at 1 unit of the
// column, far outside, and can be known only together with the exponent.
bool is_joint(const laws::Law& law, const fitting::Estimate& e) {
  const auto own = std::find_if(law.parameters.begin(), law.parameters.end(),
                                [&](const laws::Parameter& p) { return p.name == e.name; });
  if (own == law.parameters.end() || own->domain != laws::ParameterDomain::positive) return false;
  return e.lo && e.hi && *e.lo > 0 && *e.hi > fitting::kWidestFactor * *e.lo;
}

}  // namespace

report::Table parameter_table(const fitting::Fit& fit, bool nominal) {
  report::Table table;
  const bool has_interval = fit.method != fitting::IntervalMethod::none;
  table.columns = {"quantity",
                   has_interval ? fmt::format("value and {}{} interval", nominal ? "nominal " : "",
                                              base::format_percent(fit.level, 4))
                                : "value",
                   "identified", "meaning"};
  for (const auto* list : {&fit.parameters, &fit.derived})
    for (const fitting::Estimate& e : *list) {
      table.rows.push_back({e.name, value_of(fit, e),
                            e.fixed                ? "fixed"
                            : !e.identified        ? "no"
                            : is_joint(fit.law, e) ? "with its exponent"
                                                   : "yes",
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
      fmt::format("{} rows, objective {}, residual {} (std of {}{}), AICc {}, BIC {}", base::format_count(fit.n_points),
                  base::format_number(fit.objective_value, 8), base::format_number(fit.residual_scale),
                  fitting::is_raw(fit.objective) ? "" : "ln ", fit.law.output, base::format_number(fit.aicc, 5),
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

std::string law_line(const fitting::Fit& fit) {
  return fit.name() == fit.formula() ? fit.formula() : fmt::format("{}: {}", fit.name(), fit.formula());
}

namespace {

// What the text of a fit is made of, from an answer or from a file.
struct Shown {
  const fitting::Ranking* ranking = nullptr;  // null if one law was asked for
  const fitting::RankedLaw& best;
  std::string summary;
  bool nominal = false;
  std::vector<Limit> limits;
  std::string audit;
};

// The laws of the ranking: the first ones, unless `verbose`.
std::string laws_text(const fitting::Ranking& ranking, bool verbose) {
  report::Table table = ranking_table(ranking);
  const std::size_t all = table.rows.size();
  if (!verbose && all > kShownLaws) table.rows.resize(kShownLaws);
  std::string text = fmt::format("\nlaws by prediction error:\n{}", report::text_table(text_rows(table)));
  const std::size_t hidden = all - table.rows.size();
  if (!ranking.rule.empty()) text += ranking.rule + "\n";
  if (verbose)
    for (const std::string& note : ranking.notes) text += fmt::format("skipped {}\n", note);
  else if (hidden > 0)
    text += fmt::format("and {} more: --verbose\n", hidden);
  return text;
}

std::string text_of(const Shown& shown, bool verbose) {
  const fitting::Fit& fit = shown.best.fit;
  std::string text = fmt::format("{}{}\n{}\n\n", shown.ranking != nullptr ? "best of the laws ranked: " : "",
                                 law_line(fit), shown.summary);
  text += report::text_table(text_rows(parameter_table(fit, shown.nominal)));
  if (verbose)
    for (const std::string& fact : fit_facts(fit, shown.best.holdout)) text += fact + "\n";
  if (!shown.audit.empty()) text += shown.audit + "\n";
  if (shown.ranking != nullptr) text += laws_text(*shown.ranking, verbose);
  if (const std::string limits = limits_text("what limits this fit", shown.limits, verbose); !limits.empty())
    text += "\n" + limits;
  return text;
}

// The limits that the program wrote, or those of the fit alone for a file of an older version.
Shown shown_of(const base::Value& document, const fitting::RankedLaw& best) {
  const base::Value *summary = document.find("summary"), *limits = document.find("limits");
  if (summary == nullptr || limits == nullptr || !limits->is_list())
    return {nullptr, best, fit_summary(best.fit, {}), false, fit_limits(best, {}), ""};
  const base::Value* lack = document.find("lack_of_fit");
  const base::Value* significant = lack == nullptr ? nullptr : lack->find("significant");
  Shown shown{nullptr, best, summary->text(), significant != nullptr && significant->boolean(), {}, ""};
  const base::FieldReader fields(*limits, "write the file again with phaselaw fit --json");
  for (const base::FieldReader& item : fields.items())
    shown.limits.push_back({item.at("harm").as<Harm>(), item.at("text").text()});
  return shown;
}

}  // namespace

std::string fit_text(const FitAnswer& answer, bool verbose) {
  return text_of({answer.ranked ? &answer.ranking : nullptr, answer.best(), answer.summary,
                  answer.facts.lack_of_fit.has_value(), answer.limits, answer.audit ? audit_text(*answer.audit) : ""},
                 verbose);
}

std::vector<report::Table> fit_tables(const fitting::Ranking* ranking, const fitting::RankedLaw& best) {
  std::vector<report::Table> tables;
  if (ranking != nullptr) {
    tables.push_back(ranking_table(*ranking));
    tables.back().caption = "Laws by prediction error.";
  }
  tables.push_back(parameter_table(best.fit));
  tables.back().caption = law_line(best.fit);
  return tables;
}

FitDocument fit_document(const base::Value& document, const std::string& source) {
  fitting::Ranking ranking;
  for (fitting::SavedFit& saved : fitting::saved_fits_from(document, source))
    ranking.laws.push_back({std::move(saved.fit), saved.holdout, std::move(saved.backtest), 0, 0, 0});
  if (const base::Value* rule = document.find("rule"); rule != nullptr && rule->is_text()) ranking.rule = rule->text();
  Shown shown = shown_of(document, ranking.laws.front());
  const base::Value* order = document.find("ranking");
  if (order == nullptr || !order->is_list() || order->list().size() != ranking.laws.size())
    return {text_of(shown, false), fit_tables(nullptr, ranking.laws.front())};
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
  shown.ranking = &ranking;
  return {text_of(shown, false), fit_tables(&ranking, ranking.laws.front())};
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
