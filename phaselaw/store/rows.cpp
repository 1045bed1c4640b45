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

// Schema 1 had no program.
std::string select_runs(Database& database) {
  return fmt::format("SELECT run, key, configuration, status, summary, seconds, {} FROM runs",
                     has_column(columns_of(database, "runs"), "program") ? "program" : "''");
}

RunRecord run_of(const Statement& row, const std::string& path) {
  RunRecord run;
  run.index = row.integer(0);
  run.key = row.text(1);
  run.configuration = row.text(2);
  run.status = status_from(row.text(3), path);
  run.summary = row.text(4);
  run.seconds = row.real(5);
  run.program = row.text(6);
  return run;
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

std::optional<RunRecord> read_run(Database& database, std::int64_t index) {
  Statement select(database, select_runs(database) + " WHERE run = ?1");
  select.bind(1, index);
  if (!select.step()) return std::nullopt;
  RunRecord run = run_of(select, database.path());
  Statement rows(database, select_measurements(database) + " WHERE run = ?1 ORDER BY step");
  rows.bind(1, index);
  while (rows.step()) run.measurements.push_back(measurement_of(rows));
  return run;
}

std::vector<RunRecord> read_runs(Database& database) {
  std::vector<RunRecord> result;
  Statement select(database, select_runs(database) + " ORDER BY run");
  while (select.step()) result.push_back(run_of(select, database.path()));
  Statement rows(database, select_measurements(database) + " ORDER BY run, step");
  std::size_t at = 0;
  while (rows.step()) {
    while (at < result.size() && result[at].index < rows.integer(0)) ++at;
    if (at == result.size() || result[at].index != rows.integer(0))
      throw base::InputError({database.path()}, "is damaged: it has measurements of a run that does not exist");
    result[at].measurements.push_back(measurement_of(rows));
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
