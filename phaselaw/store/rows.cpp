// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/rows.h"

#include <algorithm>

#include "phaselaw/base/errors.h"
#include "phaselaw/store/checksum.h"

namespace phaselaw::store {

namespace {

Status status_from(const std::string& word, const std::string& path) {
  for (const auto& [name, status] : enum_names(Status{}))
    if (name == word) return status;
  throw base::InputError({path}, fmt::format("is damaged: a run has the status '{}'; expected one of {}", word,
                                             fmt::join(base::enum_words<Status>(), ", ")));
}

bool has_column(const std::vector<std::string>& columns, std::string_view name) {
  return std::find(columns.begin(), columns.end(), name) != columns.end();
}

// Schema 1 had no program and no checksum.
std::string select_runs(Database& database) {
  const auto columns = columns_of(database, "runs");
  const auto or_nothing = [&](const char* name) { return has_column(columns, name) ? name : "''"; };
  return fmt::format("SELECT run, key, configuration, status, summary, seconds, {}, {} FROM runs",
                     or_nothing("program"), or_nothing("checksum"));
}

struct StoredRun {
  RunRecord run;
  std::string checksum;
};

// A key becomes the name of a file or a folder, so it may not be a path.
bool is_plain_name(const std::string& name) {
  constexpr std::size_t kLongest = 100;
  return !name.empty() && name.size() <= kLongest && name.front() != '.' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
             std::string::npos;
}

void verify(const StoredRun& stored, const std::string& path) {
  const std::string found = checksum(stored.run);
  if (found != stored.checksum)
    throw base::InputError(
        {path},
        fmt::format("run {}: its checksum is {}, but {} is stored; a number or text was changed, so restore the "
                    "file from a copy, or remove this run and carry it out again",
                    stored.run.index, found, stored.checksum.empty() ? "nothing" : stored.checksum));
}

StoredRun run_of(const Statement& row, const std::string& path) {
  StoredRun stored;
  RunRecord& run = stored.run;
  run.index = row.integer(0);
  run.key = row.text(1);
  run.configuration = row.text(2);
  run.status = status_from(row.text(3), path);
  run.summary = row.text(4);
  run.seconds = row.real(5);
  run.program = row.text(6);
  stored.checksum = row.text(7);
  if (!is_plain_name(run.key))
    throw base::InputError({path}, fmt::format("run {}: its key '{}' is no plain name; the file was changed", run.index,
                                               run.key.substr(0, 60)));
  return stored;
}

// The columns are the run, then the fields in their order.
std::string select_measurements(Database& database) {
  const auto columns = columns_of(database, "measurements");
  std::string selected = "run";
  for (const std::string_view name : base::field_names<Measurement>())
    selected += fmt::format(", {}", has_column(columns, name) ? name : "NULL");
  return fmt::format("SELECT {} FROM measurements", selected);
}

void get(const Statement& row, int column, std::int64_t& x) { x = row.integer(column); }
void get(const Statement& row, int column, double& x) { x = row.real(column); }

Measurement measurement_of(const Statement& row) {
  Measurement m;
  int column = 1;
  Measurement::fields(m, [&](auto, auto& x, auto&&...) { get(row, column++, x); });
  return m;
}

std::string insert_measurement() {
  const auto names = base::field_names<Measurement>();
  std::string values = "?1";
  for (std::size_t k = 0; k < names.size(); ++k) values += fmt::format(", ?{}", k + 2);
  return fmt::format("INSERT INTO measurements (run, {}) VALUES ({})", fmt::join(names, ", "), values);
}

}  // namespace

std::vector<std::string> columns_of(Database& database, const std::string& table) {
  Statement select(database, fmt::format("SELECT name FROM pragma_table_info('{}') ORDER BY cid", table));
  std::vector<std::string> columns;
  while (select.step()) columns.push_back(select.text(0));
  return columns;
}

std::vector<std::int64_t> run_indices(Database& database) {
  Statement select(database, "SELECT run FROM runs ORDER BY run");
  std::vector<std::int64_t> indices;
  while (select.step()) indices.push_back(select.integer(0));
  return indices;
}

std::optional<RunRecord> read_run(Database& database, std::int64_t index, Checksums checksums) {
  Statement select(database, select_runs(database) + " WHERE run = ?1");
  select.bind(1, index);
  if (!select.step()) return std::nullopt;
  StoredRun stored = run_of(select, database.path());
  Statement rows(database, select_measurements(database) + " WHERE run = ?1 ORDER BY step");
  rows.bind(1, index);
  while (rows.step()) stored.run.measurements.push_back(measurement_of(rows));
  if (checksums == Checksums::verified && has_column(columns_of(database, "runs"), "checksum"))
    verify(stored, database.path());
  return std::move(stored.run);
}

std::vector<RunRecord> read_runs(Database& database) {
  std::vector<StoredRun> stored;
  Statement select(database, select_runs(database) + " ORDER BY run");
  while (select.step()) stored.push_back(run_of(select, database.path()));
  Statement rows(database, select_measurements(database) + " ORDER BY run, step");
  std::size_t at = 0;
  while (rows.step()) {
    while (at < stored.size() && stored[at].run.index < rows.integer(0)) ++at;
    if (at == stored.size() || stored[at].run.index != rows.integer(0))
      throw base::InputError({database.path()}, "is damaged: it has measurements of a run that does not exist");
    stored[at].run.measurements.push_back(measurement_of(rows));
  }
  std::vector<RunRecord> result;
  const bool checksums = has_column(columns_of(database, "runs"), "checksum");
  for (StoredRun& run : stored) {
    if (checksums) verify(run, database.path());
    result.push_back(std::move(run.run));
  }
  return result;
}

RunWriter::RunWriter(Database& database)
    : run_(database, "INSERT INTO runs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"),
      measurement_(database, insert_measurement()) {}

void RunWriter::insert(const RunRecord& run) {
  run_.bind(1, run.index);
  run_.bind(2, run.key);
  run_.bind(3, run.configuration);
  run_.bind(4, base::enum_to_text(run.status));
  run_.bind(5, run.summary);
  run_.bind(6, run.seconds);
  run_.bind(7, checksum(run));
  run_.bind(8, run.program);
  run_.run();
  for (const Measurement& m : run.measurements) {
    measurement_.bind(1, run.index);
    int column = 2;
    Measurement::fields(m, [&](auto, const auto& x, auto&&...) { measurement_.bind(column++, x); });
    measurement_.run();
  }
}

}  // namespace phaselaw::store
