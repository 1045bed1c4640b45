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

// Carries out the runs of a study that the store does not hold yet: one model a worker, one worker a core, the longest
// run first; where runs are few and big, several threads for the first of them (sweep/cost.h, docs/sweep.md). Each run
// is a function of its configuration alone, so the store's export does not depend on the number of workers, on their
// order, or on how often the sweep was stopped, killed and resumed.
namespace phaselaw::sweep {

// A sweep under way, as those see it who carry out runs for it outside this process. Every member from any thread.
class RunQueue {
 public:
  virtual ~RunQueue() = default;
  // A run that the caller answers for until it is delivered or returned. Null: none is left to begin now; while others
  // answer for runs, one may come back.
  [[nodiscard]] virtual const Point* next() = 0;
  virtual void give_back(const Point& point) = 0;
  virtual void deliver(const Point& point, const store::RunRecord& record, bool resumed, const std::string& data) = 0;
  virtual void progress(const Point& point, double share) = 0;  // of the run's work; negative: lost
  virtual void fail(std::exception_ptr why) = 0;                // ends the sweep; run_study throws it
  [[nodiscard]] virtual bool ending() const = 0;                // failed or interrupted
  // The workers of this process have found nothing more to do.
  [[nodiscard]] virtual bool local_workers_done() const = 0;
  [[nodiscard]] virtual std::string snapshot_path(const Point& point) const = 0;
};

struct SweepOptions {
  int threads = 0;        // workers of this process; 0: one a core
  int threads_a_run = 0;  // of those; 0: one, or what plan_threads() finds better for few and big runs
  // Workers elsewhere: how many, and what serves them, in a thread of its own, until nothing is left for them.
  int others = 0;
  std::function<void(RunQueue&)> serve_others{};
  std::string title = "sweep";
  Shard shard{};
  double snapshot_every_s = 30;           // of a run in flight; see SnapshotPolicy
  std::int64_t snapshot_every_steps = 0;  // > 0: that often as well
};

struct SweepSummary {
  std::int64_t done = 0, diverged = 0, already_there = 0;
  std::int64_t resumed = 0;    // of those done: begun by an earlier process
  std::int64_t elsewhere = 0;  // in the hands of another process when this one ended
  int threads = 0;             // workers, elsewhere too
  double seconds = 0;
  double cost_flop = 0;  // of the runs to be carried out now
};

// Throws what ended it, after the workers have stopped and with every finished run in the store: InputError (a run's
// data do not fit), RunError (the disk is full), Interrupted (Ctrl-C; the runs in flight are kept as snapshots).
SweepSummary run_study(const Study& study, store::Store& store, const SweepOptions& options = {});

// runs (of the whole study), done, diverged, resumed, already_there, elsewhere, threads, seconds.
[[nodiscard]] base::Value to_value(std::int64_t runs, const SweepSummary& summary);

}  // namespace phaselaw::sweep
