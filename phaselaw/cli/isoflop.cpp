// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/advice/isoflop_page.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/log.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/laws/isoflop.h"
#include "phaselaw/laws/measured_table.h"

// phaselaw isoflop TABLE.csv: the compute-optimal size by Hoffmann's three methods, side by side.
namespace phaselaw::cli {

namespace {

struct IsoflopFlags {
  std::string table, out, law = "chinchilla";
  std::vector<std::string> columns, where;
  double tolerance = 0.1, window = 10, level = 0.95;
  int resamples = 400;
};

void run_isoflop(const Common& common, const IsoflopFlags& flags) {
  laws::IsoflopOptions options;
  options.tolerance = flags.tolerance;
  options.window = flags.window;
  options.law = flags.law;
  options.fit.resamples = flags.resamples;
  options.fit.level = flags.level;
  options.fit.interval = laws::IntervalMethod::bootstrap;
  options.fit.seed = static_cast<std::uint64_t>(common.seed.value_or(0));
  options.validate();
  require_outputs(common);
  if (!flags.out.empty()) base::require_writable_directory(flags.out, "--out");
  laws::ReadOptions reading;
  for (const std::string& column : flags.columns) {
    const auto equals = column.find('=');
    if (equals == std::string::npos || equals == 0)
      throw base::InputError({"--col"}, fmt::format("expected name=COLUMN, e.g. loss=val_loss; found '{}'", column));
    reading.columns[column.substr(0, equals)] = column.substr(equals + 1);
  }
  reading.where = flags.where;
  const laws::MeasuredTable table = laws::read_measured(flags.table, reading);
  for (const std::string& note : table.notes) base::log_info(note);
  for (const std::string& warning : table.warnings) base::log_warning(warning);
  table.require({"n_params", "tokens", "compute"});
  const bool named = table.n_runs() > 1;
  const laws::IsoflopResult result = laws::isoflop(table.data, named ? table.run : std::vector<std::string>{}, options);
  for (const std::string& note : result.notes) base::log_warning(note);
  const base::Value json = laws::to_value(result);
  if (flags.out.empty())
    emit_json(common, json);
  else
    write_results(common, flags.out, "isoflop.json", json, advice::isoflop_page(result));
  if (common.json == "-") return;
  fmt::print("{}\n\n{}\n{}", advice::isoflop_answer(result), text_table(advice::isoflop_methods(result)),
             text_table(advice::isoflop_vertices(result)));
  if (!flags.out.empty()) fmt::print("\n{}/report.html  isoflop.json\n", flags.out);
}

}  // namespace

void add_isoflop(Program& program) {
  auto flags = std::make_shared<IsoflopFlags>();
  add_verb(program, "isoflop", "the compute-optimal size in three ways, with the bias of each",
           "phaselaw isoflop runs.csv --out isoflop", [&program, flags] { run_isoflop(program.common, *flags); })
      .positional("table", flags->table, "CSV, TSV or JSONL with n_params, tokens, loss and compute (else 6ND)")
      .option("--out", flags->out, "directory for report.html and isoflop.json")
      .option("--col", flags->columns, "name=COLUMN for n_params, tokens, compute, loss or run")
      .option("--where", flags->where, "COLUMN=VALUE: these rows only")
      .option("--law", flags->law, "of method 3: a law of n_params and tokens")
      .option("--tolerance", flags->tolerance, "computes within this share of each other are one budget")
      .option("--window", flags->window, "a parabola goes through sizes within this factor of the lowest run's")
      .option("--level", flags->level, "of the intervals")
      .option("--resamples", flags->resamples, "of the intervals", 2);
}

}  // namespace phaselaw::cli
