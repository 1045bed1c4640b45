// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/sqlite.h"

#include <cmath>
#include <cstdlib>
#include <new>
#include <utility>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"

namespace phaselaw::store {

namespace {

[[noreturn]] void fail_with(int code, const std::string& path, const char* detail) {
  if (code == SQLITE_IOERR_NOMEM) throw std::bad_alloc();
  if (code == SQLITE_IOERR_SHMOPEN || code == SQLITE_IOERR_SHMSIZE || code == SQLITE_IOERR_SHMMAP)
    throw NoIndex(
        fmt::format("{}: no index can be written beside it, as {}-shm ({}); free some disk space, or raise the "
                    "limit on the size of files, and run the same command again",
                    path, path, detail));
  // The file ends before its last page.
  switch (code == SQLITE_IOERR_SHORT_READ ? SQLITE_CORRUPT : code & 0xff) {
    case SQLITE_NOMEM:
      throw std::bad_alloc();
    case SQLITE_NOTADB:
      throw base::InputError({path}, "is not a study: expected an SQLite database; name another file");
    case SQLITE_CORRUPT:
      throw Damaged(
          {path}, fmt::format("is damaged ({}); restore it from a copy, or recover the rest with 'sqlite3 {} .recover'",
                              detail, path));
    case SQLITE_CANTOPEN:
      throw base::InputError({path}, "cannot be opened as a study; check that its directory exists and can be written");
    case SQLITE_READONLY:
    case SQLITE_PERM:
      throw base::InputError({path}, "cannot be written; check the permissions of the file and its directory");
    case SQLITE_FULL:
      throw NotAccessible(fmt::format(
          "{}: the disk or the size limit is full; the runs stored so far are intact; free some disk space and run the same command again",
          path));
    case SQLITE_IOERR:
      throw NotAccessible(fmt::format(
          "{}: the disk failed or is full ({}); the runs stored so far are not changed; check the disk and run the same command again",
          path, detail));
    case SQLITE_INTERRUPT:
      throw base::Interrupted(fmt::format("interrupted while reading {}", path));
    case SQLITE_TOOBIG:
      throw base::InputError({path}, fmt::format("is no study of this program: {}", detail));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw NotAccessible(fmt::format(
          "{}: another process keeps the study locked; stop that process and run the same command again", path));
    default:
      throw base::RunError(fmt::format("{}: SQLite: {} (code {})", path, detail, code));
  }
}

// A file from outside is not trusted: its schema cannot run functions with side effects, triggers or views, nor change the
// pages of the schema, and its values and statements are bounded.
void harden(sqlite3* handle, bool reading) {
  constexpr int kLongestValue = 1 << 28;
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  for (const auto& [limit, most] : {std::pair{SQLITE_LIMIT_LENGTH, kLongestValue},
                                    std::pair{SQLITE_LIMIT_SQL_LENGTH, 100'000}, std::pair{SQLITE_LIMIT_COLUMN, 200},
                                    std::pair{SQLITE_LIMIT_EXPR_DEPTH, 50}, std::pair{SQLITE_LIMIT_COMPOUND_SELECT, 3},
                                    std::pair{SQLITE_LIMIT_ATTACHED, 0}, std::pair{SQLITE_LIMIT_TRIGGER_DEPTH, 1}})
    sqlite3_limit(handle, limit, most);
  // A writer finishes what it began. A reader of a large file ends soon after Ctrl-C.
  constexpr int kOperations = 100'000;
  if (reading)
    sqlite3_progress_handler(
        handle, kOperations, [](void*) { return base::interrupted() ? 1 : 0; }, nullptr);
}

[[noreturn]] void wrong_type(const std::string& path, sqlite3_stmt* statement, int column, const char* expected) {
  constexpr const char* kTypes[] = {"", "an integer", "a real number", "text", "bytes", "nothing"};
  throw Damaged({path}, fmt::format("is damaged: the column {} holds {} where {} is expected; see 'phaselaw check {}'",
                                    sqlite3_column_name(statement, column),
                                    kTypes[sqlite3_column_type(statement, column)], expected, path));
}

}  // namespace

void require_pages_read(const std::string& path, const std::string& line) {
  constexpr std::string_view kUnread = "unable to get the page. error code=";
  const std::size_t at = line.find(kUnread);
  if (at == std::string::npos) return;
  const int code = std::atoi(line.c_str() + at + kUnread.size());
  if ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_NOMEM) fail_with(code, path, "a page cannot be read");
}

Database::Database(const std::string& uri, int flags, const std::string& shown_path) : path_(shown_path) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(uri.c_str(), &handle, flags | SQLITE_OPEN_EXRESCODE, nullptr);
  handle_.reset(handle);  // SQLite gives a handle even on failure
  if (code != SQLITE_OK) fail_with(code, path_, sqlite3_errstr(code));
  harden(handle, (flags & SQLITE_OPEN_READONLY) != 0);
}

void Database::fail() const { fail_with(sqlite3_extended_errcode(handle()), path_, sqlite3_errmsg(handle())); }

void Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

std::int64_t Database::integer(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

std::string Database::text(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.text(0) : "";
}

std::string Database::image() const {
  sqlite3_int64 size = 0;
  const std::unique_ptr<unsigned char, void (*)(void*)> bytes(sqlite3_serialize(handle(), "main", &size, 0),
                                                              sqlite3_free);
  if (!bytes) throw std::bad_alloc();
  return {reinterpret_cast<const char*>(bytes.get()), static_cast<std::size_t>(size)};
}

Statement::Statement(const Database& database, std::string_view sql) : database_(&database) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v2(database.handle(), sql.data(), static_cast<int>(sql.size()), &handle, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) database.fail();
}

void Statement::bind(int index, std::int64_t value) {
  if (sqlite3_bind_int64(handle_.get(), index, value) != SQLITE_OK) database_->fail();
}

void Statement::bind(int index, double value) {
  const int code =
      std::isnan(value) ? sqlite3_bind_null(handle_.get(), index) : sqlite3_bind_double(handle_.get(), index, value);
  if (code != SQLITE_OK) database_->fail();
}

void Statement::bind(int index, const std::string& value) {
  if (sqlite3_bind_text64(handle_.get(), index, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8) != SQLITE_OK)
    database_->fail();
}

bool Statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code != SQLITE_ROW && code != SQLITE_DONE) {
    // Read before the reset, because the reset ends the failed statement so that a rollback can follow.
    const int extended = sqlite3_extended_errcode(database_->handle());
    const std::string detail = sqlite3_errmsg(database_->handle());
    sqlite3_reset(handle_.get());
    fail_with(extended, database_->path(), detail.c_str());
  }
  return code == SQLITE_ROW;
}

void Statement::run() {
  while (step()) {
  }
  sqlite3_reset(handle_.get());
}

std::int64_t Statement::integer(int column) const {
  if (sqlite3_column_type(handle_.get(), column) != SQLITE_INTEGER)
    wrong_type(database_->path(), handle_.get(), column, "an integer");
  return sqlite3_column_int64(handle_.get(), column);
}

double Statement::real(int column) const {
  const int type = sqlite3_column_type(handle_.get(), column);
  if (type == SQLITE_NULL) return base::kNaN;
  if (type != SQLITE_FLOAT && type != SQLITE_INTEGER) wrong_type(database_->path(), handle_.get(), column, "a number");
  return sqlite3_column_double(handle_.get(), column);
}

std::string Statement::text(int column) const {
  const int type = sqlite3_column_type(handle_.get(), column);
  if (type == SQLITE_BLOB) wrong_type(database_->path(), handle_.get(), column, "text");
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
  if (data == nullptr && type != SQLITE_NULL) throw std::bad_alloc();
  return data == nullptr ? std::string() : std::string(data, size);
}

Transaction::Transaction(Database& database) : database_(database) { database_.execute("BEGIN IMMEDIATE"); }

Transaction::~Transaction() {
  // A full disk has already rolled the transaction back; then nothing is left to undo.
  if (sqlite3_get_autocommit(database_.handle()) == 0)
    sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() { database_.execute("COMMIT"); }

}  // namespace phaselaw::store
