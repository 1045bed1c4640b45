// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/merge.h"

#include <filesystem>
#include <sstream>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/store/export.h"
#include "store/scratch.h"

namespace phaselaw::store {
namespace {

class MergeTest : public ::testing::Test {
 protected:
  std::string make(const std::string& name, const std::vector<RunRecord>& runs, const std::string& key = "key") {
    const std::string path = scratch_.path(name);
    Store store = Store::open_or_create(path, R"({"seed":)" + std::to_string(key.size()) + "}", key);
    for (const auto& run : runs) store.add(run);
    return path;
  }
  std::string exported(const std::string& path) {
    std::ostringstream out;
    export_csv(Store::open_read(path).runs(), out);
    return out.str();
  }
  std::string error_of(const std::vector<std::string>& inputs) {
    try {
      (void)merge(out_, inputs);
    } catch (const base::InputError& error) {
      return error.what();
    }
    return "";
  }
  Scratch scratch_;
  std::string out_ = scratch_.path("out.db");
};

TEST_F(MergeTest, ShardsGiveWhatOneStoreWouldHold) {
  const auto whole = make("whole.db", {sample_run(0, 3), sample_run(1, 4), sample_run(2, 5), sample_run(3, 6)});
  const auto a = make("a.db", {sample_run(2, 5), sample_run(0, 3)}), b = make("b.db", {sample_run(3, 6)}),
             c = make("c.db", {sample_run(1, 4), sample_run(3, 6)});
  const auto result = merge(out_, {a, b, c});
  EXPECT_EQ(result.runs, 4);
  EXPECT_EQ(result.added, 4);
  EXPECT_EQ(result.duplicates, 1);
  EXPECT_EQ(exported(out_), exported(whole));
  EXPECT_EQ(merge(out_, {c, b, a}).added, 0);  // again, in another order: nothing changes
  EXPECT_EQ(exported(out_), exported(whole));
}

TEST_F(MergeTest, ADifferentRecordOfOneRunIsRefusedBeforeAnythingIsWritten) {
  RunRecord other = sample_run(1, 4);
  other.measurements[2].test_loss += 1e-12;
  const std::string message = error_of({make("a.db", {sample_run(0, 3), sample_run(1, 4)}), make("b.db", {other})});
  for (const char* part : {"b.db", "run 1 differs from the one in", "a.db"})
    EXPECT_NE(message.find(part), std::string::npos) << message;
  EXPECT_FALSE(std::filesystem::exists(out_));
}

TEST_F(MergeTest, AnotherStudyIsRefusedWithTheDifference) {
  const std::string message = error_of({make("a.db", {}), make("b.db", {}, "other")});
  for (const char* part : {"b.db", "another study", "seed is 5 in the file and 3 here", "cannot be merged"})
    EXPECT_NE(message.find(part), std::string::npos) << message;
  EXPECT_FALSE(std::filesystem::exists(out_));
  (void)make("out.db", {}, "other");
  EXPECT_NE(error_of({scratch_.path("a.db")}).find("another study"), std::string::npos);
  EXPECT_NE(error_of({out_}).find("both an input and the output"), std::string::npos);
}

TEST_F(MergeTest, AFailedRecordGivesWay) {
  RunRecord failed = sample_run(0, 0);
  failed.status = Status::kFailed;
  const auto a = make("a.db", {failed}), b = make("b.db", {sample_run(0, 3)});
  EXPECT_EQ(merge(out_, {a, b}).duplicates, 0);
  EXPECT_EQ(exported(out_), exported(b));
}

}  // namespace
}  // namespace phaselaw::store
