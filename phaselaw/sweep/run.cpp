// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/run.h"

#include <chrono>
#include <filesystem>

#include "phaselaw/base/files.h"
#include "phaselaw/data/dataset.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/training/checkpoint.h"
#include "phaselaw/training/curve.h"
#include "phaselaw/training/trainer.h"

namespace phaselaw::sweep {

using base::Value;

RunResult carry_out(const Experiment& e) {
  const auto start = std::chrono::steady_clock::now();
  const auto seed = static_cast<std::uint64_t>(e.seed);
  const data::Split split = data::make_split(e.data, e.model, seed);
  const model::Transformer<float> model(e.model);
  auto trained = training::train<float>(model, model::initialise<float>(model.table(), seed), split, e.training, seed);

  RunResult result;
  result.outcome = trained.outcome;
  const training::Measurement last = trained.curve.back();
  result.summary = Value::table({{"outcome", base::enum_to_text(trained.outcome)},
                                 {"reason", trained.reason},
                                 {"steps", trained.steps},
                                 {"learning_rate", trained.learning_rate},
                                 {"batch", trained.batch},
                                 {"n_params", trained.n_params},
                                 {"n_params_non_embedding", trained.n_params_non_embedding},
                                 {"compute_flop", trained.compute_flop},
                                 {"compute_6nd", trained.compute_6nd},
                                 {"train_loss", last.train_loss},
                                 {"test_loss", last.test_loss},
                                 {"excess_risk", last.excess_risk},
                                 {"target_power", split.target_power},
                                 {"data_hash", split.hash}});
  result.data = split.description;
  result.curve = std::move(trained.curve);
  result.theta = std::move(trained.theta);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

void write_run(const std::string& directory, const Experiment& e, const RunResult& result, const Value& made_by) {
  const std::filesystem::path folder(directory);
  Value run = result.summary;
  run["configuration"] = resolved(e);
  run["made_by"] = made_by;
  base::write_file(folder / "curve.csv", training::curve_csv(result.curve));
  training::write_checkpoint<float>(folder / "weights.safetensors", e.model, result.theta);
  base::write_file(folder / "run.json", base::to_json(run) + "\n");
}

store::RunRecord to_record(const Point& point, const RunResult& result) {
  store::RunRecord record;
  record.index = point.index;
  record.key = point.key;
  record.configuration = base::to_json(resolved(point.experiment), -1);
  record.status = result.outcome == training::Outcome::diverged ? store::Status::kDiverged : store::Status::kFinished;
  record.summary = base::to_json(result.summary, -1);
  record.seconds = result.seconds;
  for (const auto& m : result.curve)
    record.measurements.push_back(
        {m.step, m.time, static_cast<double>(m.tokens), m.compute_flop, m.train_loss, m.test_loss, m.excess_risk});
  return record;
}

}  // namespace phaselaw::sweep
