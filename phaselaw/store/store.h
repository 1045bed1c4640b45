// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

// Runs and their measurements on disk: one SQLite file (docs/store.md has the schema). The store computes nothing and
// does not know what a model is.
//
// Safety: WAL journal, synchronous = FULL, one transaction a run. A kill at any instant or a power cut loses the runs
// that had not returned from add() and nothing else.
// Threads: every member may be called from any thread; one mutex orders them. Processes: several may write to one file.
// Errors: base::InputError for a file that is no store, is damaged, or belongs to another study or schema;
// base::RunError when the disk is full or fails: what was stored before is intact, and the store stays usable.
namespace phaselaw::store {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// One row of a run's curve; NaN = not known, stored as NULL. Infinity is kept.
struct Measurement {
  std::int64_t step = 0;           // optimiser steps taken so far
  double time = kUnknown;          // gradient-flow time: the sum of learning rates
  double tokens = kUnknown;        // training tokens seen
  double compute_flop = kUnknown;  // exact training FLOP spent
  double train_loss = kUnknown;
  double test_loss = kUnknown;
  double excess_risk = kUnknown;  // where the target is known
};

enum class Status {
  kFinished,  // reached its end
  kDiverged,  // the loss left the finite numbers: an outcome, not an error
  kFailed,    // did not come to a result; a resumed study runs it again
};
[[nodiscard]] std::string to_string(Status status);  // finished | diverged | failed

struct RunRecord {
  std::int64_t index = 0;            // position in the study
  std::string key;                   // hash of the resolved configuration
  std::string configuration = "{}";  // resolved configuration, JSON
  Status status = Status::kFinished;
  std::string summary = "{}";             // final numbers, JSON; nothing in it may depend on time or machine
  double seconds = kUnknown;              // wall time; never exported, because it depends on the machine
  std::vector<Measurement> measurements;  // steps strictly increasing
};

struct StoreOptions {
  std::int64_t max_bytes = 0;        // refuse to let the file grow beyond this (in whole pages); 0 = no limit
  std::int64_t busy_timeout_s = 60;  // wait this long for another process that is writing
};

class Store {
 public:
  // Opens the store of this study, or makes it. `study_key` identifies the study, `study_json` is its configuration.
  // A store of another study is an InputError naming both keys and the first setting that differs.
  [[nodiscard]] static Store open_or_create(const std::string& path, const std::string& study_json,
                                            const std::string& study_key, const StoreOptions& options = {});
  // Opens an existing store for reading only; works from a directory that cannot be written.
  [[nodiscard]] static Store open_read(const std::string& path);

  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  // Runs that need not be carried out again: finished and diverged ones.
  [[nodiscard]] std::set<std::int64_t> finished_runs() const;

  // Stores the run and all its measurements in one transaction. A failed record of the same index is replaced. Where
  // the run is there already (two shards did the same work) the first record stays.
  void add(const RunRecord& run);

  [[nodiscard]] std::vector<RunRecord> runs() const;  // in order of index, measurements in order of step

  [[nodiscard]] const std::string& study_json() const;
  [[nodiscard]] const std::string& study_key() const;
  [[nodiscard]] const std::string& path() const;

 private:
  struct Connection;
  explicit Store(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace phaselaw::store
