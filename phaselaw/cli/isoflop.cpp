// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/advice/isoflop_page.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/log.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/cli/fit_flags.h"
#include "phaselaw/laws/isoflop.h"

// phaselaw isoflop TABLE.csv: the compute-optimal size by envelope, parabola, spline and parametric law, side by side.
namespace phaselaw::cli {

namespace {

struct IsoflopFlags {
  FitFlags fit;
  double tolerance = 0.1, window = 10;
};

void run_isoflop(const Common& common, const IsoflopFlags& flags) {
  require_outputs(common);
  laws::IsoflopOptions options;
  options.tolerance = flags.tolerance;
  options.window = flags.window;
  options.law = flags.fit.law;
  options.fit = fit_options(common, flags.fit);
  options.validate();
  if (!flags.fit.out.empty()) base::require_writable_directory(flags.fit.out, "--out");
  const auto table = laws::read_measured(flags.fit.table, read_options(flags.fit));
  for (const auto& warning : table.warnings) base::log_warning(warning);
  const auto result = laws::isoflop(table.data, table.n_runs() > 1 ? table.run : std::vector<std::string>{}, options);
  for (const auto& note : result.notes) base::log_warning(note);
  const base::Value json = laws::to_value(result);
  if (flags.fit.out.empty())
    emit_json(common, json);
  else
    write_results(common, flags.fit.out, "isoflop.json", json, advice::isoflop_page(result));
  if (common.json == "-") return;
  fmt::print("{}", text_table(advice::isoflop_rows(result)));
  if (!flags.fit.out.empty()) fmt::print("{}/report.html  isoflop.json\n", flags.fit.out);
}

}  // namespace

void add_isoflop(Program& program) {
  auto flags = std::make_shared<IsoflopFlags>();
  flags->fit.law = "chinchilla";
  auto& fit = flags->fit;
  add_verb(program, "isoflop", "compute-optimal sizes from runs of equal compute: three methods beside each other",
           "phaselaw isoflop runs.csv --out isoflop", [&program, flags] { run_isoflop(program.common, *flags); })
      .positional("table", fit.table, "CSV, TSV or JSON lines with compute (or tokens), n_params and loss")
      .option("--law", fit.law, "of the parametric method")
      .option("--tolerance", flags->tolerance, "budgets within this relative distance are one")
      .option("--window", flags->window, "parabola: rows within this factor of the lowest row's size")
      .option("--objective", fit.objective, "of the parametric method: huber, l1, l2, ...")
      .option("--resamples", fit.resamples, "bootstrap resamples of every method", 2)
      .option("--level", fit.level, "of the intervals")
      .option("--col", fit.columns, "name=COLUMN, when a name is not recognised: compute, n_params, tokens, loss, run")
      .option("--where", fit.where, "rows to take: column=value, column!=value, column>=number; may be repeated")
      .option("--out", fit.out, "directory for report.html and isoflop.json")
      .page_files(program.common.page_files.figures, program.common.page_files.pdf);
}

}  // namespace phaselaw::cli
