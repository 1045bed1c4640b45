// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "phaselaw/store/locking.h"
#include "phaselaw/store/store.h"
#include "phaselaw/sweep/experiment.h"

// The parts of a sweep: a source that gives the next run, and a sink that takes results. Threads of one process use
// them directly. For remote workers, one process forwards the work: it takes a point from the source, sends it away, and
// passes the returned record to the sink. Only the sink writes to the store.
namespace phaselaw::sweep {

class WorkSource {
 public:
  virtual ~WorkSource() = default;
  // Returns the next run, which the caller holds until it is stored or returned. Null: no run is left to start. May be
  // called from any thread.
  [[nodiscard]] virtual const Point* next() = 0;
  // The caller gives the run up (it was interrupted, or its worker died); it becomes available again.
  virtual void give_back(const Point& point) = 0;
};

class ResultSink {
 public:
  virtual ~ResultSink() = default;
  // Stores the record permanently before it returns. May be called from any thread.
  virtual void take(const Point& point, const store::RunRecord& record) = 0;
};

// Part i of k: the study's runs are assigned, longest first, each to the shard with the least work so far. Every run is
// in exactly one shard, and the shards take about the same time.
struct Shard {
  std::int64_t index = 0, count = 1;
};
[[nodiscard]] Shard shard_from(const std::string& text);  // "0/4"; InputError at --shard
[[nodiscard]] std::vector<const Point*> points_of(const Study& study, const Shard& shard);

// The runs of a study that are not in its store, longest first. A run is claimed before it is returned (store::Claims),
// so several processes on one store do different runs. Runs held by another process are tried again at the end, because
// that process may have died.
class StudyWork : public WorkSource, public ResultSink {
 public:
  // The study and the store must outlive it.
  StudyWork(const Study& study, store::Store& store, const Shard& shard = {});
  ~StudyWork() override;
  StudyWork(const StudyWork&) = delete;
  StudyWork& operator=(const StudyWork&) = delete;

  [[nodiscard]] const Point* next() override;
  void give_back(const Point& point) override;
  void take(const Point& point, const store::RunRecord& record) override;

  // The runs to be done at construction, longest first.
  [[nodiscard]] const std::vector<const Point*>& waiting_at_start() const { return waiting_at_start_; }
  [[nodiscard]] std::int64_t already_there() const { return already_there_; }
  [[nodiscard]] std::int64_t elsewhere();  // runs left to other processes, after next() has returned null
  // Where the snapshot of a run in flight is: <store>-runs/<index>.state.
  [[nodiscard]] std::string snapshot_path(const Point& point) const;
  // In a child process made by fork(); see store::Claims.
  void leave_claims_to_parent() noexcept { claims_.leave_to_parent(); }

 private:
  // Removes the files of runs for which `done` holds; their names begin with the run's index.
  void remove_snapshots(const std::function<bool(std::int64_t index)>& done) const;

  store::Store& store_;
  std::string folder_;  // directory of the snapshots
  store::Claims claims_;
  std::vector<const Point*> waiting_at_start_;
  std::int64_t already_there_ = 0;
  std::mutex mutex_;
  std::deque<const Point*> waiting_, held_by_others_;
};

}  // namespace phaselaw::sweep
