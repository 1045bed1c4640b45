// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/fit_tables.h"
#include "phaselaw/cli/fit_flags.h"
#include "phaselaw/report/format.h"

// How a fit to curves in compute is shown.
namespace phaselaw::cli {

namespace {

void print_fit(const laws::Fit& fit) {
  fmt::print("{}: {}\n", fit.law, fit.formula);
  const report::Table table = advice::parameter_table(fit);
  std::vector<std::vector<std::string>> rows = {table.columns};
  rows.insert(rows.end(), table.rows.begin(), table.rows.end());
  fmt::print("{}{} rows, residual {} (std of ln loss), AICc {}; {} of {} starts agree, {}; {} intervals at {} %\n",
             text_table(rows), fit.n_points, report::format_number(fit.residual_scale),
             report::format_number(fit.aicc, 5), fit.convergence.agreed, fit.convergence.starts, fit.convergence.status,
             laws::to_string(fit.method), 100 * fit.level);
}

}  // namespace

void show(const Common& common, const FitFlags&, const verbs::CurvesFit& answer) {
  emit_json(common, answer.json);
  if (common.json == "-") return;
  if (answer.fit) return print_fit(*answer.fit);
  for (const auto& fit : answer.comparison->fits) print_fit(fit);
  fmt::print("early form: {}\n", answer.comparison->early_form);
}

}  // namespace phaselaw::cli
