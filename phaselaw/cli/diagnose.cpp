// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/advice/diagnose/diagnose_request.h"
#include "phaselaw/base/files.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/verbs/inputs.h"

// phaselaw diagnose CURVE.csv...|study.db: finds the state of each loss curve, its exponent, floor and gain, and what to do next.
namespace phaselaw::cli {

namespace {

struct DiagnoseFlags {
  std::vector<std::string> files;
  std::string out;
  advice::DiagnoseRequest request;
};

void run_diagnose(const Common& common, DiagnoseFlags& flags) {
  require_outputs(common);
  flags.request.options.validate();
  if (!flags.out.empty()) base::require_writable_directory(flags.out, "--out");
  flags.request.options.profiles = !flags.out.empty();
  std::vector<documents::Reading> readings = verbs::read_inputs(flags.files, flags.request.read, true);
  const advice::DiagnoseAnswer answer = advice::diagnose(flags.request, std::move(readings));
  write_answer(common, flags.out, "diagnose.json", answer.json,
               [&] { return advice::diagnose_page(answer.diagnoses); });
  if (common.json == "-") return;
  show("{}", advice::diagnose_text(answer.diagnoses));
  if (!flags.out.empty()) show("\n{}/report.html  diagnose.json\n", flags.out);
}

}  // namespace

void add_diagnose(Program& program) {
  auto flags = std::make_shared<DiagnoseFlags>();
  add_verb(program, "diagnose", "find the state of loss curves, their exponent, floor and gain, and what to do next",
           "phaselaw diagnose curves.csv.gz --col loss=train_loss --out diagnosis",
           [&program, flags] { run_diagnose(program.common, *flags); })
      .positional("curves", flags->files,
                  "files, - or a folder with a loss and step, tokens or compute (docs/documents.md); or study.db")
      .fields(flags->request)
      .option("--out", flags->out, "directory for report.html (curves, fitted forms, residuals) and diagnose.json")
      .page_files(program.common.page_files.figures, program.common.page_files.pdf)
      .moved("--page", "--out")
      .moved("--last", "all rows of each run; diagnose needs the whole curve");
}

}  // namespace phaselaw::cli
