// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/store.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <optional>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/value.h"
#include "phaselaw/store/flatten.h"
#include "phaselaw/store/sqlite.h"

namespace phaselaw::store {

namespace {

constexpr std::int64_t kSchemaVersion = 1;
constexpr std::int64_t kApplicationId = 0x70684c77;  // "phLw", at byte 68 of the file: how `file` can tell a study

constexpr const char* kSchema = R"sql(
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE runs (
  run           INTEGER PRIMARY KEY,
  key           TEXT NOT NULL,
  configuration TEXT NOT NULL,
  status        TEXT NOT NULL CHECK (status IN ('finished', 'diverged', 'failed')),
  summary       TEXT NOT NULL,
  seconds       REAL
);
CREATE TABLE measurements (
  run          INTEGER NOT NULL REFERENCES runs (run) ON DELETE CASCADE,
  step         INTEGER NOT NULL,
  time         REAL,
  tokens       REAL,
  compute_flop REAL,
  train_loss   REAL,
  test_loss    REAL,
  excess_risk  REAL,
  PRIMARY KEY (run, step)
) WITHOUT ROWID;
)sql";

constexpr const char* kMeasurementColumns[] = {"time",       "tokens",    "compute_flop",
                                               "train_loss", "test_loss", "excess_risk"};
constexpr double Measurement::*kMeasurementFields[] = {&Measurement::time,         &Measurement::tokens,
                                                       &Measurement::compute_flop, &Measurement::train_loss,
                                                       &Measurement::test_loss,    &Measurement::excess_risk};
static_assert(std::size(kMeasurementColumns) == std::size(kMeasurementFields));

Status status_from(const std::string& word, const std::string& path) {
  for (const Status status : {Status::kFinished, Status::kDiverged, Status::kFailed})
    if (to_string(status) == word) return status;
  throw base::InputError({path}, fmt::format("is damaged: a run has the status '{}'; expected finished, diverged or "
                                             "failed",
                                             word));
}

// A file of another kind, another schema or with damaged pages is refused before anything is read from it.
void check_is_study(Database& database) {
  const std::string& path = database.path();
  if (database.integer("PRAGMA application_id") != kApplicationId)
    throw base::InputError({path}, "is an SQLite database, but not a phaselaw study; name another file");
  const std::string damage = database.text("PRAGMA quick_check(1)");
  if (damage != "ok")
    throw base::InputError({path}, fmt::format("is damaged ({}); restore it from a copy, or save what is left with "
                                               "'sqlite3 {} .recover'",
                                               damage, path));
  const std::string version = database.text("SELECT value FROM meta WHERE name = 'schema_version'");
  if (version != std::to_string(kSchemaVersion))
    throw base::InputError({path},
                           fmt::format("has schema version {}; this program reads version {}: use the release that "
                                       "wrote it, or name another file",
                                       version.empty() ? "(none)" : version, kSchemaVersion));
}

void require_no_directory(const std::string& path) {
  if (std::filesystem::is_directory(path))
    throw base::InputError({path}, "is a directory; expected a file such as study.db");
}

// "data.n_data is [32,64] in the file and [32,128] here", or "" where the settings are the same.
std::string first_difference(const std::string& stored_json, const std::string& asked_json) {
  const auto stored = flatten(base::parse_json(stored_json, "the stored study"));
  const auto asked = flatten(base::parse_json(asked_json, "this study"));
  const auto shown = [](const base::Value* value) { return value ? base::to_json(*value, -1) : "not given"; };
  for (const auto* side : {&stored, &asked})
    for (const auto& [name, unused] : *side) {
      const auto a = shown(find_leaf(stored, name)), b = shown(find_leaf(asked, name));
      if (a != b) return fmt::format("{} is {} in the file and {} here", name, a, b);
    }
  return "";
}

}  // namespace

std::string to_string(Status status) {
  switch (status) {
    case Status::kFinished:
      return "finished";
    case Status::kDiverged:
      return "diverged";
    case Status::kFailed:
      return "failed";
  }
  return "?";
}

// Statements are declared after the database that they belong to, so they are finalised before it is closed.
struct Store::Connection {
  explicit Connection(Database opened) : database(std::move(opened)) {}
  mutable std::mutex mutex;
  Database database;
  std::string study_json, study_key;
  std::optional<Statement> find_run, remove_run, insert_run, insert_measurement;

  void read_study() {
    study_key = database.text("SELECT value FROM meta WHERE name = 'study_key'");
    study_json = database.text("SELECT value FROM meta WHERE name = 'study_configuration'");
  }
  void prepare_writing() {
    find_run.emplace(database, "SELECT key, status FROM runs WHERE run = ?1");
    remove_run.emplace(database, "DELETE FROM runs WHERE run = ?1");
    insert_run.emplace(database, "INSERT INTO runs VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    insert_measurement.emplace(database, "INSERT INTO measurements VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
  }
};

Store::Store(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

Store Store::open_or_create(const std::string& path, const std::string& study_json, const std::string& study_key,
                            const StoreOptions& options) {
  require_no_directory(path);
  auto connection = std::make_unique<Connection>(Database(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, path));
  Database& database = connection->database;
  sqlite3_busy_timeout(database.handle(), static_cast<int>(options.busy_timeout_s * 1000));
  // FULL: each commit is on the disk before add() returns. NORMAL would be safe against a kill too, but a power cut
  // could take back the last committed runs. One flush a run costs nothing beside the run.
  database.execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
  if (options.max_bytes > 0)
    database.execute(fmt::format("PRAGMA max_page_count = {}",
                                 std::max<std::int64_t>(1, options.max_bytes / database.integer("PRAGMA page_size"))));
  if (database.integer("SELECT count(*) FROM sqlite_schema") == 0) {
    database.execute("PRAGMA journal_mode = WAL");
    Transaction transaction(database);
    // Another shard may have made the tables while this one waited for the lock.
    if (database.integer("SELECT count(*) FROM sqlite_schema") == 0) {
      database.execute(fmt::format("PRAGMA application_id = {}", kApplicationId));
      database.execute(kSchema);
      Statement insert(database, "INSERT INTO meta VALUES (?1, ?2)");
      for (const auto& [name, value] :
           {std::pair{"schema_version", std::to_string(kSchemaVersion)}, std::pair{"study_key", study_key},
            std::pair{"study_configuration", study_json}}) {
        insert.bind(1, std::string(name));
        insert.bind(2, value);
        insert.run();
      }
    }
    transaction.commit();
  }
  check_is_study(database);
  connection->read_study();
  if (connection->study_key != study_key) {
    const std::string difference = first_difference(connection->study_json, study_json);
    throw base::InputError(
        {path},
        fmt::format("holds another study: key {} in the file, {} here{}; name another output, or remove the file",
                    connection->study_key, study_key, difference.empty() ? "" : " (" + difference + ")"));
  }
  connection->prepare_writing();
  return Store(std::move(connection));
}

Store Store::open_read(const std::string& path) {
  require_no_directory(path);
  if (!std::filesystem::exists(path)) throw base::InputError({path}, "does not exist; check the path");
  const auto open = [&](const std::string& uri) {
    auto connection = std::make_unique<Connection>(Database(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, path));
    sqlite3_busy_timeout(connection->database.handle(), 60'000);
    check_is_study(connection->database);
    connection->read_study();
    return Store(std::move(connection));
  };
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(path).string())
    uri += c == '%' || c == '?' || c == '#' ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
  // A reader of a WAL database keeps an index beside it. Where the directory cannot be written and no journal waits,
  // nobody can be writing either, and the file is read as it lies.
  const std::filesystem::path journal = path + "-wal";
  std::error_code ignored;
  const bool nothing_pending =
      !std::filesystem::exists(journal, ignored) || std::filesystem::file_size(journal, ignored) == 0;
  try {
    return open(uri);
  } catch (const base::InputError&) {
    if (!nothing_pending) throw;
  }
  return open(uri + "?immutable=1");
}

std::set<std::int64_t> Store::finished_runs() const {
  const std::lock_guard lock(connection_->mutex);
  Statement select(connection_->database, "SELECT run FROM runs WHERE status <> 'failed'");
  std::set<std::int64_t> result;
  while (select.step()) result.insert(select.integer(0));
  return result;
}

void Store::add(const RunRecord& run) {
  for (std::size_t i = 1; i < run.measurements.size(); ++i)
    PHASELAW_CHECK_LT(run.measurements[i - 1].step, run.measurements[i].step);
  const std::lock_guard lock(connection_->mutex);
  Connection& c = *connection_;
  PHASELAW_CHECK(c.insert_run.has_value());  // opened with open_or_create

  Transaction transaction(c.database);
  c.find_run->bind(1, run.index);
  std::string stored_key, stored_status;
  if (c.find_run->step()) {
    stored_key = c.find_run->text(0);
    stored_status = c.find_run->text(1);
  }
  c.find_run->run();
  if (stored_status == "failed") {
    c.remove_run->bind(1, run.index);
    c.remove_run->run();
  } else if (!stored_status.empty()) {
    if (stored_key != run.key)
      throw base::InputError({c.database.path()},
                             fmt::format("run {} is there with another configuration (key {} in the file, {} here); "
                                         "name another output",
                                         run.index, stored_key, run.key));
    return;
  }

  Statement& insert = *c.insert_run;
  insert.bind(1, run.index);
  insert.bind(2, run.key);
  insert.bind(3, run.configuration);
  insert.bind(4, to_string(run.status));
  insert.bind(5, run.summary);
  insert.bind(6, run.seconds);
  insert.run();
  Statement& row = *c.insert_measurement;
  for (const Measurement& m : run.measurements) {
    row.bind(1, run.index);
    row.bind(2, m.step);
    for (std::size_t k = 0; k < std::size(kMeasurementFields); ++k)
      row.bind(static_cast<int>(k) + 3, m.*kMeasurementFields[k]);
    row.run();
  }
  transaction.commit();
}

std::vector<RunRecord> Store::runs() const {
  const std::lock_guard lock(connection_->mutex);
  Database& database = connection_->database;
  // One read transaction: another process that stores a run between the two selects does not show half of itself.
  database.execute("BEGIN");
  const struct End {
    Database& database;
    ~End() { sqlite3_exec(database.handle(), "ROLLBACK", nullptr, nullptr, nullptr); }
  } end{database};
  std::vector<RunRecord> result;
  Statement select(database, "SELECT run, key, configuration, status, summary, seconds FROM runs ORDER BY run");
  while (select.step()) {
    RunRecord run;
    run.index = select.integer(0);
    run.key = select.text(1);
    run.configuration = select.text(2);
    run.status = status_from(select.text(3), database.path());
    run.summary = select.text(4);
    run.seconds = select.real(5);
    result.push_back(std::move(run));
  }
  Statement rows(database, fmt::format("SELECT run, step, {} FROM measurements ORDER BY run, step",
                                       fmt::join(kMeasurementColumns, ", ")));
  std::size_t at = 0;
  while (rows.step()) {
    while (at < result.size() && result[at].index < rows.integer(0)) ++at;
    if (at == result.size() || result[at].index != rows.integer(0))
      throw base::InputError({database.path()}, "is damaged: measurements of a run that is not there");
    Measurement m;
    m.step = rows.integer(1);
    for (std::size_t k = 0; k < std::size(kMeasurementFields); ++k)
      m.*kMeasurementFields[k] = rows.real(static_cast<int>(k) + 2);
    result[at].measurements.push_back(m);
  }
  return result;
}

const std::string& Store::study_json() const { return connection_->study_json; }
const std::string& Store::study_key() const { return connection_->study_key; }
const std::string& Store::path() const { return connection_->database.path(); }

}  // namespace phaselaw::store
