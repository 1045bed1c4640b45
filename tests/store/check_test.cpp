// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/check.h"

#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/store/checksum.h"
#include "phaselaw/store/schema.h"
#include "phaselaw/store/sqlite.h"
#include "store/scratch.h"

namespace phaselaw::store {
namespace {

TEST(Checksum, SeesEveryFieldOfTheResultAndNothingElse) {
  const RunRecord run = sample_run(2, 4);
  const std::string before = checksum(run);
  EXPECT_EQ(before.size(), 16u);
  const auto differs = [&](auto&& change) {
    RunRecord other = run;
    change(other);
    return checksum(other) != before;
  };
  EXPECT_TRUE(differs([](RunRecord& r) { r.index = 3; }));
  EXPECT_TRUE(differs([](RunRecord& r) { r.key += "x"; }));
  EXPECT_TRUE(differs([](RunRecord& r) { r.configuration += " "; }));
  EXPECT_TRUE(differs([](RunRecord& r) { r.summary += " "; }));
  EXPECT_TRUE(differs([](RunRecord& r) { r.status = Status::kDiverged; }));
  EXPECT_TRUE(differs([](RunRecord& r) { r.measurements.pop_back(); }));
  for (const std::string_view field : base::field_names<Measurement>())
    EXPECT_TRUE(differs([&](RunRecord& r) {
      Measurement::fields(r.measurements[2], [&](std::string_view name, auto& x, auto&&...) {
        using Number = std::remove_reference_t<decltype(x)>;
        if (name == field)
          x = x != x ? Number{1} : std::bit_cast<Number>(std::bit_cast<std::uint64_t>(x) ^ 1);  // the last bit
      });
    })) << field;
  EXPECT_FALSE(differs([](RunRecord& r) { r.seconds = 9; }));
  EXPECT_FALSE(differs([](RunRecord& r) { r.program = "other"; }));
  EXPECT_FALSE(differs([](RunRecord& r) { r.measurements[2].excess_risk = -base::kNaN; }));  // NaN is NaN
}

class CheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Store store = Store::open_or_create(path_, "{}", "key");
    RunRecord diverged = sample_run(1, 2), failed = sample_run(2, 0);
    diverged.status = Status::kDiverged;
    failed.status = Status::kFailed;
    for (const auto& run : {sample_run(0, 5), diverged, failed}) store.add(run);
  }
  std::vector<std::string> after(const std::string& sql) {
    Database(path_, SQLITE_OPEN_READWRITE, path_).execute(sql);
    return check_file(path_).problems;
  }
  Scratch scratch_;
  std::string path_ = scratch_.path("study.db");
};

TEST_F(CheckTest, ASoundStoreIsCounted) {
  const auto check = check_file(path_);
  EXPECT_EQ(check.problems, std::vector<std::string>{});
  EXPECT_EQ(check.schema_version, kSchemaVersion);
  EXPECT_EQ(check.finished, 1);
  EXPECT_EQ(check.diverged, 1);
  EXPECT_EQ(check.failed, 1);
  EXPECT_EQ(check.measurements, 7);
}

TEST_F(CheckTest, FindsAChangedNumber) {
  const auto problems = after("UPDATE measurements SET train_loss = train_loss + 1e-15 WHERE run = 0 AND step = 20");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find("run 0: its checksum"), std::string::npos) << problems[0];
}

TEST_F(CheckTest, FindsMissingAndOrphanedRowsAndForeignColumns) {
  EXPECT_NE(after("DELETE FROM measurements WHERE run = 1")[0].find("run 1"), std::string::npos);
  EXPECT_NE(after("PRAGMA foreign_keys = OFF; DELETE FROM runs WHERE run = 0")[0].find("5 rows belong to no run"),
            std::string::npos);
  EXPECT_NE(after("ALTER TABLE meta ADD COLUMN extra")[1].find("table meta"), std::string::npos);
}

TEST_F(CheckTest, FindsASummaryThatContradictsTheCurve) {
  Store store = Store::open_or_create(path_, "{}", "key");
  RunRecord run = sample_run(9, 3);  // last step 20
  run.summary = R"({"steps":30})";
  store.add(run);
  const auto problems = check_file(path_).problems;
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find("step 20, its summary says 30"), std::string::npos) << problems[0];
}

// A byte changed anywhere in the file is found, or lies where no data are.
TEST_F(CheckTest, FindsAChangedByteWhereverItMatters) {
  Database(path_, SQLITE_OPEN_READWRITE, path_).execute("PRAGMA wal_checkpoint(TRUNCATE)");
  const Store whole = Store::open_read(path_);
  std::vector<std::string> sums;
  for (const auto& run : whole.runs()) sums.push_back(checksum(run));
  std::string bytes(std::filesystem::file_size(path_), '\0');
  std::ifstream(path_, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  int found = 0;
  for (std::size_t at = 101; at < bytes.size(); at += 61) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x21);
    const std::string path = scratch_.path("changed.db");
    std::ofstream(path, std::ios::binary) << changed;
    bool sound = false;
    try {
      sound = check_file(path).problems.empty();
    } catch (const base::InputError&) {
    }
    if (!sound) {
      ++found;
      continue;
    }
    std::vector<std::string> now;
    for (const auto& run : Store::open_read(path).runs()) now.push_back(checksum(run));
    EXPECT_EQ(now, sums) << "byte " << at;
  }
  EXPECT_GT(found, 5);
}

TEST_F(CheckTest, ACutFileIsAProblemAndAnotherFileAnError) {
  std::filesystem::resize_file(path_, 4096 * 2);
  EXPECT_FALSE(check_file(path_).problems.empty());
  std::ofstream(scratch_.path("text.db")) << std::string(4096, 'x');
  EXPECT_THROW((void)check_file(scratch_.path("text.db")), base::InputError);
}

}  // namespace
}  // namespace phaselaw::store
