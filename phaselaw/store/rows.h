// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phaselaw/store/sqlite.h"
#include "phaselaw/store/store.h"

// Runs as rows of an open database, of schema 1 or later; without transactions or locks of their own.
namespace phaselaw::store {

[[nodiscard]] std::vector<std::string> columns_of(Database& database, const std::string& table);

[[nodiscard]] std::vector<std::int64_t> run_indices(Database& database);  // ascending

// The run with its measurements in order of step; nothing if it does not exist. Fields of a measurement for which an
// older file has no column are unknown. InputError for an unknown status, a key that is no plain name, and a run that does
// not have its stored checksum (checksum.h; a file of schema 1 has none).
enum class Checksums { verified, ignored };
[[nodiscard]] std::optional<RunRecord> read_run(Database& database, std::int64_t index,
                                                Checksums checksums = Checksums::verified);

// The same for every run, in two passes over the tables. InputError for measurements without a run.
[[nodiscard]] std::vector<RunRecord> read_runs(Database& database);

// Prepared statements for writing. The run must not exist yet.
class RunWriter {
 public:
  explicit RunWriter(Database& database);
  void insert(const RunRecord& run);

 private:
  Statement run_, measurement_;
};

}  // namespace phaselaw::store
