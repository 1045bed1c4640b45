// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <gtest/gtest.h>

#include "data/scratch.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/reproduce/experiment.h"

// Parts of experiments that are kept: an interrupted part never counts as finished.
namespace phaselaw::reproduce {
namespace {

class Kept : public ::testing::Test {
 protected:
  void SetUp() override { context_.out = scratch_.path("out"); }
  void TearDown() override { base::set_interrupted(false); }
  base::Value measured(const char* status) {
    return kept(context_, "flow", "inputs", [&] {
      ++calls_;
      return base::Value::table({{"status", status}, {"drift", 0.5}});
    });
  }
  [[nodiscard]] bool file_exists() const { return std::filesystem::exists(context_.out / "kept/flow.json"); }

  Scratch scratch_;
  Context context_;
  int calls_ = 0;
};

TEST_F(Kept, AFinishedPartIsMeasuredOnce) {
  EXPECT_EQ(measured("finished").at("drift").number(), 0.5);
  EXPECT_EQ(measured("finished").at("drift").number(), 0.5);
  EXPECT_EQ(calls_, 1);
}

TEST_F(Kept, APartThatEndsDuringAnInterruptIsNotKept) {
  const auto interrupted = [&] {
    return kept(context_, "flow", "inputs", [&] {
      base::set_interrupted(true);
      return base::Value::table({{"status", "finished"}});
    });
  };
  EXPECT_THROW((void)interrupted(), base::Interrupted);
  EXPECT_FALSE(file_exists());
}

TEST_F(Kept, AnInterruptedPartIsNotKeptAndAnOldOneIsMeasuredAgain) {
  EXPECT_THROW((void)measured("interrupted"), base::Interrupted);
  EXPECT_FALSE(file_exists());
  base::write_file((context_.out / "kept/flow.json").string(),
                   R"({"inputs": "inputs", "value": {"status": "interrupted", "drift": 9}})");
  EXPECT_EQ(measured("finished").at("drift").number(), 0.5);
  EXPECT_EQ(measured("finished").at("drift").number(), 0.5);
  EXPECT_EQ(calls_, 2);
}

}  // namespace
}  // namespace phaselaw::reproduce
