// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/sweep.h"

#include <memory>

#include "phaselaw/base/files.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/report/format.h"

// phaselaw sweep STUDY.toml --out study.db: all runs of a study, resumable.
namespace phaselaw::cli {

namespace {

struct SweepFlags {
  std::string study, out;
  bool dry_run = false;
};

void list_runs(const sweep::Study& study) {
  std::vector<std::vector<std::string>> rows = {
      {"run", "key", "seed", "n_data", "d_hidden", "n_layers", "steps", "cost"}};
  double total = 0;
  for (const auto& p : study.points) {
    const auto& e = p.experiment;
    rows.push_back({fmt::to_string(p.index), p.key, fmt::to_string(e.seed), fmt::to_string(e.data.n_data),
                    fmt::to_string(e.model.d_hidden), fmt::to_string(e.model.n_layers),
                    fmt::to_string(e.training.steps), report::format_flop(p.cost_flop)});
    total += p.cost_flop;
  }
  fmt::print("{}{} runs, {} in all\n", text_table(rows), study.points.size(), report::format_flop(total));
}

void run_sweep(const Common& common, const SweepFlags& flags) {
  auto document = base::read_toml(flags.study);
  if (common.seed) document["seed"] = *common.seed;
  const auto study = sweep::study_from(document);
  if (flags.dry_run) return list_runs(study);
  if (flags.out.empty()) throw base::InputError({"--out"}, "expected the study's store, e.g. --out study.db");
  base::require_writable_file(flags.out, "--out");
  require_outputs(common);
  auto store = store::Store::open_or_create(flags.out, study.json, study.key);
  const auto summary = sweep::run_study(study, store, {.threads = common.threads});
  emit_json(common, base::Value::table({{"runs", static_cast<std::int64_t>(study.points.size())},
                                        {"done", summary.done},
                                        {"diverged", summary.diverged},
                                        {"already_there", summary.already_there},
                                        {"threads", summary.threads},
                                        {"seconds", summary.seconds}}));
  if (common.json != "-")
    fmt::print("{} runs carried out ({} diverged), {} were there already; {} on {} threads\n{}\n", summary.done,
               summary.diverged, summary.already_there, base::format_duration(summary.seconds), summary.threads,
               flags.out);
}

}  // namespace

void add_sweep(Program& program) {
  auto flags = std::make_shared<SweepFlags>();
  add_verb(program, "sweep", "carry out all runs of a study; run it again to resume",
           "phaselaw sweep examples/study.toml --out study.db",
           [&program, flags] { run_sweep(program.common, *flags); })
      .positional("study", flags->study, "study file (TOML): an experiment with a [grid]; keys: phaselaw keys")
      .option("--out", flags->out, "the store, study.db; an existing one of the same study is resumed")
      .flag("--dry-run", flags->dry_run, "list the runs and their cost, and stop");
}

}  // namespace phaselaw::cli
