// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/store.h"

#include <algorithm>
#include <array>
#include <exception>
#include <filesystem>
#include <mutex>
#include <optional>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/log.h"
#include "phaselaw/base/value.h"
#include "phaselaw/store/flatten.h"
#include "phaselaw/store/rows.h"
#include "phaselaw/store/schema.h"
#include "phaselaw/store/sqlite.h"

namespace phaselaw::store {

namespace {

std::string another_study(const std::string& stored_json, const std::string& stored_key, const std::string& asked_json,
                          const std::string& asked_key) {
  const std::string difference =
      first_difference(base::parse_json(stored_json, "the stored study"), base::parse_json(asked_json, "this study"));
  return fmt::format("holds another study: key {} in the file, {} here{}", stored_key, asked_key,
                     difference.empty() ? "" : " (" + difference + ")");
}

}  // namespace

std::string different_studies(const Store& expected, const Store& found) {
  return another_study(found.study_json(), found.study_key(), expected.study_json(), expected.study_key());
}

base::EnumNames<Status> enum_names(Status) {
  static constexpr std::array<std::pair<std::string_view, Status>, 3> names{
      {{"finished", Status::kFinished}, {"diverged", Status::kDiverged}, {"failed", Status::kFailed}}};
  return names;
}

// Statements are declared after the database that they belong to, so they are finalised before it is closed.
struct Store::Connection {
  explicit Connection(Database opened) : database(std::move(opened)) {}
  ~Connection() {
    if (writer) join_journal();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  mutable std::mutex mutex;
  Database database;
  std::string study_json, study_key;
  std::optional<Statement> find_run, remove_run;
  std::optional<RunWriter> writer;

  void read_study() {
    study_key = database.text("SELECT value FROM meta WHERE name = 'study_key'");
    study_json = database.text("SELECT value FROM meta WHERE name = 'study_configuration'");
  }
  void prepare_writing() {
    find_run.emplace(database, "SELECT key, status FROM runs WHERE run = ?1");
    remove_run.emplace(database, "DELETE FROM runs WHERE run = ?1");
    writer.emplace(database);
  }
  // SQLite does this too when it closes the file, but does not say when it fails. Others may be using the store, which is
  // then joined when the last of them closes it.
  void join_journal() noexcept try {
    const int code = sqlite3_wal_checkpoint_v2(database.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    const int kind = code & 0xff;
    if (kind == SQLITE_OK || kind == SQLITE_BUSY || kind == SQLITE_LOCKED || std::uncaught_exceptions() > 0) return;
    base::log_warning(fmt::format(
        "{}: all runs are stored, but the newest only in the journal {}-wal ({}); keep the two files together, and run "
        "the same command again, which joins them",
        database.path(), database.path(), sqlite3_errstr(code)));
  } catch (...) {  // nothing is lost without the warning
  }
};

Store::Store(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

Store Store::open_or_create(const std::string& path, const std::string& study_json, const std::string& study_key,
                            const StoreOptions& options) {
  require_file(path);
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string directory = parent.empty() ? "." : parent.string();
  base::make_directory(directory, path);
  if (const std::string problem = options.locking_problem(directory); !problem.empty())
    throw base::InputError(
        {path},
        fmt::format(
            "cannot hold a study that is being written: {}; put the store on a local disk and copy it afterwards, "
            "or use one store per machine (--shard i/k) and join them with `phaselaw merge`",
            problem));
  if (!std::filesystem::exists(path)) create_study(path, study_json, study_key);
  auto connection = std::make_unique<Connection>(Database(path, SQLITE_OPEN_READWRITE, path));
  Database& database = connection->database;
  sqlite3_busy_timeout(database.handle(), static_cast<int>(options.busy_timeout_s * 1000));
  // FULL: each commit is on the disk before add() returns. NORMAL would be safe against a kill too, but a power failure
  // could undo the last committed runs. One flush per run is negligible.
  database.execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
  if (options.max_bytes > 0)
    database.execute(fmt::format("PRAGMA max_page_count = {}",
                                 std::max<std::int64_t>(1, options.max_bytes / database.integer("PRAGMA page_size"))));
  require_study(database);
  connection->read_study();
  if (connection->study_key != study_key)
    throw base::InputError({path}, another_study(connection->study_json, connection->study_key, study_json, study_key) +
                                       "; name another output, or remove the file");
  migrate(database);
  connection->prepare_writing();
  return Store(std::move(connection));
}

Store Store::open_read(const std::string& path) {
  auto connection = std::make_unique<Connection>(open_for_reading(path));
  connection->read_study();
  return Store(std::move(connection));
}

std::set<std::int64_t> Store::finished_runs() const {
  const std::lock_guard lock(connection_->mutex);
  Statement select(connection_->database, "SELECT run FROM runs WHERE status <> 'failed'");
  std::set<std::int64_t> result;
  while (select.step()) result.insert(select.integer(0));
  return result;
}

std::int64_t Store::measurement_count() const {
  const std::lock_guard lock(connection_->mutex);
  return connection_->database.integer("SELECT count(*) FROM measurements");
}

bool Store::is_finished(std::int64_t index) const {
  const std::lock_guard lock(connection_->mutex);
  Statement select(connection_->database, "SELECT count(*) FROM runs WHERE run = ?1 AND status <> 'failed'");
  select.bind(1, index);
  return select.step() && select.integer(0) > 0;
}

bool Store::add(const RunRecord& run) {
  for (std::size_t i = 1; i < run.measurements.size(); ++i)
    PHASELAW_CHECK_LT(run.measurements[i - 1].step, run.measurements[i].step);
  const std::lock_guard lock(connection_->mutex);
  Connection& c = *connection_;
  PHASELAW_CHECK(c.writer.has_value());  // opened with open_or_create

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
      throw base::InputError(
          {c.database.path()},
          fmt::format(
              "run {} already exists with another configuration (key {} in the file, {} here); name another output",
              run.index, stored_key, run.key));
    return false;
  }

  c.writer->insert(run);
  transaction.commit();
  return true;
}

std::vector<RunRecord> Store::runs() const {
  const std::lock_guard lock(connection_->mutex);
  const ReadTransaction transaction(connection_->database);
  return read_runs(connection_->database);
}

std::vector<std::int64_t> Store::run_indices() const {
  const std::lock_guard lock(connection_->mutex);
  return store::run_indices(connection_->database);
}

std::optional<RunRecord> Store::run(std::int64_t index) const {
  const std::lock_guard lock(connection_->mutex);
  const ReadTransaction transaction(connection_->database);
  return read_run(connection_->database, index);
}

const std::string& Store::study_json() const { return connection_->study_json; }
const std::string& Store::study_key() const { return connection_->study_key; }
const std::string& Store::path() const { return connection_->database.path(); }

}  // namespace phaselaw::store
