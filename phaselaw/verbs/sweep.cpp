// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/verbs/sweep.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "phaselaw/base/files.h"
#include "phaselaw/base/grace.h"
#include "phaselaw/base/log.h"
#include "phaselaw/base/team.h"
#include "phaselaw/sweep/run_memory.h"
#include "phaselaw/sweep/shared_data.h"

namespace phaselaw::verbs {

namespace {

// The part of the study that the request asks for.
sweep::Shard shard_of(const SweepRequest& request, const ranks::Launch& launch) {
  const sweep::Shard shard = request.shard.empty() ? sweep::Shard{} : sweep::shard_from(request.shard);
  if (launch.several() && !request.shard.empty())
    throw base::InputError(
        {"--shard"},
        fmt::format("{} ranks share the whole study; omit --shard, or start the shards one by one without {}",
                    launch.size, launch.launcher));
  return shard;
}

// The study, after checking that this processor can do every run.
sweep::Study study_of(const SweepRequest& request) {
  base::Value document = request.document_of(request.study);
  if (request.seed) document["seed"] = *request.seed;
  auto study = sweep::study_from(document);
  for (const auto& point : study.points) training::require_precision(point.experiment.training.precision);
  return study;
}

// The runs of the study that are in the store already; none if there is no store of this study.
std::set<std::int64_t> runs_there(const SweepRequest& request, const sweep::Study& study) {
  std::error_code unknown;
  if (request.out.empty() || !std::filesystem::exists(request.out, unknown)) return {};
  const auto store = store::Store::open_read(request.out);
  return store.study_key() == study.key ? store.finished_runs() : std::set<std::int64_t>{};
}

std::vector<const sweep::Point*> runs_to_do(const sweep::Study& study, const sweep::Shard& shard,
                                            const std::set<std::int64_t>& there) {
  auto points = sweep::points_of(study, shard);
  std::erase_if(points, [&](const sweep::Point* p) { return there.contains(p->index); });
  return points;
}

}  // namespace

ranks::Prepared prepare_sweep(const SweepRequest& request, const sweep::Shard& shard, bool owner, bool runs_here) {
  ranks::Prepared result{study_of(request), std::nullopt};
  if (!owner) return result;
  if (request.out.empty()) throw base::InputError({"--out"}, "a store for the study is needed; add --out study.db");
  base::require_writable_file(request.out, "--out");
  // Before the store exists, so that none is left for a study that cannot run.
  const auto to_do = runs_to_do(result.study, shard, runs_there(request, result.study));
  if (runs_here) sweep::require_memory(to_do, base::thread_count(request.thread_count()));
  sweep::check_data(to_do);
  result.store.emplace(store::Store::open_or_create(request.out, result.study.json, result.study.key));
  return result;
}

void warn_of_runs_elsewhere(const sweep::SweepSummary& summary) {
  if (summary.elsewhere > 0)
    base::log_warning(fmt::format("another process is doing {} of the runs; run the command again when it has ended",
                                  summary.elsewhere));
}

SweepAnswer sweep(const SweepRequest& request, const ranks::Launch& launch) {
  base::check_fields(request);
  sweep::SweepOptions options;
  options.shard = shard_of(request, launch);
  options.threads = request.thread_count();
  options.snapshot_every_s = request.checkpoint_every;
  SweepAnswer answer;
  std::int64_t runs = 0;
  const auto prepare = [&](int rank) {
    auto result = prepare_sweep(request, options.shard, rank == 0);
    runs = static_cast<std::int64_t>(result.study.points.size());
    return result;
  };
  if (launch.several()) {
    const base::FinishFirst snapshots;  // the workers send theirs to the first rank
    answer.summary = ranks::run_study_on_ranks(prepare, options, request.transport);
  } else {
    auto mine = prepare(0);
    answer.summary = sweep::run_study(mine.study, *mine.store, options);
  }
  answer.json = sweep::to_value(runs, answer.summary);
  if (launch.several()) answer.json["ranks"] = launch.size;
  warn_of_runs_elsewhere(answer.summary);
  return answer;
}

SweepPlan plan_sweep(const SweepRequest& request, const ranks::Launch& launch) {
  base::check_fields(request);
  const sweep::Shard shard = shard_of(request, launch);
  SweepPlan plan;
  plan.study = study_of(request);
  const std::set<std::int64_t> there = runs_there(request, plan.study);
  plan.already_there = there.size();
  const auto points = runs_to_do(plan.study, shard, there);
  sweep::check_data(points);
  base::Value list = base::Value(base::Value::List{});
  if (!points.empty()) {
    const int threads = request.threads > 0 ? request.thread_count() : launch.several() ? 1 : base::thread_count(0);
    plan.workers = std::min(threads * launch.size, static_cast<int>(std::min<std::size_t>(points.size(), 1 << 20)));
    const auto model = sweep::calibrate(points, launch.several() ? 1 : threads);
    plan.threads = launch.several() ? sweep::one_thread_each(points, model, plan.workers)
                                    : sweep::plan_threads(points, model, threads);
    for (const sweep::Point* p : points) {
      const int mine = plan.threads.threads_of(plan.runs.size());
      const double seconds = model.seconds(p->experiment, mine);
      plan.runs.push_back({p, mine, seconds});
      plan.compute_flop += p->cost_flop;
      base::Value run = base::Value::table({{"run", p->index},
                                            {"key", p->key},
                                            {"n_params", p->n_params},
                                            {"compute_flop", p->cost_flop},
                                            {"threads", mine},
                                            {"seconds", seconds}});
      for (const auto& [key, value] : p->computed) run["computed"][key] = value;
      list.push_back(std::move(run));
    }
  }
  plan.json = base::Value::table({{"study_key", plan.study.key},
                                  {"workers", plan.workers},
                                  {"threads_a_model", plan.threads.threads_each},
                                  {"runs_on_several_threads", static_cast<std::int64_t>(plan.threads.shared)},
                                  {"compute_flop", plan.compute_flop},
                                  {"seconds", plan.threads.seconds},
                                  {"runs", std::move(list)}});
  return plan;
}

}  // namespace phaselaw::verbs
