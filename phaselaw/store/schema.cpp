// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/schema.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/output_file.h"
#include "phaselaw/store/checksum.h"
#include "phaselaw/store/rows.h"

namespace phaselaw::store {

namespace {

constexpr std::int64_t kApplicationId = 0x70684c77;  // "phLw", at byte 68 of the file: how `file` can tell a study

std::string sql_type(std::int64_t) { return "INTEGER NOT NULL"; }
std::string sql_type(double) { return "REAL"; }

std::string schema() {
  std::string fields;
  const Measurement any;
  Measurement::fields(any, [&](std::string_view name, const auto& x, auto&&...) {
    fields += fmt::format("  {:<12} {},\n", name, sql_type(x));
  });
  return fmt::format(R"sql(
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE runs (
  run           INTEGER PRIMARY KEY,
  key           TEXT NOT NULL,
  configuration TEXT NOT NULL,
  status        TEXT NOT NULL CHECK (status IN ('{}')),
  summary       TEXT NOT NULL,
  seconds       REAL,
  checksum      TEXT NOT NULL DEFAULT '',
  program       TEXT NOT NULL DEFAULT ''
);
CREATE TABLE measurements (
  run          INTEGER NOT NULL REFERENCES runs (run) ON DELETE CASCADE,
{}  PRIMARY KEY (run, step)
) WITHOUT ROWID;
)sql",
                     fmt::join(base::enum_words<Status>(), "', '"), fields);
}

// So that the file's name survives a power failure, too.
void sync_directory(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const int file = ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

std::int64_t version_of(Database& database) {
  const std::string text = database.text("SELECT value FROM meta WHERE name = 'schema_version'");
  for (std::int64_t version = 1; version <= kSchemaVersion; ++version)
    if (text == std::to_string(version)) return version;
  throw base::InputError(
      {database.path()},
      fmt::format(
          "has schema version {}; this program reads versions 1 to {}; use the release that wrote it, or name another file",
          text.empty() ? "(none)" : text, kSchemaVersion));
}

// Adds the columns that a file of an older version lacks and computes the checksums.
void add_columns(Database& database) {
  const auto add = [&](const std::string& table, std::string_view column, const char* type) {
    const auto columns = columns_of(database, table);
    if (std::find(columns.begin(), columns.end(), column) == columns.end())
      database.execute(fmt::format("ALTER TABLE {} ADD COLUMN {} {}", table, column, type));
  };
  for (const char* column : {"checksum", "program"}) add("runs", column, "TEXT NOT NULL DEFAULT ''");
  for (const std::string_view column : base::field_names<Measurement>()) add("measurements", column, "REAL");
  Statement update(database, "UPDATE runs SET checksum = ?2 WHERE run = ?1");
  for (const std::int64_t index : run_indices(database)) {
    update.bind(1, index);
    update.bind(2, checksum(*read_run(database, index, Checksums::ignored)));
    update.run();
  }
}

// A trigger, a view or a table of somebody else could change or invent results.
void require_own_schema(Database& database) {
  Statement select(
      database, "SELECT type, name, ifnull(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
  while (select.step()) {
    const std::string type = select.text(0), name = select.text(1);
    const bool own = type == "table" && (name == "meta" || name == "runs" || name == "measurements") &&
                     select.text(2).starts_with("CREATE TABLE");
    if (!own)
      throw base::InputError(
          {database.path()},
          fmt::format("holds the {} '{}', which phaselaw did not make and which could change results; remove it, or "
                      "restore the file from a copy",
                      type, name));
  }
}

}  // namespace

void create_study(const std::string& path, const std::string& study_json, const std::string& study_key) {
  Database database(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, path);
  database.execute(fmt::format("PRAGMA application_id = {}", kApplicationId));
  database.execute(schema());
  Statement insert(database, "INSERT INTO meta VALUES (?1, ?2)");
  for (const auto& [name, value] : {std::pair{"schema_version", std::to_string(kSchemaVersion)},
                                    std::pair{"study_key", study_key}, std::pair{"study_configuration", study_json}}) {
    insert.bind(1, std::string(name));
    insert.bind(2, value);
    insert.run();
  }
  std::string image = database.image();
  // The versions of the format for writing and reading: 2 is a database with a write-ahead log.
  image.at(18) = image.at(19) = 2;
  base::require_writable_file(path, path);
  base::PieceFile file(path);
  file.append(image);
  // Where another process was faster, its file is used.
  if (!file.commit_new()) return;
  sync_directory(path);
}

std::int64_t require_study(Database& database, bool pages) {
  const std::string& path = database.path();
  if (database.integer("PRAGMA page_count") == 0)
    throw base::InputError({path}, "is an empty file, not a phaselaw study; remove it, or name another file");
  if (database.integer("PRAGMA application_id") != kApplicationId)
    throw base::InputError({path}, "is an SQLite database, but not a phaselaw study; name another file");
  const std::string damage = pages ? database.text("PRAGMA quick_check(1)") : "ok";
  require_pages_read(path, damage);
  if (damage != "ok")
    throw base::InputError(
        {path}, fmt::format("is damaged ({}); restore it from a copy, or recover the rest with 'sqlite3 {} .recover'",
                            damage, path));
  require_own_schema(database);
  return version_of(database);
}

void require_file(const std::string& path) {
  std::error_code ignored;
  const auto found = std::filesystem::status(path, ignored);
  if (std::filesystem::exists(found) && !std::filesystem::is_regular_file(found))
    throw base::InputError({path}, fmt::format("is a {}; expected a file such as study.db",
                                               std::filesystem::is_directory(found) ? "directory" : "device or FIFO"));
}

Database open_for_reading(const std::string& path, bool pages) {
  require_file(path);
  if (!std::filesystem::exists(path)) throw base::InputError({path}, "does not exist; check the path");
  const auto open = [&](const std::string& uri) {
    Database database(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, path);
    sqlite3_busy_timeout(database.handle(), 60'000);
    require_study(database, pages);
    return database;
  };
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(path).string())
    uri += c == '%' || c == '?' || c == '#' ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
  // A reader of a WAL database keeps an index in the same directory. If the directory cannot be written, or no file of
  // the size of the index, and there is no journal, the file is read without the index.
  const std::filesystem::path journal = path + "-wal";
  std::error_code ignored;
  const bool nothing_pending =
      !std::filesystem::exists(journal, ignored) || std::filesystem::file_size(journal, ignored) == 0;
  try {
    return open(uri);
  } catch (const base::InputError&) {
    if (!nothing_pending) throw;
  } catch (const NoIndex&) {
    if (!nothing_pending) throw;
  }
  return open(uri + "?immutable=1");
}

void migrate(Database& database) {
  if (version_of(database) == kSchemaVersion) return;
  Transaction transaction(database);
  // Another process may have migrated the file while this one waited for the lock.
  if (version_of(database) < kSchemaVersion) add_columns(database);
  database.execute(fmt::format("UPDATE meta SET value = '{}' WHERE name = 'schema_version'", kSchemaVersion));
  transaction.commit();
}

}  // namespace phaselaw::store
