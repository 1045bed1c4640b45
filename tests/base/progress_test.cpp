// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "phaselaw/base/log.h"

namespace phaselaw::base {
namespace {

using testing::contains;

// What `action` writes to stderr, which is no terminal meanwhile.
template <class Action>
std::string stderr_of(Action&& action) {
  ::testing::internal::CaptureStderr();
  action();
  return ::testing::internal::GetCapturedStderr();
}

TEST(Duration, UnitsChangeWithSize) {
  EXPECT_EQ(format_duration(0), "0.0 s");
  EXPECT_EQ(format_duration(0.44), "0.4 s");
  EXPECT_EQ(format_duration(12.4), "12 s");
  EXPECT_EQ(format_duration(119.4), "119 s");
  EXPECT_EQ(format_duration(185), "3 min 5 s");
  EXPECT_EQ(format_duration(7199.4), "119 min 59 s");
  EXPECT_EQ(format_duration(7800), "2 h 10 min");
}

TEST(Duration, NeverEndingIsNotANumber) {
  EXPECT_EQ(format_duration(HUGE_VAL), "unknown time");
  EXPECT_EQ(format_duration(std::nan("")), "unknown time");
  EXPECT_EQ(format_duration(1e30), "unknown time");
}

TEST(ProgressBar, IsSilentForTheFirstTwoSeconds) {
  EXPECT_EQ(stderr_of([] {
              Progress progress("training", 10);
              for (int i = 0; i < 10; ++i) progress.advance(1);
            }),
            "");
}

TEST(ProgressBar, SaysShareTimeLeftAndNoteThenTheTimeTaken) {
  const std::string text = stderr_of([] {
    Progress progress("sweep", 100);
    progress.note("41 of 60 runs");
    std::this_thread::sleep_for(std::chrono::milliseconds(2050));
    progress.advance(25);  // a quarter after 2.05 s or a little more: at least 6.15 s are left
    progress.advance(25);  // within ten seconds of the last line: silent
  });
  EXPECT_TRUE(text.starts_with("sweep: 25 %, ")) << text;
  EXPECT_TRUE(contains(text, " left, 41 of 60 runs\n")) << text;
  EXPECT_TRUE(contains(text, "sweep: 50 %, took ")) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
  EXPECT_GE(std::stod(text.substr(std::string("sweep: 25 %, ").size())), 6.1) << text;
}

TEST(ProgressBar, CountsFromSeveralThreads) {
  const std::string text = stderr_of([] {
    Progress progress("sweep", 4000);
    std::this_thread::sleep_for(std::chrono::milliseconds(2050));
    progress.advance(0);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) progress.advance(1);
      });
    for (auto& thread : threads) thread.join();
  });
  EXPECT_TRUE(contains(text, "sweep: 100 %, took ")) << text;
}

TEST(Log, QuietKeepsWarningsAndErrors) {
  const auto talk = [] {
    log_info("information");
    log_warning("warned; do this");
    log_error("failed");
  };
  EXPECT_FALSE(quiet());
  EXPECT_EQ(stderr_of(talk), "phaselaw: information\nphaselaw: warning: warned; do this\nphaselaw: error: failed\n");
  set_quiet(true);
  EXPECT_TRUE(quiet());
  EXPECT_EQ(stderr_of(talk), "phaselaw: warning: warned; do this\nphaselaw: error: failed\n");
  set_quiet(false);
  EXPECT_FALSE(quiet());
}

TEST(Log, BracesInAMessageAreText) {
  EXPECT_EQ(stderr_of([] { log_info("loss {x} {} {0}"); }), "phaselaw: loss {x} {} {0}\n");
}

}  // namespace
}  // namespace phaselaw::base
