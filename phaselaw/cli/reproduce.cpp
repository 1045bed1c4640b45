// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/reproduce.h"

#include <memory>

#include "phaselaw/base/format.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/report/format.h"

// phaselaw reproduce --preset quick --out DIR: the paper's experiments, claims and page.
namespace phaselaw::cli {

namespace {

void print(const reproduce::Reproduction& result) {
  std::vector<std::vector<std::string>> rows = {{"claim", "predicted", "measured", "verdict"}};
  for (const auto& claim : result.claims)
    rows.push_back({claim.id, claim.predicted_text, base::format_value(claim.measured, claim.lo, claim.hi),
                    base::enum_to_text(claim.verdict)});
  fmt::print("{}\n{} in {}\n{}\n", text_table(rows), result.results, base::format_duration(result.seconds),
             result.page);
}

void run_reproduce(const Common& common, reproduce::ReproduceOptions options) {
  options.made_by = made_by(common);
  options.page_files = common.page_files;
  require_outputs(common);
  const auto result = reproduce::reproduce(options);
  emit_json(common, base::Value::table({{"claims", report::to_value(result.claims)},
                                        {"complete", result.unfinished.empty()},
                                        {"unfinished", base::Value(result.unfinished)},
                                        {"page", result.page},
                                        {"results", result.results},
                                        {"seconds", result.seconds}}));
  if (common.json != "-") print(result);
  if (!result.unfinished.empty())
    throw base::Interrupted(
        fmt::format("not finished: {}; the same command carries out the rest", fmt::join(result.unfinished, ", ")));
}

}  // namespace

void add_reproduce(Program& program) {
  auto options = std::make_shared<reproduce::ReproduceOptions>();
  add_verb(program, "reproduce", "carry out the paper's experiments and judge its claims",
           "phaselaw reproduce --preset quick --out demo",
           [&program, options] { run_reproduce(program.common, *options); })
      .option("--preset", options->preset,
              "quick: every experiment in minutes; full: more sizes, seeds and compute, within 90 minutes on two cores")
      .words("quick|full")
      .option("--only", options->only, "an experiment, such as E2 or E1.text; may be repeated; default: all")
      .option("--time-limit", options->time_limit,
              "seconds; what is not finished then is left to the next call, and the page says so")
      .option("--text", options->text, "UTF-8 file or directory; default: the texts of Debian's package fortunes")
      .option("--arrays-x", options->arrays_x,
              ".npy of your own inputs for E1.arrays, (n, seq_len, d_model); with --arrays-y")
      .option("--arrays-y", options->arrays_y, ".npy of their targets, (n, seq_len, d_out)")
      .option("--seed", options->seed, "seed of every random draw; default: the presets'", 0)
      .option("--threads", options->threads, "workers; default: one a core", 1)
      .required("--out", options->out, "directory for report.html, results.json and the stores")
      .page_files(program.common.page_files.figures, program.common.page_files.pdf);
}

}  // namespace phaselaw::cli
