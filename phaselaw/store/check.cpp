// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/check.h"

#include <algorithm>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/value.h"
#include "phaselaw/store/checksum.h"
#include "phaselaw/store/rows.h"
#include "phaselaw/store/schema.h"

namespace phaselaw::store {

namespace {

std::vector<std::string> lines_of(Database& database, const std::string& sql) {
  Statement statement(database, sql);
  std::vector<std::string> lines;
  while (statement.step()) lines.push_back(statement.text(0));
  return lines;
}

void check_columns(Database& database, FileCheck& check) {
  // A migrated file has them in another order; one of an older version lacks some.
  const auto expect = [&](const std::string& table, std::vector<std::string> columns) {
    auto found = columns_of(database, table);
    for (auto* names : {&columns, &found}) std::sort(names->begin(), names->end());
    const bool older = check.schema_version < kSchemaVersion;
    if (older ? !std::includes(columns.begin(), columns.end(), found.begin(), found.end()) : found != columns)
      check.problems.push_back(fmt::format("table {}: expected the columns {}; found {}", table,
                                           fmt::join(columns, ", "), fmt::join(found, ", ")));
  };
  expect("meta", {"name", "value"});
  expect("runs", {"run", "key", "configuration", "status", "summary", "seconds", "checksum", "program"});
  std::vector<std::string> measurements = {"run"};
  for (const std::string_view name : base::field_names<Measurement>()) measurements.emplace_back(name);
  expect("measurements", measurements);
}

// Returns what is wrong with the run's own numbers, or an empty text.
std::string problem_of(const RunRecord& run) {
  const base::Value summary = base::parse_json(run.summary, "its summary");
  const base::Value configuration = base::parse_json(run.configuration, "its configuration");
  if (!configuration.is_table()) return "its configuration is " + configuration.kind() + ", not a table";
  if (!summary.is_table()) return "its summary is " + summary.kind() + ", not a table";
  if (run.measurements.empty()) return run.status == Status::kFailed ? "" : "it has no measurements";
  if (run.measurements.front().step < 0) return fmt::format("it has step {}", run.measurements.front().step);
  const base::Value* steps = summary.find("steps");
  const std::int64_t last = run.measurements.back().step;
  if (steps != nullptr && steps->is_integer() &&
      (run.status == Status::kFinished ? last != steps->integer() : last > steps->integer()))
    return fmt::format("its last measurement is at step {}, its summary says {} steps", last, steps->integer());
  return "";
}

void check_run(Database& database, std::int64_t index, FileCheck& check) {
  try {
    const RunRecord run = *read_run(database, index);
    ++(run.status == Status::kFinished   ? check.finished
       : run.status == Status::kDiverged ? check.diverged
                                         : check.failed);
    check.measurements += static_cast<std::int64_t>(run.measurements.size());
    if (check.schema_version < kSchemaVersion) ++check.without_checksum;
    if (const std::string problem = problem_of(run); !problem.empty())
      check.problems.push_back(fmt::format("run {}: {}", index, problem));
  } catch (const base::InputError& error) {
    check.problems.push_back(fmt::format("run {}: {}", index, error.what()));
  }
}

void check_database(Database& database, FileCheck& check) {
  const ReadTransaction transaction(database);
  for (const auto& line : lines_of(database, "PRAGMA integrity_check")) {
    require_pages_read(database.path(), line);
    if (line != "ok") check.problems.push_back("pages: " + line);
  }
  if (const auto orphans = lines_of(database, "PRAGMA foreign_key_check").size(); orphans > 0)
    check.problems.push_back(fmt::format("table measurements: {} rows belong to no run", orphans));
  check_columns(database, check);
  if (!check.problems.empty()) return;
  for (const std::int64_t index : run_indices(database)) check_run(database, index, check);
}

}  // namespace

FileCheck check_file(const std::string& path) {
  FileCheck check;
  try {
    Database database = open_for_reading(path, false);
    check.schema_version = require_study(database, false);
    check_database(database, check);
  } catch (const Damaged& damage) {
    check.problems.emplace_back(damage.what());  // SQLite itself stops here
  } catch (const NotAccessible&) {
    throw;  // says nothing about the file
  } catch (const base::RunError& error) {
    check.problems.emplace_back(error.what());
  }
  return check;
}

}  // namespace phaselaw::store
