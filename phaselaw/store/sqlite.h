// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "phaselaw/base/errors.h"

// SQLite's handles as values: closed, finalised and rolled back by their destructors. Every result code becomes an
// exception that says what to do: InputError if the file is at fault, RunError if the disk is.
namespace phaselaw::store {

// SQLite cannot read the file's pages.
class Damaged : public base::InputError {
 public:
  using base::InputError::InputError;
};

// The disk does not give or take the file's bytes, or another process keeps it locked: nothing is known about the file.
class NotAccessible : public base::RunError {
 public:
  using base::RunError::RunError;
};

// The index of a reader, NAME-shm, cannot be made; the file itself may be readable.
class NoIndex : public NotAccessible {
 public:
  using NotAccessible::NotAccessible;
};

// What a line of SQLite's integrity check says is damage, unless a page could not be read: then the exception of that
// error, such as NotAccessible or bad_alloc.
void require_pages_read(const std::string& path, const std::string& line);

class Database {
 public:
  // `flags` are SQLITE_OPEN_*; `uri` may be a plain path. `shown_path` is used in messages. Triggers and views of the file
  // do not run, its schema is not trusted, and a read ends with Interrupted after Ctrl-C.
  Database(const std::string& uri, int flags, const std::string& shown_path);

  void execute(const std::string& sql);
  [[nodiscard]] std::int64_t integer(const std::string& sql);  // first column of the first row
  [[nodiscard]] std::string text(const std::string& sql);      // empty if there is no row

  [[nodiscard]] std::string image() const;  // the content of the file that holds the database

  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[noreturn]] void fail() const;  // throws the exception of the latest error

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

class Statement {
 public:
  Statement(const Database& database, std::string_view sql);

  void bind(int index, std::int64_t value);
  void bind(int index, double value);  // NaN is bound as NULL
  void bind(int index, const std::string& value);

  [[nodiscard]] bool step();  // true: there is a row
  void run();                 // runs a statement without rows; it can be bound again

  // A value of another type than its column has, which only an edited or a damaged file holds, is Damaged.
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;  // NULL is NaN
  [[nodiscard]] std::string text(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  const Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

// BEGIN IMMEDIATE ... commit(), or rolled back.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
};

// BEGIN ... ROLLBACK around several selects, so that they see one state even if another process stores in between.
class ReadTransaction {
 public:
  explicit ReadTransaction(Database& database) : database_(database) { database_.execute("BEGIN"); }
  ~ReadTransaction() { sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr); }
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

 private:
  Database& database_;
};

}  // namespace phaselaw::store
