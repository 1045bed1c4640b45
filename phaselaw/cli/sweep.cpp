// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/sweep.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>

#include "phaselaw/base/files.h"
#include "phaselaw/base/log.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/ranks/launch.h"
#include "phaselaw/ranks/sweep.h"
#include "phaselaw/report/format.h"
#include "phaselaw/sweep/cost.h"

// phaselaw sweep STUDY.toml --out study.db: all runs of a study, resumable.
namespace phaselaw::cli {

namespace {

struct SweepFlags {
  std::string study, out, shard;
  double checkpoint_every = sweep::SweepOptions{}.snapshot_every_s;
  bool dry_run = false;
};

// The study, with --seed, of which this processor can carry out every run.
sweep::Study read_study(const Common& common, const SweepFlags& flags) {
  auto document = base::read_toml(flags.study);
  if (common.seed) document["seed"] = *common.seed;
  auto study = sweep::study_from(document);
  for (const auto& point : study.points) training::require_precision(point.experiment.training.precision);
  return study;
}

// The runs of the shard, what each costs here, and how long all take. --out names a store whose runs count as done.
void list_runs(const Common& common, const SweepFlags& flags, const sweep::Shard& shard) {
  require_outputs(common);
  const auto study = read_study(common, flags);
  const std::string& out = flags.out;
  std::set<std::int64_t> there;
  if (!out.empty() && std::filesystem::exists(out)) {
    const auto store = store::Store::open_read(out);
    if (store.study_key() == study.key) there = store.finished_runs();
  }
  auto points = sweep::points_of(study, shard);
  std::erase_if(points, [&](const sweep::Point* p) { return there.contains(p->index); });
  if (points.empty()) {
    fmt::print("0 runs: all {} of the study are in {}\n", study.points.size(), out);
    return;
  }
  const auto& launch = ranks::launch();
  const int threads = common.threads > 0 ? common.threads : launch.several() ? 1 : sweep::default_threads();
  const int workers = std::min(threads * launch.size, static_cast<int>(std::min<std::size_t>(points.size(), 1 << 20)));
  const auto model = sweep::calibrate(points, launch.several() ? 1 : threads);
  const auto plan =
      launch.several() ? sweep::one_thread_each(points, model, workers) : sweep::plan_threads(points, model, threads);
  const bool ladder = std::any_of(points.begin(), points.end(), [](const auto* p) { return p->wanted_params > 0; });
  std::vector<std::string> heading = {"run",     "key",      "seed",   "n_params", "n_layers", "d_model",
                                      "n_heads", "d_hidden", "n_data", "steps",    "cost",     "time"};
  if (ladder) heading.insert(heading.begin() + 4, "wanted");
  std::vector<std::vector<std::string>> rows = {heading};
  double total_flop = 0;
  base::Value list = base::Value(base::Value::List{});
  for (const auto* p : points) {
    const auto& e = p->experiment;
    const int mine = plan.threads_of(rows.size() - 1);
    const double seconds = model.seconds(e, mine);
    total_flop += p->cost_flop;
    std::vector<std::string> row = {fmt::to_string(p->index),
                                    p->key,
                                    fmt::to_string(e.seed),
                                    fmt::to_string(p->n_params),
                                    fmt::to_string(e.model.n_layers),
                                    fmt::to_string(e.model.d_model),
                                    fmt::to_string(e.model.n_heads),
                                    fmt::to_string(e.model.d_hidden),
                                    fmt::to_string(e.data.n_data),
                                    fmt::to_string(e.training.steps),
                                    report::format_flop(p->cost_flop),
                                    base::format_duration(seconds)};
    if (ladder)
      row.insert(row.begin() + 4, fmt::format("{:.6g} ({:+.1f} %)", p->wanted_params,
                                              100 * (static_cast<double>(p->n_params) / p->wanted_params - 1)));
    rows.push_back(std::move(row));
    list.push_back(base::Value::table({{"run", p->index},
                                       {"key", p->key},
                                       {"n_params", p->n_params},
                                       {"compute_flop", p->cost_flop},
                                       {"threads", mine},
                                       {"seconds", seconds}}));
  }
  emit_json(common, base::Value::table({{"study_key", study.key},
                                        {"workers", workers},
                                        {"threads_a_model", plan.threads_each},
                                        {"runs_on_several_threads", static_cast<std::int64_t>(plan.shared)},
                                        {"compute_flop", total_flop},
                                        {"seconds", plan.seconds},
                                        {"runs", std::move(list)}}));
  if (common.json == "-") return;
  fmt::print("{}{} runs{}, {} in all, about {} on {} worker{}: {}\n", text_table(rows), points.size(),
             there.empty() ? "" : fmt::format(" ({} more are in {})", there.size(), out),
             report::format_flop(total_flop), base::format_duration(plan.seconds), workers, workers == 1 ? "" : "s",
             plan.in_words());
}

// Reads the study and, where this process is to own it, opens the store. Everything that can be wrong is found here.
ranks::Prepared prepare(const Common& common, const SweepFlags& flags, bool owner) {
  ranks::Prepared prepared{read_study(common, flags), std::nullopt};
  if (!owner) return prepared;
  require_outputs(common);
  if (flags.out.empty()) throw base::InputError({"--out"}, "expected the study's store, e.g. --out study.db");
  base::require_writable_file(flags.out, "--out");
  prepared.store.emplace(store::Store::open_or_create(flags.out, prepared.study.json, prepared.study.key));
  return prepared;
}

void run_sweep(const Common& common, const SweepFlags& flags) {
  const auto& launch = ranks::launch();
  sweep::SweepOptions options;
  options.shard = flags.shard.empty() ? sweep::Shard{} : sweep::shard_from(flags.shard);
  if (launch.several() && !flags.shard.empty())
    throw base::InputError({"--shard"}, fmt::format("{} ranks share the whole study; leave --shard out, or start the "
                                                    "shards one by one, without {}",
                                                    launch.size, launch.launcher));
  if (!(flags.checkpoint_every >= 0))
    throw base::InputError({"--checkpoint-every"},
                           fmt::format("expected seconds >= 0; found {}", flags.checkpoint_every));
  options.threads = common.threads;
  options.snapshot_every_s = flags.checkpoint_every;
  if (flags.dry_run) {
    if (launch.rank == 0) list_runs(common, flags, options.shard);
    return;
  }
  sweep::SweepSummary summary;
  std::int64_t runs = 0;
  const auto prepared = [&](int rank) {
    auto result = prepare(common, flags, rank == 0);
    runs = static_cast<std::int64_t>(result.study.points.size());
    return result;
  };
  if (launch.several()) {
    summary = ranks::run_study_on_ranks(prepared, options);
  } else {
    auto mine = prepared(0);
    summary = sweep::run_study(mine.study, *mine.store, options);
  }
  base::Value json = sweep::to_value(runs, summary);
  if (launch.several()) json["ranks"] = launch.size;
  emit_json(common, json);
  if (common.json != "-")
    fmt::print("{} runs carried out ({} diverged), {} were there already; {} on {} threads{}\n{}\n", summary.done,
               summary.diverged, summary.already_there, base::format_duration(summary.seconds), summary.threads,
               launch.several() ? fmt::format(" of {} ranks", launch.size) : "", flags.out);
  if (summary.elsewhere > 0)
    base::log_warning(
        fmt::format("{} runs are being carried out by another process; run the command again when it has "
                    "ended",
                    summary.elsewhere));
}

}  // namespace

void add_sweep(Program& program) {
  auto flags = std::make_shared<SweepFlags>();
  add_verb(program, "sweep", "carry out all runs of a study; run it again to resume",
           "phaselaw sweep examples/study.toml --out study.db",
           [&program, flags] { run_sweep(program.common, *flags); })
      .positional("study", flags->study, "study file (TOML): an experiment with a [grid]; keys: phaselaw keys")
      .option("--out", flags->out, "the store, study.db; an existing one of the same study is resumed")
      .option("--shard", flags->shard,
              "i/k: only the i-th of k parts of about equal work, 0 <= i < k; join the stores with phaselaw merge")
      .option("--checkpoint-every", flags->checkpoint_every,
              "seconds between snapshots of a run in flight, from which it goes on after a kill")
      .flag("--dry-run", flags->dry_run, "list the runs, their cost and time on this machine, and stop");
}

}  // namespace phaselaw::cli
