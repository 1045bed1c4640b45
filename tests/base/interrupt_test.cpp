// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/interrupt.h"

#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "phaselaw/base/errors.h"

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

}  // namespace
}  // namespace phaselaw::base
