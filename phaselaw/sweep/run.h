// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/store/store.h"
#include "phaselaw/sweep/experiment.h"
#include "phaselaw/sweep/shared_data.h"
#include "phaselaw/training/trainer.h"

// One experiment from its configuration to its numbers, in float32, on the calling thread or a few.
namespace phaselaw::sweep {

struct RunResult {
  Configuration configuration;
  training::Outcome outcome = training::Outcome::finished;
  std::vector<store::Measurement> curve;
  std::vector<float> theta;
  // outcome, reason, steps, learning_rate, batch, n_params, n_params_non_embedding, compute_flop, compute_6nd, what was
  // measured last, target_power, data_hash: nothing that depends on time or machine.
  base::Value summary;
  std::string data;               // one line for people
  double seconds = 0;             // of this process
  std::int64_t resumed_from = 0;  // step of the snapshot; 0: from the start
};

// Where a run in flight is kept, so that a kill costs at most the time since the last snapshot.
struct SnapshotPolicy {
  std::string path;              // "": nothing is kept, unless `load` and `save` are given
  double every_s = 30;           // wall time between two; a run shorter than that writes none
  std::int64_t every_steps = 0;  // > 0: after every so many steps as well, whatever the clock says
  // In place of the file at `path`, for a run whose snapshots another process keeps. `load` may give "".
  std::function<std::string()> load{};
  std::function<void(const std::string& bytes)> save{};
  [[nodiscard]] bool keeps() const { return !path.empty() || save; }
};

struct RunContext {
  SnapshotPolicy snapshot;
  SharedData* data = nullptr;  // null: the run makes its data itself
  // Share of the run's work done since the last call; the calls of a run add up to at most 1. About 5 a second.
  std::function<void(double share)> progress;
  int threads = 1;                          // at most so many compute; the result is the same bytes
  const std::atomic<bool>* stop = nullptr;  // set: the run is given up at its next step, outcome interrupted
};

// InputError when the data do not fit (a text too short, missing arrays). A snapshot of this run, program and data at
// the policy's path is gone on from; the result is the same, byte for byte. A snapshot that cannot be written is one
// warning: the run goes on without.
[[nodiscard]] RunResult carry_out(const Experiment& experiment, const RunContext& context = {});

// curve.csv, weights.safetensors and run.json in `directory`, each whole or not at all. run.json: `summary`,
// `configuration` (as resolved) and `made_by` (version, commit, compiler, machine, command, seconds).
void write_run(const std::string& directory, const Experiment& experiment, const RunResult& result,
               const base::Value& made_by);

[[nodiscard]] store::RunRecord to_record(const Point& point, const RunResult& result);

}  // namespace phaselaw::sweep
