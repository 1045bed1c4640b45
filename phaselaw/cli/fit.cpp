// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/advice/fit/fit_page.h"
#include "phaselaw/advice/fit/fit_tables.h"
#include "phaselaw/advice/fit/group_fits.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/grace.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/laws/catalogue.h"
#include "phaselaw/verbs/inputs.h"

// phaselaw fit TABLE|study.db [--law NAME|'EXPRESSION']
namespace phaselaw::cli {

namespace {

struct FitFlags {
  std::vector<std::string> tables;
  std::string out;
  advice::FitRequest request;
  bool laws = false, checklist = false;
};

void print_laws(const Common& common) {
  base::Value::List list;
  for (const laws::Law& law : laws::all_laws()) {
    base::Value::List parameters;
    for (const laws::Parameter& p : law.parameters)
      parameters.push_back(base::Value::table(
          {{"name", p.name}, {"domain", base::enum_name(p.domain)}, {"unit", p.unit}, {"meaning", p.meaning}}));
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
    show("{}: {}\n  {} = {}\n", law.name, law.help, law.output, law.expression.text());
    for (const laws::Parameter& p : law.parameters)
      show("    {}  {}{}, {}\n", p.name, p.unit.empty() ? "" : p.unit + ", ", base::enum_name(p.domain), p.meaning);
    show("  {}\n", law.source);
  }
  show("\nNAME@COLUMN reads another column; an expression such as 'E + A*N^-alpha' is also a law.\n");
}

// One fit for each group of --by.
void run_groups(const Common& common, const FitFlags& flags, documents::Reading reading) {
  const advice::GroupFits fits = advice::fit_groups(flags.request, std::move(reading));
  write_answer(common, flags.out, "fit.json", fits.json, [&] { return advice::group_page(fits); });
  if (common.json == "-") return;
  show("{}", advice::group_text(fits, common.verbose));
  if (flags.checklist)
    for (const advice::GroupFit& group : fits.groups)
      if (group.answer) show("\n{}\n{}", group.name, advice::fitting_checklist(*group.answer));
  if (!flags.out.empty()) show("{}/report.html  fit.json\n", flags.out);
}

void run_fit(const Common& common, FitFlags& flags) {
  require_outputs(common);
  if (flags.laws) {
    print_laws(common);
    return;
  }
  if (flags.tables.empty())
    throw base::InputError(
        "fit: a table is missing; see phaselaw fit --help, or list the laws with phaselaw fit --laws");
  if (!flags.out.empty()) base::require_writable_directory(flags.out, "--out");
  flags.request.validate();
  documents::Reading reading = verbs::read_input(flags.tables, flags.request.read);
  if (!flags.request.read.by.empty()) {
    run_groups(common, flags, std::move(reading));
    return;
  }
  const advice::FitAnswer answer = advice::fit(flags.request, std::move(reading));
  if (flags.out.empty()) {
    write_answer(common, "", "fit.json", answer.json, {});
  } else {
    const auto predicted =
        fitting::predict(answer.best().fit, answer.rows.data, answer.options, answer.rows.data.columns);
    const base::FinishFirst group;
    base::write_file(flags.out + "/residuals.csv", advice::residuals_csv(answer, predicted));
    write_results(common, flags.out, "fit.json", answer.json, advice::fit_page(answer, predicted));
  }
  if (common.json == "-") return;
  show("{}", advice::fit_text(answer, common.verbose));
  if (flags.checklist) show("{}", advice::fitting_checklist(answer));
  if (!flags.out.empty()) show("{}/report.html  fit.json  residuals.csv\n", flags.out);
}

}  // namespace

void add_fit(Program& program) {
  auto flags = std::make_shared<FitFlags>();
  add_verb(program, "fit", "fit a law to a table of runs or curves, or rank all laws that apply",
           "phaselaw fit runs.csv --out fitted\n  phaselaw fit runs.csv --law chinchilla --where 'dataset=c4'\n"
           "  phaselaw fit runs.csv --law 'E + A*N^-a + B*D^-b' --json fit.json\n"
           "  phaselaw fit study.db --law two-stage --rows envelope --fix E=0",
           [&program, flags] { run_fit(program.common, *flags); })
      .optional_positional("table", flags->tables,
                           "files, - or a folder with a loss and its inputs (docs/documents.md); or study.db")
      .flag("--laws", flags->laws, "list all laws with their formula, parameters and source")
      .fields(flags->request)
      .option("--out", flags->out, "directory for fit.json, report.html and residuals.csv")
      .page_files(program.common.page_files.figures, program.common.page_files.pdf)
      .flag("--mis-fitting-checklist", flags->checklist,
            "print a checklist, already filled in, of what a reader needs to repeat the fit")
      .verbose(program.common.verbose)
      .moved("--list", "--laws")
      .moved("--exponent", "--fix q=VALUE, such as --fix q=1/6")
      .moved("--floor", "--fix E=VALUE, or omit it to fit the floor");
}

}  // namespace phaselaw::cli
