// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/rows.h"

#include <iterator>

#include "phaselaw/base/errors.h"
#include "phaselaw/store/checksum.h"

namespace phaselaw::store {

namespace {

static_assert(std::size(kMeasurementColumns) == std::size(kMeasurementFields));

Status status_from(const std::string& word, const std::string& path) {
  for (const Status status : {Status::kFinished, Status::kDiverged, Status::kFailed})
    if (to_string(status) == word) return status;
  throw base::InputError({path}, fmt::format("is damaged: a run has the status '{}'; expected finished, diverged or "
                                             "failed",
                                             word));
}

// Schema 1 had no program.
std::string select_runs(Database& database) {
  const bool has_program =
      database.integer("SELECT count(*) FROM pragma_table_info('runs') WHERE name = 'program'") > 0;
  return fmt::format("SELECT run, key, configuration, status, summary, seconds, {} FROM runs",
                     has_program ? "program" : "''");
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

Measurement measurement_of(const Statement& row) {  // columns run, step, then kMeasurementColumns
  Measurement m;
  m.step = row.integer(1);
  for (std::size_t k = 0; k < std::size(kMeasurementFields); ++k)
    m.*kMeasurementFields[k] = row.real(static_cast<int>(k) + 2);
  return m;
}

std::string select_measurements() {
  return fmt::format("SELECT run, step, {} FROM measurements", fmt::join(kMeasurementColumns, ", "));
}

}  // namespace

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
  Statement rows(database, select_measurements() + " WHERE run = ?1 ORDER BY step");
  rows.bind(1, index);
  while (rows.step()) run.measurements.push_back(measurement_of(rows));
  return run;
}

std::vector<RunRecord> read_runs(Database& database) {
  std::vector<RunRecord> result;
  Statement select(database, select_runs(database) + " ORDER BY run");
  while (select.step()) result.push_back(run_of(select, database.path()));
  Statement rows(database, select_measurements() + " ORDER BY run, step");
  std::size_t at = 0;
  while (rows.step()) {
    while (at < result.size() && result[at].index < rows.integer(0)) ++at;
    if (at == result.size() || result[at].index != rows.integer(0))
      throw base::InputError({database.path()}, "is damaged: measurements of a run that is not there");
    result[at].measurements.push_back(measurement_of(rows));
  }
  return result;
}

RunWriter::RunWriter(Database& database)
    : run_(database, "INSERT INTO runs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"),
      measurement_(database, "INSERT INTO measurements VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)") {}

void RunWriter::insert(const RunRecord& run) {
  run_.bind(1, run.index);
  run_.bind(2, run.key);
  run_.bind(3, run.configuration);
  run_.bind(4, to_string(run.status));
  run_.bind(5, run.summary);
  run_.bind(6, run.seconds);
  run_.bind(7, checksum(run));
  run_.bind(8, run.program);
  run_.run();
  for (const Measurement& m : run.measurements) {
    measurement_.bind(1, run.index);
    measurement_.bind(2, m.step);
    for (std::size_t k = 0; k < std::size(kMeasurementFields); ++k)
      measurement_.bind(static_cast<int>(k) + 3, m.*kMeasurementFields[k]);
    measurement_.run();
  }
}

}  // namespace phaselaw::store
