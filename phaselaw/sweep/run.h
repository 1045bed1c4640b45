// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/store/store.h"
#include "phaselaw/sweep/experiment.h"
#include "phaselaw/training/trainer.h"

// One experiment from its configuration to its numbers, on the calling thread, in float32.
namespace phaselaw::sweep {

struct RunResult {
  training::Outcome outcome = training::Outcome::finished;
  std::vector<training::Measurement> curve;
  std::vector<float> theta;
  // outcome, reason, steps, learning_rate, batch, n_params, n_params_non_embedding, compute_flop, compute_6nd,
  // data_hash, train_loss, test_loss, excess_risk, noise, target_power: nothing that depends on time or machine.
  base::Value summary;
  std::string data;  // one line for people
  double seconds = 0;
};

// InputError when the data do not fit (a text too short, missing arrays).
[[nodiscard]] RunResult carry_out(const Experiment& experiment);

// curve.csv, weights.safetensors and run.json in `directory`, each whole or not at all. run.json: `summary`,
// `configuration` (as resolved) and `made_by` (version, commit, compiler, machine, command, seconds).
void write_run(const std::string& directory, const Experiment& experiment, const RunResult& result,
               const base::Value& made_by);

[[nodiscard]] store::RunRecord to_record(const Point& point, const RunResult& result);

}  // namespace phaselaw::sweep
