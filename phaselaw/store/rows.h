// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phaselaw/store/sqlite.h"
#include "phaselaw/store/store.h"

// Runs as rows of an open database, of schema 1 or later; no transaction and no lock of their own.
namespace phaselaw::store {

[[nodiscard]] std::vector<std::string> columns_of(Database& database, const std::string& table);

[[nodiscard]] std::vector<std::int64_t> run_indices(Database& database);  // increasing

// The run with its measurements in order of step; nothing where it is not there. Fields of a measurement that an older
// file has no column for are not known. InputError for an unknown status.
[[nodiscard]] std::optional<RunRecord> read_run(Database& database, std::int64_t index);

// The same for every run, in two passes over the tables. InputError for measurements without a run.
[[nodiscard]] std::vector<RunRecord> read_runs(Database& database);

// Statements for writing, made once. The run must not be there.
class RunWriter {
 public:
  explicit RunWriter(Database& database);
  void insert(const RunRecord& run);

 private:
  Statement run_, measurement_;
};

}  // namespace phaselaw::store
