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

// What a sweep is made of: a source that says which run is next, and a sink that takes results. Threads of one process
// use them directly; a process that gives work to others stands between: it asks the source, sends the point away, and
// hands the record that comes back to the sink. Nobody else touches the store.
namespace phaselaw::sweep {

class WorkSource {
 public:
  virtual ~WorkSource() = default;
  // The next run, which is the caller's until it is taken or given back. Null: nothing is left to begin. From any
  // thread.
  [[nodiscard]] virtual const Point* next() = 0;
  // The caller will not carry it out (it was interrupted, or its worker died): it is next for another.
  virtual void give_back(const Point& point) = 0;
};

class ResultSink {
 public:
  virtual ~ResultSink() = default;
  // Keeps the record for good before it returns. From any thread.
  virtual void take(const Point& point, const store::RunRecord& record) = 0;
};

// i of k: the study's runs dealt out, longest first, each to the shard with the least work so far; so every run is in
// one shard, and the shards take about the same time.
struct Shard {
  std::int64_t index = 0, count = 1;
};
[[nodiscard]] Shard shard_from(const std::string& text);  // "0/4"; InputError at --shard
[[nodiscard]] std::vector<const Point*> points_of(const Study& study, const Shard& shard);

// The runs of a study that its store does not hold, longest first. A run is claimed before it is given out
// (store::Claims), so of several processes on one store each does other runs; what another holds is tried again at the
// end, when that process may have died.
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

  // What was to be done when it was made, longest first.
  [[nodiscard]] const std::vector<const Point*>& waiting_at_start() const { return waiting_at_start_; }
  [[nodiscard]] std::int64_t already_there() const { return already_there_; }
  [[nodiscard]] std::int64_t elsewhere();  // runs left to other processes, once next() has given null
  // Where the snapshot of a run in flight is: <store>-runs/<index>.state.
  [[nodiscard]] std::string snapshot_path(const Point& point) const;

 private:
  // Removes the files of runs for which `done` holds; they begin with the run's index.
  void remove_snapshots(const std::function<bool(std::int64_t index)>& done) const;

  store::Store& store_;
  std::string folder_;  // of the snapshots
  store::Claims claims_;
  std::vector<const Point*> waiting_at_start_;
  std::int64_t already_there_ = 0;
  std::mutex mutex_;
  std::deque<const Point*> waiting_, held_by_others_;
};

}  // namespace phaselaw::sweep
