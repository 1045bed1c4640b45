// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/reproduce.h"

#include <memory>

#include "phaselaw/base/progress.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/report/format.h"

// phaselaw reproduce --preset quick --out DIR: the paper's experiments, claims and page.
namespace phaselaw::cli {

namespace {

void run_reproduce(const Common& common, reproduce::ReproduceOptions options) {
  options.threads = common.threads;
  options.seed = common.seed;
  options.made_by = made_by(common);
  require_outputs(common);
  const auto result = reproduce::reproduce(options);
  emit_json(common, base::Value::table({{"claims", report::to_value(result.claims)},
                                        {"page", result.page},
                                        {"results", result.results},
                                        {"seconds", result.seconds}}));
  if (common.json == "-") return;
  std::vector<std::vector<std::string>> rows = {{"claim", "predicted", "measured", "verdict"}};
  for (const auto& claim : result.claims)
    rows.push_back({claim.id, claim.predicted_text, report::format_value(claim.measured, claim.lo, claim.hi),
                    base::enum_to_text(claim.verdict)});
  fmt::print("{}\n{} in {}\n{}\n", text_table(rows), result.results, base::format_duration(result.seconds),
             result.page);
}

}  // namespace

void add_reproduce(Program& program) {
  auto options = std::make_shared<reproduce::ReproduceOptions>();
  add_verb(program, "reproduce", "carry out the paper's experiments and judge its claims",
           "phaselaw reproduce --preset quick --out demo",
           [&program, options] { run_reproduce(program.common, *options); })
      .option("--preset", options->preset, "quick: experiment 1 on a teacher and on text, minutes")
      .option("--text", options->text, "UTF-8 file or directory; default: the texts of Debian's package fortunes")
      .required("--out", options->out, "directory for report.html, results.json and the stores");
}

}  // namespace phaselaw::cli
