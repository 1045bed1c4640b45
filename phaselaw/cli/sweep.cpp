// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <set>

#include "phaselaw/base/format.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/report/format.h"
#include "phaselaw/verbs/sweep.h"

// phaselaw sweep STUDY.toml --out study.db: runs a study; can be resumed.
namespace phaselaw::cli {

namespace {

struct SweepFlags {
  verbs::SweepRequest request;
  std::string study;
  bool dry_run = false;
};

// The computed keys of the study, without those that have a column anyway.
std::vector<std::string> computed_columns(const verbs::SweepPlan& plan, const std::vector<std::string>& heading) {
  std::set<std::string> keys;
  for (const auto& run : plan.runs)
    for (const auto& [key, value] : run.point->computed)
      if (std::find(heading.begin(), heading.end(), key.substr(key.find('.') + 1)) == heading.end()) keys.insert(key);
  return {keys.begin(), keys.end()};
}

std::string computed_text(const sweep::Point& point, const std::string& key) {
  const base::Value all = sweep::resolved(point.experiment);
  const std::size_t dot = key.find('.');
  const base::Value* value = all.at(key.substr(0, dot)).find(key.substr(dot + 1));
  if (value == nullptr || !value->is_number()) return value == nullptr ? "" : base::to_json(*value, -1);
  return value->is_integer() ? base::format_count(value->number()) : base::format_number(value->number(), 6);
}

// Lists the runs to do, the cost of each on this machine, and the time of all.
void list_runs(const Common& common, const verbs::SweepRequest& request) {
  require_outputs(common);
  const auto plan = verbs::plan_sweep(request, ranks::launch());
  emit_json(common, plan.json);
  if (common.json == "-") return;
  if (plan.runs.empty()) {
    show("0 runs to do: all {} runs of the study are in {}\n", plan.study.points.size(), request.out);
    return;
  }
  const bool ladder =
      std::any_of(plan.runs.begin(), plan.runs.end(), [](const auto& run) { return run.point->wanted_params > 0; });
  std::vector<std::string> heading = {"run",     "key",      "seed",   "n_params", "n_layers", "d_model",
                                      "n_heads", "d_hidden", "n_data", "steps",    "cost",     "time"};
  if (ladder) heading.insert(heading.begin() + 4, "wanted");
  const std::vector<std::string> computed = computed_columns(plan, heading);
  heading.insert(heading.end() - 2, computed.begin(), computed.end());
  std::vector<std::vector<std::string>> rows = {heading};
  for (const auto& [p, threads, seconds] : plan.runs) {
    const auto& e = p->experiment;
    std::vector<std::string> row = {fmt::to_string(p->index),
                                    p->key,
                                    fmt::to_string(e.seed),
                                    base::format_count(p->n_params),
                                    fmt::to_string(e.model.n_layers),
                                    base::format_count(e.model.d_model),
                                    fmt::to_string(e.model.n_heads),
                                    base::format_count(e.model.d_hidden),
                                    base::format_count(e.data.n_data),
                                    base::format_count(e.training.steps),
                                    base::format_flop(p->cost_flop),
                                    base::format_duration(seconds)};
    for (const std::string& key : computed) row.insert(row.end() - 2, computed_text(*p, key));
    if (ladder)
      row.insert(row.begin() + 4,
                 fmt::format("{} ({:+.1f} %)", base::format_number(p->wanted_params, 3, base::Notation::suffix),
                             100 * (static_cast<double>(p->n_params) / p->wanted_params - 1)));
    rows.push_back(std::move(row));
  }
  show("{}{} runs{}, {} in all, about {} on {} worker{}: {}\n", text_table(rows), plan.runs.size(),
       plan.already_there == 0 ? "" : fmt::format(" ({} more are in {})", plan.already_there, request.out),
       base::format_flop(plan.compute_flop), base::format_duration(plan.threads.seconds), plan.workers,
       plan.workers == 1 ? "" : "s", plan.threads.in_words());
}

void run_sweep(const Common& common, SweepFlags& flags) {
  const auto& launch = ranks::launch();
  flags.request.study = flags.study;
  if (flags.dry_run) {
    if (launch.rank == 0) list_runs(common, flags.request);
    return;
  }
  if (launch.rank == 0) require_outputs(common);
  const auto [summary, json] = verbs::sweep(flags.request, launch);
  emit_json(common, json);
  if (common.json != "-")
    show("{} runs done ({} diverged), {} already in the store; {} on {} threads{}\n{}\n", summary.done,
         summary.diverged, summary.already_there, base::format_duration(summary.seconds), summary.threads,
         launch.several() ? fmt::format(" of {} ranks", launch.size) : "", flags.request.out);
}

}  // namespace

void add_sweep(Program& program) {
  auto flags = std::make_shared<SweepFlags>();
  add_verb(program, "sweep", "run all experiments of a study; run it again to resume",
           "phaselaw sweep examples/study.toml --out study.db",
           [&program, flags] { run_sweep(program.common, *flags); })
      .positional("study", flags->study, "study file (TOML): an experiment with a [grid]; keys: phaselaw keys")
      .option("--out", flags->request.out,
              "store to write, such as study.db; an existing store of the same study is resumed")
      .flag("--dry-run", flags->dry_run, "list the runs with their cost and time on this machine, and stop")
      .fields(flags->request);
}

}  // namespace phaselaw::cli
