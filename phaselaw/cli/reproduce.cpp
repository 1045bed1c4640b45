// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/reproduce.h"

#include <algorithm>
#include <memory>

#include "phaselaw/base/format.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/report/findings.h"
#include "phaselaw/report/format.h"

// phaselaw reproduce --preset quick --out DIR: runs the paper's experiments, judges its claims, and writes a page.
namespace phaselaw::cli {

namespace {

// What was found, grouped by where the statements come from.
void print(const reproduce::Reproduction& result) {
  show("{}\n", result.answer);
  for (const auto& group : report::kStandingGroups) {
    std::vector<const report::Claim*> claims;
    std::vector<std::vector<std::string>> rows = {{"claim", "predicted", "measured", "p", "verdict"}};
    for (const auto& claim : result.claims) {
      if (claim.standing != group.standing) continue;
      claims.push_back(&claim);
      const bool self_check = claim.standing == report::Standing::kSelfCheck;
      const double p = self_check ? std::min(claim.p_supporting, claim.p_refuting) : claim.p_adjusted;
      rows.push_back({claim.id, report::predicted_text(claim), base::format_value(claim.measured, claim.lo, claim.hi),
                      p < 1e-3 ? "<0.001" : base::format_number(p, 2), base::enum_to_text(claim.verdict)});
    }
    if (!claims.empty()) show("\n{}. {}\n{}", group.heading, report::verdicts_in_words(claims), text_table(rows));
  }
  show("\n{} in {}\n{}\n", result.results, base::format_duration(result.seconds), result.page);
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
        fmt::format("not finished: {}; run the same command again for the rest", fmt::join(result.unfinished, ", ")));
}

}  // namespace

void add_reproduce(Program& program) {
  auto options = std::make_shared<reproduce::ReproduceOptions>();
  add_verb(program, "reproduce", "run the paper's experiments and judge its claims",
           "phaselaw reproduce --preset quick --out demo",
           [&program, options] { run_reproduce(program.common, *options); })
      .option(
          "--preset", options->preset,
          "quick: every experiment, in minutes; full: more sizes, seeds and compute, within 90 minutes on two cores")
      .words("quick|full")
      .option("--only", options->only, "experiment to run, such as E2 or E1.text; may be repeated (default: all)")
      .option("--time-limit", options->time_limit,
              "stop after this time; the same command run again continues, and the page lists what is missing",
              base::positive().up_to(1e9).in("s"))
      .option("--text", options->text, "UTF-8 file or directory of texts (default: those of Debian's package fortunes)")
      .option("--arrays-x", options->arrays_x,
              ".npy file of your own inputs for E1.arrays, shape (n, seq_len, d_model); needs --arrays-y")
      .option("--arrays-y", options->arrays_y, ".npy file of their targets, shape (n, seq_len, d_out)")
      .fields(options->own)
      .option("--seed", options->seed, "seed of all random draws (default: the seed of each preset)", base::seeds())
      .option("--threads", options->threads, "number of worker threads; 0: all cores", base::thread_counts())
      .required("--out", options->out, "directory for report.html, results.json and the stores")
      .page_files(program.common.page_files.figures, program.common.page_files.pdf);
}

}  // namespace phaselaw::cli
