// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <optional>

#include "phaselaw/advice/checklist.h"
#include "phaselaw/advice/fit_page.h"
#include "phaselaw/advice/fit_tables.h"
#include "phaselaw/base/csv.h"
#include "phaselaw/base/files.h"
#include "phaselaw/cli/fit_flags.h"
#include "phaselaw/laws/predict.h"
#include "phaselaw/report/format.h"

// How a law of named columns is shown, or every law that the columns allow, ranked.
namespace phaselaw::cli {

namespace {

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

}  // namespace

void show(const Common& common, const FitFlags& flags, const verbs::TableFit& answer) {
  const laws::Ranking* ranking = answer.ranking ? &*answer.ranking : nullptr;
  if (common.json != "-") {
    if (ranking != nullptr) {
      const report::Table ranked = advice::ranking_table(*ranking);
      std::vector<std::vector<std::string>> rows = {ranked.columns};
      rows.insert(rows.end(), ranked.rows.begin(), ranked.rows.end());
      fmt::print("{}\nbest: ", text_table(rows));
    }
    print(answer.fit, answer.held_out);
  }
  if (!flags.out.empty()) {
    write_results(common, flags.out, "fit.json", answer.json,
                  advice::fit_page(answer.table, answer.fit, answer.options, ranking, answer.held_out));
    base::write_file(flags.out + "/residuals.csv", residuals_csv(answer.fit, answer.table, answer.options));
  } else {
    emit_json(common, answer.json);
  }
  if (common.json == "-") return;
  if (flags.checklist)
    fmt::print("{}", advice::fitting_checklist(answer.table, answer.fit, answer.options, answer.held_out));
  if (!flags.out.empty()) fmt::print("{}/report.html  fit.json  residuals.csv\n", flags.out);
}

}  // namespace phaselaw::cli
