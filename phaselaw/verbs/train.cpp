// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/verbs/train.h"

#include <filesystem>
#include <optional>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/grace.h"
#include "phaselaw/base/log.h"
#include "phaselaw/base/memory.h"
#include "phaselaw/base/team.h"
#include "phaselaw/data/dataset.h"
#include "phaselaw/model/parameters.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/store/flatten.h"
#include "phaselaw/sweep/cost.h"
#include "phaselaw/sweep/ladder.h"

namespace phaselaw::verbs {

namespace {

namespace fs = std::filesystem;

std::string snapshot_path(const TrainRequest& request) {
  return request.out.empty() ? "" : (fs::path(request.out) / "training.snapshot").string();
}

bool has_snapshot(const TrainRequest& request) { return !request.out.empty() && fs::exists(snapshot_path(request)); }

// The files of a finished training; the last one that is written comes last.
constexpr const char* kTrainFiles[] = {"curve.csv", "weights.safetensors", "run.json"};

// A finished training that nobody asked to replace, or files of another origin with the same names.
void check_finished(const TrainRequest& request) {
  if (request.out.empty() || request.resume || request.overwrite) return;
  for (const char* name : {"run.json", "curve.csv", "weights.safetensors"}) {
    const fs::path file = fs::path(request.out) / name;
    if (fs::exists(file))
      throw base::InputError({file},
                             "exists, and train replaces no result unasked; choose another --out, replace it "
                             "with --overwrite, or keep a finished training with --resume");
  }
}

// Decides what becomes of an unfinished training in the directory. `keep`: it is only looked at.
void check_snapshot(const TrainRequest& request, const sweep::Configuration& configuration, bool keep = false) {
  if (!has_snapshot(request)) return check_finished(request);
  const std::string path = snapshot_path(request);
  if (request.overwrite) {
    if (!keep) fs::remove(path);
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
                                               "--out, or replace it with --overwrite in place of --resume",
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

void check_request(const TrainRequest& request) {
  base::check_fields(request);
  if (request.resume && request.overwrite)
    throw base::InputError({"--resume"}, "continues a training, but --overwrite starts anew; omit one of them");
  training::require_precision(request.experiment.training.precision);
  numerics::require_thread_safe_blas();
}

int threads_of(const TrainRequest& request) {
  return request.threads > 0 ? request.thread_count() : base::thread_count(0);
}

base::Value plan_json(const TrainPlan& plan, const sweep::Configuration& configuration) {
  base::Value outputs{base::Value::List{}};
  for (const std::string& path : plan.outputs) outputs.push_back(path);
  return base::Value::table({{"n_params", plan.n_params},
                             {"n_params_trainable", plan.n_params_trainable},
                             {"compute_flop", plan.compute_flop},
                             {"seconds", plan.seconds},
                             {"threads", plan.threads},
                             {"memory_bytes", plan.memory.total()},
                             {"memory", base::Value::table({{"data", plan.memory.data},
                                                            {"parameters", plan.memory.parameters},
                                                            {"passes", plan.memory.passes},
                                                            {"curve", plan.memory.curve}})},
                             {"machine_memory_bytes", plan.machine_memory},
                             {"outputs", std::move(outputs)},
                             {"configuration", configuration.value}});
}

}  // namespace

TrainPlan plan_train(const TrainRequest& request) {
  check_request(request);
  TrainPlan plan;
  plan.experiment = request.seeded();
  const sweep::Experiment& e = plan.experiment;
  const sweep::Configuration configuration = sweep::configuration_of(e);
  check_snapshot(request, configuration, true);
  plan.threads = threads_of(request);
  sweep::require_memory(e, plan.threads);
  data::check(e.data, e.model);
  sweep::Point point;
  point.experiment = e;
  plan.n_params = model::parameter_count(e.model);
  plan.n_params_trainable = static_cast<double>(sweep::trainable_params(e.model));
  plan.compute_flop = sweep::cost_of(e);
  plan.seconds = sweep::calibrate({&point}, plan.threads).seconds(e, plan.threads);
  plan.memory = sweep::memory_of(e, plan.threads);
  plan.machine_memory = base::machine_memory();
  if (!request.out.empty())
    for (const char* name : kTrainFiles) plan.outputs.push_back((fs::path(request.out) / name).string());
  plan.json = plan_json(plan, configuration);
  return plan;
}

TrainAnswer train(const TrainRequest& request) {
  check_request(request);
  TrainAnswer answer{request.seeded(), {}, false, {}};
  const sweep::Configuration configuration = sweep::configuration_of(answer.experiment);
  check_snapshot(request, configuration);
  if (auto finished = finished_training(request, configuration)) {
    answer.already_there = true;
    answer.json = std::move(*finished);
    return answer;
  }
  sweep::RunContext context;
  context.threads = threads_of(request);
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
