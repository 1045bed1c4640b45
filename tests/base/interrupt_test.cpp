// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/interrupt.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "phaselaw/base/clock.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/grace.h"
#include "phaselaw/base/output_file.h"

namespace phaselaw::base {
namespace {

class Interrupt : public ::testing::Test {
 protected:
  void TearDown() override {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    set_interrupted(false);
  }
};
using InterruptDeathTest = Interrupt;

TEST_F(Interrupt, NothingHappensWithoutASignal) {
  EXPECT_FALSE(interrupted());
  EXPECT_NO_THROW(throw_if_interrupted());
}

TEST_F(Interrupt, TheFirstSignalAsksForAnOrderlyEnd) {
  for (const int signal : {SIGINT, SIGTERM}) {
    set_interrupted(false);
    install_interrupt_handler();
    std::raise(signal);
    EXPECT_TRUE(interrupted());
    EXPECT_THROW(throw_if_interrupted(), Interrupted);
  }
}

TEST_F(InterruptDeathTest, TheSecondSignalEndsTheProcess) {
  const auto twice = [](int signal) {
    install_interrupt_handler();
    std::raise(signal);
    std::raise(signal);
    std::exit(0);
  };
  EXPECT_EXIT(twice(SIGINT), ::testing::ExitedWithCode(128 + SIGINT), "");
  EXPECT_EXIT(twice(SIGTERM), ::testing::ExitedWithCode(128 + SIGTERM), "");
}

void sleep_for(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

// The thread that ends the process does not survive a fork, so these tests start the program again.
TEST_F(InterruptDeathTest, AProgramThatDoesNotNoticeIsEndedAndLeavesNoTemporaryFile) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto folder = std::filesystem::temp_directory_path() / "phaselaw-grace-test";
  const auto start = Clock::now();
  const auto works_on = [&] {
    install_interrupt_handler();
    PieceFile file(folder / "result.json");
    file.append("half");
    std::raise(SIGTERM);
    sleep_for(60);
    std::exit(0);
  };
  EXPECT_EXIT(works_on(), ::testing::ExitedWithCode(3), "interrupted");
  EXPECT_LT(seconds_since(start), 30);
  EXPECT_TRUE(std::filesystem::exists(folder));
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  std::filesystem::remove_all(folder);
}

TEST_F(InterruptDeathTest, WhatIsToBeFinishedFirstIsFinished) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto finishes = [](bool first, bool near) {
    install_interrupt_handler();
    std::optional<FinishFirst> group;
    if (first) group.emplace();
    std::raise(SIGTERM);
    if (near) end_is_near();
    sleep_for(4 * kGraceSeconds);
    std::exit(5);
  };
  EXPECT_EXIT(finishes(true, false), ::testing::ExitedWithCode(5), "");
  EXPECT_EXIT(finishes(false, true), ::testing::ExitedWithCode(5), "");
  EXPECT_EXIT(finishes(false, false), ::testing::ExitedWithCode(3), "interrupted");
}

}  // namespace
}  // namespace phaselaw::base
