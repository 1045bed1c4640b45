// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <string>

#include "phaselaw/base/value.h"
#include "phaselaw/store/store.h"
#include "phaselaw/sweep/experiment.h"
#include "phaselaw/sweep/work.h"

// Runs the experiments of a study that are not yet in the store: one model per worker, one worker per core, the longest
// run first; if runs are few and large, several threads for the first of them (sweep/cost.h, docs/sweep.md). The result
// of a run depends only on its configuration, so the store's export does not depend on the number of workers, on their
// order, or on how often the sweep was stopped, killed and resumed.
namespace phaselaw::sweep {

// Interface of a running sweep for remote workers. All members may be called from any thread.
class RunQueue {
 public:
  virtual ~RunQueue() = default;
  // A run that the caller holds until it is delivered or returned. Null: no run can start now; one may come back while
  // others hold runs.
  [[nodiscard]] virtual const Point* next() = 0;
  virtual void give_back(const Point& point) = 0;
  virtual void deliver(const Point& point, const store::RunRecord& record, bool resumed, const std::string& data) = 0;
  virtual void progress(const Point& point, double share) = 0;  // share of the run's work; negative: lost
  virtual void fail(std::exception_ptr why) = 0;                // ends the sweep; run_study throws it
  [[nodiscard]] virtual bool ending() const = 0;                // failed or interrupted
  // Whether the workers of this process found no more work.
  [[nodiscard]] virtual bool local_workers_done() const = 0;
  [[nodiscard]] virtual std::string snapshot_path(const Point& point) const = 0;
};

struct SweepOptions {
  int threads = 0;        // workers of this process; 0: one per core
  int threads_a_run = 0;  // threads per worker; 0: one, or the choice of plan_threads() for few and large runs
  // Remote workers: their number, and a function that serves them in its own thread until no work is left for them.
  int others = 0;
  std::function<void(RunQueue&)> serve_others{};
  std::string title = "sweep";
  Shard shard{};
  double snapshot_every_s = 30;           // of a running run; see SnapshotPolicy
  std::int64_t snapshot_every_steps = 0;  // > 0: also after this many steps
};

struct SweepSummary {
  std::int64_t done = 0, diverged = 0, already_there = 0;
  std::int64_t resumed = 0;    // of those done: started by an earlier process
  std::int64_t elsewhere = 0;  // held by another process when this one ended
  int threads = 0;             // workers, including remote ones
  double seconds = 0;
  double cost_flop = 0;  // of the runs in this sweep
};

// After the workers have stopped and every finished run is in the store, throws what ended the sweep: InputError (the
// data of a run do not fit), RunError (the disk is full), Interrupted (Ctrl-C; unfinished runs are kept as snapshots).
[[nodiscard]] SweepSummary run_study(const Study& study, store::Store& store, const SweepOptions& options = {});

// runs (of the whole study), done, diverged, resumed, already_there, elsewhere, threads, seconds.
[[nodiscard]] base::Value to_value(std::int64_t runs, const SweepSummary& summary);

}  // namespace phaselaw::sweep
