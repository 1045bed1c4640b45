// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/advice/isoflop/isoflop_request.h"
#include "phaselaw/base/files.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/verbs/inputs.h"

// phaselaw isoflop TABLE.csv: the compute-optimal size by envelope, parabola, spline and parametric law.
namespace phaselaw::cli {

namespace {

struct IsoflopFlags {
  std::vector<std::string> tables;
  std::string out;
  advice::IsoflopRequest request;
};

void run_isoflop(const Common& common, IsoflopFlags& flags) {
  require_outputs(common);
  flags.request.options.validate();
  if (!flags.out.empty()) base::require_writable_directory(flags.out, "--out");
  documents::Reading reading = verbs::read_input(flags.tables, flags.request.read);
  const advice::IsoflopAnswer answer = advice::isoflop(flags.request, std::move(reading));
  write_answer(common, flags.out, "isoflop.json", answer.json, [&] { return advice::isoflop_page(answer); });
  if (common.json == "-") return;
  show("{}", advice::isoflop_text(answer));
  if (!flags.out.empty()) show("{}/report.html  isoflop.json\n", flags.out);
}

}  // namespace

void add_isoflop(Program& program) {
  auto flags = std::make_shared<IsoflopFlags>();
  add_verb(program, "isoflop", "find compute-optimal sizes from runs of equal compute by three methods",
           "phaselaw isoflop runs.csv --out isoflop", [&program, flags] { run_isoflop(program.common, *flags); })
      .positional("table", flags->tables,
                  "files, - or a folder with n_params, loss, and compute or tokens (docs/documents.md); or study.db")
      .fields(flags->request)
      .option("--out", flags->out, "directory for report.html and isoflop.json")
      .page_files(program.common.page_files.figures, program.common.page_files.pdf);
}

}  // namespace phaselaw::cli
