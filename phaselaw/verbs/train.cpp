// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/verbs/train.h"

#include <filesystem>
#include <optional>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/grace.h"
#include "phaselaw/base/log.h"
#include "phaselaw/base/team.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/store/flatten.h"
#include "phaselaw/sweep/run_memory.h"

namespace phaselaw::verbs {

namespace {

namespace fs = std::filesystem;

std::string snapshot_path(const TrainRequest& request) {
  return request.out.empty() ? "" : (fs::path(request.out) / "training.snapshot").string();
}

bool has_snapshot(const TrainRequest& request) { return !request.out.empty() && fs::exists(snapshot_path(request)); }

// Decides what becomes of an unfinished training in the directory.
void check_snapshot(const TrainRequest& request, const sweep::Configuration& configuration) {
  if (!has_snapshot(request)) return;
  const std::string path = snapshot_path(request);
  if (request.overwrite) {
    fs::remove(path);
    return;
  }
  if (!request.resume)
    throw base::InputError({path},
                           "an unfinished training is kept here; add --resume to continue it, or --overwrite to "
                           "start anew");
  if (const std::string why = sweep::why_not_resumed(path, configuration); !why.empty())
    throw base::InputError({path}, fmt::format("the unfinished training here is of another kind ({}), so it cannot be "
                                               "continued; choose another --out, or start anew with --overwrite",
                                               why));
}

// The finished training in the directory, if it has one.
std::optional<base::Value> finished_training(const TrainRequest& request, const sweep::Configuration& configuration) {
  const fs::path folder(request.out), file = folder / "run.json";
  if (request.out.empty() || !request.resume || has_snapshot(request) || !fs::exists(file)) return std::nullopt;
  const base::Value run = base::read_json(file);
  const base::Value* there = run.find("configuration");
  const std::string difference =
      there == nullptr ? "it states no configuration" : store::first_difference(*there, configuration.value);
  if (!difference.empty())
    throw base::InputError({file}, fmt::format("the finished training here is of another kind ({}); choose another "
                                               "--out, or omit --resume to replace it",
                                               difference));
  // Older programs also wrote trainings that were interrupted.
  const base::Value* outcome = run.find("outcome");
  if (outcome == nullptr || !outcome->is_text() || outcome->text() == "interrupted") return std::nullopt;
  for (const char* name : {"curve.csv", "weights.safetensors"})
    if (!fs::exists(folder / name)) return std::nullopt;
  base::Value summary = base::Value::table();
  for (const auto& [name, value] : run.entries())
    if (name != "configuration" && name != "made_by") summary[name] = value;
  return summary;
}

}  // namespace

TrainAnswer train(const TrainRequest& request) {
  base::check_fields(request);
  if (request.resume && request.overwrite)
    throw base::InputError({"--resume"}, "continues a training, but --overwrite starts anew; omit one of them");
  training::require_precision(request.experiment.training.precision);
  numerics::require_thread_safe_blas();
  TrainAnswer answer{request.seeded(), {}, false, {}};
  const sweep::Configuration configuration = sweep::configuration_of(answer.experiment);
  check_snapshot(request, configuration);
  if (auto finished = finished_training(request, configuration)) {
    answer.already_there = true;
    answer.json = std::move(*finished);
    return answer;
  }
  sweep::RunContext context;
  context.threads = request.threads > 0 ? request.thread_count() : base::thread_count(0);
  sweep::require_memory(answer.experiment, context.threads);
  context.snapshot.path = snapshot_path(request);
  context.snapshot.every_s = request.checkpoint_every;
  context.snapshot.must_fit = true;
  if (request.resume && !has_snapshot(request))
    base::log_info(fmt::format("{} has no unfinished training, so one is started", request.out));
  if (!request.out.empty())
    base::set_grace_message(fmt::format(
        "interrupted; the same command with --resume continues from the last snapshot in {}, if there is one",
        request.out));
  try {
    answer.result = sweep::carry_out(answer.experiment, context);
  } catch (const base::Interrupted&) {
    throw base::Interrupted(
        has_snapshot(request)
            ? fmt::format("interrupted; {} is kept, and the same command with --resume continues from there",
                          snapshot_path(request))
            : "interrupted before the first step; nothing was kept, so run the same command again");
  }
  answer.json = answer.result.summary;
  base::log_info(answer.result.data);
  if (answer.result.outcome == training::Outcome::diverged)
    base::log_warning(
        fmt::format("the run diverged: {}; reduce training.learning_rate", answer.json.at("reason").text()));
  return answer;
}

void write_training(const TrainRequest& request, const TrainAnswer& answer, const base::Value& made_by) {
  if (answer.already_there) return;
  sweep::write_run(request.out, answer.experiment, answer.result, made_by);
  std::error_code absent;
  fs::remove(snapshot_path(request), absent);
}

}  // namespace phaselaw::verbs
