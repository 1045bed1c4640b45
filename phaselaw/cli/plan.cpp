// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/advice/plan/plan_page.h"
#include "phaselaw/base/files.h"
#include "phaselaw/cli/common.h"

// phaselaw plan --fit FIT.json --compute C: sizes to train for a compute, or the compute for a loss, with intervals.
namespace phaselaw::cli {

namespace {

struct PlanFlags {
  std::string fit, out;
  advice::PlanRequest request;
};

void run_plan(const Common& common, const PlanFlags& flags) {
  flags.request.validate();
  require_outputs(common);
  if (!flags.out.empty()) base::require_writable_directory(flags.out, "--out");
  const advice::PlanAnswer answer = advice::plan(base::read_json(flags.fit), flags.fit, flags.request);
  write_answer(common, flags.out, "plan.json", answer.json,
               [&] { return advice::plan_page(answer, flags.request.options.situation); });
  if (common.json == "-") return;
  show("{}", advice::plan_text(answer, common.verbose));
  if (!flags.out.empty()) show("\n{}/report.html  plan.json\n", flags.out);
}

}  // namespace

void add_plan(Program& program) {
  auto flags = std::make_shared<PlanFlags>();
  add_verb(program, "plan",
           "choose sizes for a compute, the compute for a loss, the loss of given sizes, or the next run, from a fit",
           "phaselaw plan --fit fit.json --compute 1e21 1e24 --out plan",
           [&program, flags] { run_plan(program.common, *flags); })
      .required("--fit", flags->fit, "fit file (JSON) written by phaselaw fit")
      .fields(flags->request)
      .moved("--next-budget", "--next-most-compute")
      .verbose(program.common.verbose)
      .option("--out", flags->out, "directory for report.html and plan.json")
      .page_files(program.common.page_files.figures, program.common.page_files.pdf);
}

}  // namespace phaselaw::cli
