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

// Runs one experiment from its configuration to its results, in float32, on the calling thread or a few threads.
namespace phaselaw::sweep {

struct [[nodiscard]] RunResult {
  Configuration configuration;
  training::Outcome outcome = training::Outcome::finished;
  std::vector<store::Measurement> curve;
  std::vector<float> theta;
  // outcome, reason, steps, learning_rate, batch, n_params, n_params_non_embedding, compute_flop, compute_6nd, the last
  // measurement, target_power, data_hash: nothing that depends on time or machine.
  base::Value summary;
  std::string data;               // one line for people
  double seconds = 0;             // time in this process
  std::int64_t resumed_from = 0;  // step of the snapshot that was resumed; 0: started from the beginning
};

// Where the snapshots of a run are kept; a killed run loses at most the time since the last one.
struct SnapshotPolicy {
  std::string path;              // empty: no snapshots, unless `load` and `save` are set
  double every_s = 30;           // wall time between snapshots; a shorter run writes none
  std::int64_t every_steps = 0;  // > 0: also after every so many steps
  // Used instead of the file at `path`, for a run with snapshots kept by another process. `load` may return an empty
  // text.
  std::function<std::string()> load{};
  std::function<void(const std::string& bytes)> save{};
  bool must_fit = false;  // a file at `path` that is damaged or of another training is an InputError, not ignored
  [[nodiscard]] bool keeps() const { return !path.empty() || save; }
};

struct RunContext {
  SnapshotPolicy snapshot;
  SharedData* data = nullptr;  // null: the run creates its data itself
  // Called with the share of the work done since the last call; the shares of a run add up to at most 1. About 5 calls
  // per second.
  std::function<void(double share)> progress;
  int threads = 1;                          // maximum number of threads; the result does not depend on it
  const std::atomic<bool>* stop = nullptr;  // if set: the run ends at its next step with Interrupted
};

// InputError if the data do not fit (a text too short, missing arrays). A snapshot of this run, program and data at the
// policy's path is resumed, with the same result, byte for byte. If a snapshot cannot be written, there is one warning
// and the run continues without. base::Interrupted on request; a run that has made a step is then kept as a snapshot.
[[nodiscard]] RunResult carry_out(const Experiment& experiment, const RunContext& context = {});

// Why the snapshot at `path` does not belong to a training of this configuration by this program, with the first
// difference; empty if it does, as far as can be known without the data and the end of the file.
[[nodiscard]] std::string why_not_resumed(const std::string& path, const Configuration& configuration);

// Writes curve.csv, weights.safetensors and run.json to `directory`, each completely or not at all. An older run.json is
// removed first and the new one is written last, so that where it exists the three belong together. run.json:
// `summary`, `configuration` (as resolved) and `made_by` (version, commit, compiler, machine, command).
void write_run(const std::string& directory, const Experiment& experiment, const RunResult& result,
               const base::Value& made_by);

[[nodiscard]] store::RunRecord to_record(const Point& point, const RunResult& result);

}  // namespace phaselaw::sweep
