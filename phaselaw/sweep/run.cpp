// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/run.h"

#include <cmath>
#include <filesystem>
#include <optional>
#include <utility>

#include "phaselaw/base/build_info.h"
#include "phaselaw/base/clock.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/grace.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/log.h"
#include "phaselaw/data/dataset.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/store/flatten.h"
#include "phaselaw/training/checkpoint.h"
#include "phaselaw/training/curve.h"
#include "phaselaw/training/snapshot.h"
#include "phaselaw/training/trainer.h"

namespace phaselaw::sweep {

using base::Value;

namespace {

using base::Clock;
using base::seconds_since;

// What a snapshot belongs to. With another program or other data the training would not continue to the same numbers.
Value identity_of(const Configuration& configuration, const std::string& data_hash) {
  return Value::table({{"configuration", configuration.value}, {"program", base::program()}, {"data_hash", data_hash}});
}

// Why the snapshot at `path` is not of this identity.
std::string why_of_another(const std::string& path, const Value& identity) {
  const auto stored = training::snapshot_identity(path);
  constexpr const char* kDamaged = "the file is damaged";
  if (!stored) return kDamaged;
  try {
    const Value there = base::parse_json(*stored, path);
    const std::string difference = store::first_difference(there, identity);
    return difference.empty() ? kDamaged : difference;
  } catch (const base::InputError&) {
    return kDamaged;
  }
}

// Observes a running training: reports its progress, keeps snapshots, and abandons it on request.
class RunObserver : public training::Observer<float> {
 public:
  RunObserver(const RunContext& context, std::string identity, std::int64_t steps)
      : context_(context), identity_(std::move(identity)), steps_(static_cast<double>(steps)) {
    const SnapshotPolicy& policy = context.snapshot;
    if (policy.load)
      start_ = training::snapshot_from_bytes<float>(policy.load(), identity_);
    else if (policy.keeps())
      start_ = training::read_snapshot<float>(policy.path, identity_);
    if (!start_ && policy.must_fit && std::filesystem::exists(policy.path))
      throw base::InputError({policy.path},
                             fmt::format("expected a snapshot of this training; found that {}",
                                         why_of_another(policy.path, base::parse_json(identity_, "identity"))));
    told_at_ = start_ ? start_->steps : 0;
    if (start_ && context.progress) context.progress(static_cast<double>(start_->steps) / steps_);
  }

  [[nodiscard]] training::Continuation<float> continuation() {
    training::Continuation<float> result;
    if (start_) result.from = &*start_;
    if (!context_.snapshot.keeps()) return result;
    result.due = [this](std::int64_t step) { return due(step); };
    result.keep = [this](const training::TrainingState<float>& state) { keep(state); };
    return result;
  }
  [[nodiscard]] std::int64_t resumed_from() const { return start_ ? start_->steps : 0; }

  void on_step(std::int64_t step, std::span<const float>, std::span<const float>, double) override {
    if (context_.stop != nullptr && *context_.stop) throw base::Interrupted("the run was stopped");
    if (!context_.progress || seconds_since(told_) < 0.2) return;
    told_ = Clock::now();
    context_.progress(static_cast<double>(step - told_at_) / steps_);
    told_at_ = step;
  }

 private:
  bool due(std::int64_t step) {
    const auto& policy = context_.snapshot;
    if (policy.every_steps > 0 && step > 0 && step % policy.every_steps == 0 && step != resumed_from()) return true;
    return seconds_since(kept_) >= policy.every_s;
  }

  void keep(const training::TrainingState<float>& state) {
    const base::FinishFirst snapshot;
    if (context_.snapshot.save) {
      context_.snapshot.save(training::snapshot_bytes(state, identity_));
      kept_ = Clock::now();
      return;
    }
    const std::filesystem::path path = context_.snapshot.path;
    for (const bool again : {true, false}) try {
        std::error_code ignored;  // the write then reports the problem
        std::filesystem::create_directories(path.parent_path(), ignored);
        training::write_snapshot(path, state, identity_);
        break;
      } catch (const base::RunError& error) {
        // Another process may have removed the empty directory just now.
        if (!again && !warned_)
          base::log_warning(fmt::format(
              "{}; no snapshot was written, so a killed run cannot resume; free some disk space", error.what()));
        warned_ = warned_ || !again;
      }
    kept_ = Clock::now();
  }

  const RunContext& context_;
  std::string identity_;
  double steps_;
  std::optional<training::TrainingState<float>> start_;
  std::int64_t told_at_ = 0;
  Clock::time_point told_ = Clock::now(), kept_ = Clock::now();
  bool warned_ = false;
};

}  // namespace

RunResult carry_out(const Experiment& e, const RunContext& context) {
  const auto start = Clock::now();
  const auto seed = static_cast<std::uint64_t>(e.seed);
  SharedData own;
  const auto data = (context.data != nullptr ? *context.data : own).get(e);
  const data::Split& split = *data;
  const model::Transformer<float> model(e.model);
  RunResult result;
  result.configuration = configuration_of(e);
  RunObserver observer(context, base::to_json(identity_of(result.configuration, split.hash), -1), e.training.steps);
  training::Observer<float>* const observers[] = {&observer};
  auto trained = training::train<float>(model, model::initialise<float>(model.table(), seed), split, e.training, seed,
                                        observers, observer.continuation(), context.threads);

  result.outcome = trained.outcome;
  result.summary = Value::table({{"outcome", base::enum_to_text(trained.outcome)},
                                 {"reason", trained.reason},
                                 {"steps", trained.steps},
                                 {"learning_rate", trained.learning_rate},
                                 {"batch", trained.batch},
                                 {"n_params", trained.n_params},
                                 {"n_params_non_embedding", trained.n_params_non_embedding},
                                 {"compute_flop", trained.compute_flop},
                                 {"compute_6nd", trained.compute_6nd}});
  store::Measurement::measured(trained.curve.back(),
                               [&](std::string_view name, double x, auto&&...) { result.summary[name] = x; });
  result.summary["target_power"] = split.target_power;
  if (!std::isnan(split.target_entropy)) result.summary["target_entropy"] = split.target_entropy;
  result.summary["data_hash"] = split.hash;
  result.data = split.description;
  result.curve = std::move(trained.curve);
  result.theta = std::move(trained.theta);
  result.seconds = seconds_since(start);
  result.resumed_from = observer.resumed_from();
  return result;
}

std::string why_not_resumed(const std::string& path, const Configuration& configuration) {
  const auto stored = training::snapshot_identity(path);
  if (!stored) return why_of_another(path, {});
  try {
    const Value there = base::parse_json(*stored, path);
    const Value* hash = there.find("data_hash");
    const Value here = identity_of(configuration, hash != nullptr && hash->is_text() ? hash->text() : "");
    return store::first_difference(there, here);
  } catch (const base::InputError&) {
    return why_of_another(path, {});
  }
}

void write_run(const std::string& directory, const Experiment& e, const RunResult& result, const Value& made_by) {
  const std::filesystem::path folder(directory);
  Value run = result.summary;
  run["configuration"] = result.configuration.value;
  run["made_by"] = made_by;
  const base::FinishFirst group;
  std::error_code absent;
  std::filesystem::remove(folder / "run.json", absent);
  base::write_file(folder / "curve.csv", training::curve_csv(result.curve));
  training::write_checkpoint<float>(folder / "weights.safetensors", e.model, result.theta);
  base::write_file(folder / "run.json", base::to_json(run) + "\n");
}

store::RunRecord to_record(const Point& point, const RunResult& result) {
  store::RunRecord record;
  record.index = point.index;
  record.key = point.key;
  record.configuration = result.configuration.json;
  record.status = result.outcome == training::Outcome::diverged ? store::Status::kDiverged : store::Status::kFinished;
  record.summary = base::to_json(result.summary, -1);
  record.seconds = result.seconds;
  record.program = base::program();
  record.measurements = result.curve;
  return record;
}

}  // namespace phaselaw::sweep
