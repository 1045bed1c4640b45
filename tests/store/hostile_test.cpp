// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/store/check.h"
#include "phaselaw/store/sqlite.h"
#include "phaselaw/store/store.h"
#include "store/scratch.h"

// Stores that somebody has edited: every reader refuses them, and none of their code runs.
namespace phaselaw::store {
namespace {

using base::testing::contains;
using base::testing::message_of;

class HostileStore : public ::testing::Test {
 protected:
  void SetUp() override { Store::open_or_create(path_, "{}", "key").add(sample_run(0, 5)); }
  // As a foreign program writes it: without the library's precautions.
  void edit(const std::string& sql) const {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &handle), SQLITE_OK);
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << (error ? error : "");
    sqlite3_close(handle);
  }
  [[nodiscard]] std::string error_of_all() const {
    return message_of<base::InputError>([&] { (void)Store::open_read(path_).runs(); });
  }
  [[nodiscard]] std::string error_of_one() const {
    return message_of<base::InputError>([&] { (void)Store::open_read(path_).run(0); });
  }

  Scratch scratch_;
  std::string path_ = scratch_.path("s.db");
};

TEST_F(HostileStore, TriggersViewsAndTablesOfOthersAreRefused) {
  const std::pair<const char*, const char*> objects[] = {
      {"CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM measurements; END", "the trigger 't'"},
      {"DROP TRIGGER t; CREATE VIEW v AS SELECT 1", "the view 'v'"},
      {"DROP VIEW v; CREATE INDEX i ON measurements (train_loss)", "the index 'i'"},
      {"DROP INDEX i; CREATE TABLE own (x)", "the table 'own'"},
      {"DROP TABLE own; CREATE TABLE \"a\x1b[31m\" (x)", "the table 'a\\x1b[31m'"}};
  for (const auto& [sql, named] : objects) {
    edit(sql);
    EXPECT_TRUE(contains(error_of_all(), named)) << error_of_all();
    EXPECT_TRUE(
        contains(message_of<base::InputError>([&] { (void)Store::open_or_create(path_, "{}", "key"); }), named));
    EXPECT_THROW((void)check_file(path_), base::InputError);
  }
}

// A trigger that appears while the store is open does not run.
TEST_F(HostileStore, ATriggerNeverRuns) {
  Store store = Store::open_or_create(path_, "{}", "key");
  edit("CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM measurements; END");
  EXPECT_TRUE(store.add(sample_run(1, 5)));
  edit("DROP TRIGGER t");
  EXPECT_EQ(Store::open_read(path_).run(0)->measurements.size(), 5U);
}

TEST_F(HostileStore, EveryReaderVerifiesChecksums) {
  for (const char* sql : {"UPDATE measurements SET test_loss = 0.001 WHERE step = 20", "UPDATE runs SET summary = '{}'",
                          "UPDATE runs SET checksum = ''"}) {
    edit(sql);
    EXPECT_TRUE(contains(error_of_all(), "run 0: its checksum is ")) << error_of_all();
    EXPECT_TRUE(contains(error_of_one(), "run 0: its checksum is "));
    EXPECT_FALSE(check_file(path_).problems.empty());
  }
}

TEST_F(HostileStore, AValueOfAnotherTypeIsDamage) {
  edit("UPDATE measurements SET test_loss = 'abc' WHERE step = 20");
  EXPECT_TRUE(contains(error_of_all(), "the column test_loss holds text where a number is expected"));
  edit("UPDATE measurements SET test_loss = x'00'");
  EXPECT_TRUE(contains(error_of_one(), "holds bytes"));
}

TEST_F(HostileStore, AKeyIsNeverAPath) {
  for (const char* key : {"../../outside", "/tmp/outside", "", ".hidden", "a\nb"}) {
    edit("UPDATE runs SET key = '" + std::string(key) + "'");
    EXPECT_TRUE(contains(error_of_all(), "is no plain name")) << key << ": " << error_of_all();
  }
}

TEST_F(HostileStore, AReadEndsAfterAnInterrupt) {
  base::set_interrupted(true);
  bool ended = false;
  try {
    Database database(path_, SQLITE_OPEN_READONLY, path_);
    (void)database.integer("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
  } catch (const base::Interrupted&) {
    ended = true;
  }
  base::set_interrupted(false);
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace phaselaw::store
