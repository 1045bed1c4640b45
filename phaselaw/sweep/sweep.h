// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "phaselaw/store/store.h"
#include "phaselaw/sweep/experiment.h"
#include "phaselaw/sweep/work.h"

// Carries out the runs of a study that the store does not hold yet: one model a worker, one worker a core, the longest
// run first (docs/sweep.md). Each run is a function of its configuration alone, so the store's export does not depend
// on the number of workers, on their order, or on how often the sweep was stopped, killed and resumed.
namespace phaselaw::sweep {

struct SweepOptions {
  int threads = 0;  // workers; 0: one a core
  std::string title = "sweep";
  Shard shard{};
  double snapshot_every_s = 30;           // of a run in flight; see SnapshotPolicy
  std::int64_t snapshot_every_steps = 0;  // > 0: that often as well
};

struct SweepSummary {
  std::int64_t done = 0, diverged = 0, already_there = 0;
  std::int64_t resumed = 0;    // of those done: begun by an earlier process
  std::int64_t elsewhere = 0;  // in the hands of another process when this one ended
  int threads = 0;
  double seconds = 0;
  double cost_flop = 0;  // of the runs to be carried out now
};

// Throws what ended it, after the workers have stopped and with every finished run in the store: InputError (a run's
// data do not fit), RunError (the disk is full), Interrupted (Ctrl-C; the runs in flight are kept as snapshots).
SweepSummary run_study(const Study& study, store::Store& store, const SweepOptions& options = {});

[[nodiscard]] int default_threads();  // the cores this process may use

}  // namespace phaselaw::sweep
