// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/base/files.h"
#include "phaselaw/cli/fit_flags.h"

// phaselaw fit TABLE|study.db --law NAME|all|'EXPRESSION'
namespace phaselaw::cli {

namespace {

void print_laws(const Common& common) {
  base::Value::List list;
  for (const laws::Law& law : laws::all_laws()) {
    base::Value::List parameters;
    for (const laws::Parameter& p : law.parameters)
      parameters.push_back(base::Value::table(
          {{"name", p.name}, {"domain", laws::to_string(p.domain)}, {"unit", p.unit}, {"meaning", p.meaning}}));
    list.push_back(base::Value::table({{"name", law.name},
                                       {"help", law.help},
                                       {"formula", law.expression.text()},
                                       {"output", law.output},
                                       {"columns", base::Value(law.columns())},
                                       {"parameters", base::Value(std::move(parameters))},
                                       {"source", law.source}}));
  }
  emit_json(common, base::Value::table({{"laws", base::Value(std::move(list))}}));
  if (common.json == "-") return;
  for (const laws::Law& law : laws::all_laws()) {
    fmt::print("{}: {}\n  {} = {}\n", law.name, law.help, law.output, law.expression.text());
    for (const laws::Parameter& p : law.parameters)
      fmt::print("    {}  {}{}, {}\n", p.name, p.unit.empty() ? "" : p.unit + ", ", laws::to_string(p.domain),
                 p.meaning);
    fmt::print("  {}\n", law.source);
  }
  fmt::print("\nNAME@COLUMN takes another column; an expression such as 'E + A*N^-alpha' is a law too.\n");
}

void run_fit(const Common& common, const FitFlags& flags) {
  require_outputs(common);
  if (flags.laws) {
    print_laws(common);
    return;
  }
  if (flags.table.empty()) throw base::InputError("fit: expected a table; see phaselaw fit --help, or fit --laws");
  const verbs::FitRequest request = fit_request(common, flags);
  if (!flags.out.empty()) base::require_writable_directory(flags.out, "--out");
  const bool page = !flags.out.empty() || flags.checklist;
  const verbs::FitAnswer answer = verbs::fit(request, flags.table, read_options(flags), page);
  std::visit([&](const auto& shown) { show(common, flags, shown); }, answer);
}

}  // namespace

void add_fit(Program& program) {
  auto flags = std::make_shared<FitFlags>();
  add_verb(
      program, "fit", "fit a law to a table of runs, or the two-stage law to curves; intervals, ranking, a page",
      "phaselaw fit runs.csv --law chinchilla --out fitted\n  phaselaw fit runs.csv --law all --where "
      "'dataset=c4'\n  phaselaw fit runs.csv --law 'E + A*N^-a + B*D^-b' --json fit.json\n  phaselaw fit curve.csv",
      [&program, flags] { run_fit(program.common, *flags); })
      .optional_positional("table", flags->table, "CSV, TSV or JSON lines with a loss and its inputs; or study.db")
      .option("--law", flags->law, "a name (see --laws), all: every law the columns allow, ranked, or an expression")
      .flag("--laws", flags->laws, "list all laws with formula, parameters and source")
      .flag("--list", flags->laws, "the same as --laws")
      .option("--objective", flags->objective,
              "huber, l1, l2 or asymmetric on the residual of ln loss; l1-raw, l2-raw on the loss")
      .words("huber|l1|l2|asymmetric|l1-raw|l2-raw")
      .option("--delta", flags->delta, "where huber bends, in ln loss")
      .option("--asymmetry", flags->asymmetry, "with asymmetric: how much more rows below the law weigh")
      .option("--interval", flags->interval, "how; automatic: profile for l2 without clusters, else bootstrap")
      .words("automatic|bootstrap|bca|profile|sandwich|none")
      .option("--level", flags->level, "of the intervals")
      .option("--resamples", flags->resamples, "bootstrap resamples", 2)
      .option("--cluster", flags->cluster,
              "column whose rows are resampled together; auto: the run's where runs have several rows; none")
      .option("--holdout", flags->holdout, "share of the rows, the largest by compute, that is predicted from the rest")
      .option("--fix", flags->fixed, "name=value: a parameter that is known")
      .option("--loss", flags->loss, "column of the loss")
      .option("--col", flags->columns, "name=COLUMN, when a name is not recognised: loss, n_params, tokens, run, ...")
      .option("--scale", flags->scale, "name=FACTOR: multiply a column, e.g. n_params=1e9")
      .option("--where", flags->where, "rows to take: column=value, column!=value, column>=number; may be repeated")
      .flag("--last", flags->last, "the last row of each run only")
      .option("--weights", flags->weights, "column of weights")
      .option("--sd", flags->sd, "column of the standard error of ln loss")
      .option("--exponent", flags->exponent, "two-stage: free, or fixed: 1/6, 1/7, 0.2")
      .option("--floor", flags->floor, "two-stage: free, a number, or auto: 0 for an excess risk, free for a loss")
      .option("--out", flags->out, "directory for fit.json, report.html, residuals.csv")
      .page_files(program.common.page_files.figures, program.common.page_files.pdf)
      .flag("--mis-fitting-checklist", flags->checklist, "print what a reader needs to repeat the fit, filled in");
}

}  // namespace phaselaw::cli
