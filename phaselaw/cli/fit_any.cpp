// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include "phaselaw/advice/checklist.h"
#include "phaselaw/advice/fit_page.h"
#include "phaselaw/advice/fit_tables.h"
#include "phaselaw/base/csv.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/log.h"
#include "phaselaw/cli/fit_flags.h"
#include "phaselaw/laws/fit_json.h"
#include "phaselaw/laws/predict.h"
#include "phaselaw/laws/selection.h"
#include "phaselaw/report/format.h"

// Any law of the engine on a table of runs, or every law that its columns allow, ranked.
namespace phaselaw::cli {

namespace {

laws::LawOptions law_options(const Common& common, const FitFlags& flags, const laws::MeasuredTable& table) {
  laws::LawOptions options;
  options.fit = fit_options(common, flags);
  options.fixed = named_values("--fix", flags.fixed);
  if (!flags.weights.empty()) options.fit.weights = table.numbers(flags.weights);
  if (!flags.sd.empty()) options.fit.sd = table.numbers(flags.sd);
  // Rows of one run share what the run is off by: they are drawn together.
  const bool several_rows = table.n_runs() > 1 && table.n_runs() < table.n_rows();
  if (flags.cluster == "auto") {
    if (several_rows) options.fit.cluster = table.run;
  } else if (flags.cluster != "none") {
    options.fit.cluster = table.texts(flags.cluster);
  }
  return options;
}

base::Value to_value(const std::optional<laws::Holdout>& held_out) {
  if (!held_out) return {};
  return base::Value::table({{"fraction", held_out->fraction},
                             {"n_fitted", held_out->n_fitted},
                             {"n_predicted", held_out->n_predicted},
                             {"compute_factor", held_out->compute_factor},
                             {"mean_abs_rel_error", held_out->mean_abs_rel_error},
                             {"bias", held_out->bias}});
}

// The fit as FIT.json with what predicting the largest runs gave.
base::Value fit_value(const laws::LawFit& fit, const std::optional<laws::Holdout>& held_out,
                      const std::vector<laws::Holdout>& backtest, const laws::MeasuredTable& table,
                      const laws::LawOptions& options) {
  base::Value value = laws::to_value(laws::SavedFit{fit, table.data, options});
  value["holdout"] = to_value(held_out);
  base::Value::List slices;
  for (const auto& slice : backtest) slices.push_back(to_value(slice));
  value["backtest"] = base::Value(std::move(slices));
  for (const auto& warning : table.warnings) value["warnings"].push_back(base::Value(warning));
  return value;
}

std::string residuals_csv(const laws::LawFit& fit, const laws::MeasuredTable& table, const laws::LawOptions& options) {
  const auto predicted = laws::predict(fit, table.data, options, table.data.columns);
  std::string csv = "line,run,measured,predicted,lo,hi,ln_residual\n";
  for (std::size_t i = 0; i < table.n_rows(); ++i) {
    std::string run = table.run[i];
    for (std::size_t at = 0; (at = run.find('"', at)) != std::string::npos; at += 2) run.insert(at, 1, '"');
    csv += fmt::format("{},\"{}\",{},{},{},{},{}\n", table.line[i], run, table.data.output[i], predicted.value[i],
                       base::csv_number(predicted.run_lo[i]), base::csv_number(predicted.run_hi[i]),
                       std::log(table.data.output[i] / predicted.value[i]));
  }
  return csv;
}

void print(const laws::LawFit& fit, const std::optional<laws::Holdout>& held_out) {
  const report::Table table = advice::parameter_table(fit, &fit.form);
  std::vector<std::vector<std::string>> rows = {table.columns};
  rows.insert(rows.end(), table.rows.begin(), table.rows.end());
  const auto& c = fit.convergence;
  fmt::print(
      "{}: {}\n{}{} rows, objective {}, residual {} (std of ln {}), AICc {}, BIC {}\n{} of {} starts agree, scaled "
      "gradient {}, condition {:.1e}: {}; {} intervals{}\n",
      fit.law, fit.formula, text_table(rows), fit.n_points, report::format_number(fit.objective_value, 8),
      report::format_number(fit.residual_scale), fit.form.output, report::format_number(fit.aicc, 5),
      report::format_number(fit.bic, 5), c.agreed, c.starts,
      c.gradient_norm < 1e-10 ? "below 1e-10" : report::format_number(c.gradient_norm, 2), c.condition, c.status,
      laws::to_string(fit.method), fit.clustered ? " of whole runs" : "");
  if (held_out)
    fmt::print(
        "held out: fitted to the cheapest {} rows, off by {} on average on the {} largest (bias {}), {} times "
        "the compute\n",
        held_out->n_fitted, advice::percent(held_out->mean_abs_rel_error), held_out->n_predicted,
        advice::percent(held_out->bias), report::format_number(held_out->compute_factor));
}

// What goes beside a fit: files, warnings.
void finish(const Common& common, const FitFlags& flags, const laws::MeasuredTable& table, const laws::LawFit& fit,
            const laws::LawOptions& options, const std::optional<laws::Holdout>& held_out,
            const std::vector<laws::Holdout>& backtest, const laws::Ranking* ranking, const base::Value& json) {
  std::vector<std::string> warnings = fit.warnings;
  if (const auto warning = laws::extrapolation_warning(held_out, backtest); !warning.empty())
    warnings.push_back(warning);
  if (!flags.out.empty()) {
    write_results(common, flags.out, "fit.json", json, advice::fit_page(table, fit, options, ranking, held_out));
    base::write_file(flags.out + "/residuals.csv", residuals_csv(fit, table, options));
  } else {
    emit_json(common, json);
  }
  for (const auto& warning : warnings) base::log_warning(warning);
  if (common.json == "-") return;
  if (flags.checklist) fmt::print("{}", advice::fitting_checklist(table, fit, options, held_out));
  if (!flags.out.empty()) fmt::print("{}/report.html  fit.json  residuals.csv\n", flags.out);
}

void fit_all(const Common& common, const FitFlags& flags, const laws::MeasuredTable& table,
             const laws::LawOptions& options) {
  std::vector<laws::Law> rivals;  // laws of the loss; others predict a batch or a learning rate
  std::copy_if(laws::all_laws().begin(), laws::all_laws().end(), std::back_inserter(rivals),
               [](const laws::Law& law) { return law.output == "loss"; });
  const auto ranking = laws::rank_laws(rivals, table.data, options, flags.holdout);
  const auto& best = ranking.laws.front();
  base::Value::List fits, order;
  for (const auto& ranked : ranking.laws) {
    fits.push_back(fit_value(ranked.fit, ranked.holdout, ranked.backtest, table, options));
    order.push_back(base::Value::table({{"law", ranked.fit.law},
                                        {"score", ranked.score},
                                        {"delta_aicc", ranked.delta_aicc},
                                        {"delta_bic", ranked.delta_bic},
                                        {"holdout", to_value(ranked.holdout)},
                                        {"certified", ranked.fit.convergence.certified}}));
  }
  const auto json = base::Value::table({{"fits", base::Value(std::move(fits))},
                                        {"ranking", base::Value(std::move(order))},
                                        {"notes", base::Value(ranking.notes)}});
  if (common.json != "-") {
    const report::Table ranked = advice::ranking_table(ranking);
    std::vector<std::vector<std::string>> rows = {ranked.columns};
    rows.insert(rows.end(), ranked.rows.begin(), ranked.rows.end());
    fmt::print("{}\nbest: ", text_table(rows));
    print(best.fit, best.holdout);
  }
  for (const auto& note : ranking.notes) base::log_info(note);
  finish(common, flags, table, best.fit, options, best.holdout, best.backtest, &ranking, json);
}

}  // namespace

void fit_any_law(const Common& common, const FitFlags& flags, const laws::MeasuredTable& table) {
  for (const auto& note : table.notes) base::log_info(note);
  for (const auto& warning : table.warnings) base::log_warning(warning);
  const laws::LawOptions options = law_options(common, flags, table);
  if (flags.law == "all") return fit_all(common, flags, table, options);
  const laws::Law law = laws::law_from(flags.law, table.data.columns.names);
  table.require(law.columns());
  const laws::LawFit fit = laws::fit_law(law, table.data, options);
  // Errors of prediction need no intervals.
  laws::LawOptions plain = options;
  plain.fit.interval = laws::IntervalMethod::none;
  const auto held_out = laws::holdout(law, table.data, plain, flags.holdout);
  const auto backtest = laws::backtest(law, table.data, plain);
  const auto json = fit_value(fit, held_out, backtest, table, options);
  if (common.json != "-") print(fit, held_out);
  finish(common, flags, table, fit, options, held_out, backtest, nullptr, json);
}

}  // namespace phaselaw::cli
