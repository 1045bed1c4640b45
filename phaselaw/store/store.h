// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/fields.h"
#include "phaselaw/store/locking.h"
#include "phaselaw/store/measurement.h"

// Runs and their measurements on disk: one SQLite file (docs/store.md has the schema). The store computes nothing and
// does not depend on models.
//
// Safety: WAL journal, synchronous = FULL, one transaction per run. A kill or a power failure at any time loses the
// runs for which add() had not returned and nothing else.
// Threads: every member may be called from any thread; one mutex orders the calls. Processes: several may write to one
// file.
// Errors: base::InputError for a file that is no store, is damaged, or belongs to another study or schema;
// base::RunError if the disk is full or fails: the runs stored before are intact, and the store stays usable.
namespace phaselaw::store {

enum class Status {
  kFinished,  // reached its end
  kDiverged,  // the loss became infinite or NaN: an outcome, not an error
  kFailed,    // no result; a resumed study runs it again
};
[[nodiscard]] base::EnumNames<Status> enum_names(Status);

struct RunRecord {
  std::int64_t index = 0;            // position in the study
  std::string key;                   // hash of the resolved configuration
  std::string configuration = "{}";  // resolved configuration, JSON
  Status status = Status::kFinished;
  std::string summary = "{}";             // final numbers, JSON; must not depend on time or machine
  double seconds = base::kNaN;            // wall time; not exported, because it depends on the machine
  std::string program;                    // program that made the run, e.g. "0.1.0 (1a2b3c4)"; not exported
  std::vector<Measurement> measurements;  // steps strictly increasing; NaN is stored as NULL, infinity is kept
};

struct StoreOptions {
  std::int64_t max_bytes = 0;        // largest size of the file (in whole pages); 0 = no limit
  std::int64_t busy_timeout_s = 60;  // how long to wait for another process that is writing
  // Called with the store's directory before anything is written; returns a reason to refuse it, or an empty text.
  std::function<std::string(const std::string& directory)> locking_problem = store::locking_problem;
};

class Store {
 public:
  // Opens the store of this study, or creates it. `study_key` identifies the study, `study_json` is its configuration.
  // A store of another study is an InputError with both keys and the first setting that differs. A store of an older
  // schema is migrated. InputError for a file system without locks, or without locks across machines.
  [[nodiscard]] static Store open_or_create(const std::string& path, const std::string& study_json,
                                            const std::string& study_key, const StoreOptions& options = {});
  // Opens an existing store for reading only, of this schema or an older one; also in a directory that cannot be
  // written.
  [[nodiscard]] static Store open_read(const std::string& path);

  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  // Runs that need not be done again: finished and diverged ones.
  [[nodiscard]] std::set<std::int64_t> finished_runs() const;
  [[nodiscard]] bool is_finished(std::int64_t index) const;  // whether one of them is done

  // Stores the run and all its measurements in one transaction. A failed record of the same index is replaced. If the
  // run already exists (two shards did the same work), the first record is kept. Returns true if the record was stored.
  bool add(const RunRecord& run);

  [[nodiscard]] std::vector<RunRecord> runs() const;  // in order of index, measurements in order of step

  // One at a time, for studies larger than memory.
  [[nodiscard]] std::vector<std::int64_t> run_indices() const;  // ascending
  [[nodiscard]] std::optional<RunRecord> run(std::int64_t index) const;
  [[nodiscard]] std::int64_t measurement_count() const;  // of all runs; cost: one pass over an index

  [[nodiscard]] const std::string& study_json() const;
  [[nodiscard]] const std::string& study_key() const;
  [[nodiscard]] const std::string& path() const;

 private:
  struct Connection;
  explicit Store(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

// "holds another study: key a in the file, b here (data.n_data is 64 in the file and 128 here)".
[[nodiscard]] std::string different_studies(const Store& expected, const Store& found);

}  // namespace phaselaw::store
