// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/team.h"

#include <chrono>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace phaselaw::base {
namespace {

TEST(Team, EveryTurnOnceAndAMemberIsOnOneAtATime) {
  for (const int size : {1, 2, 3, 5}) {
    Team team(size);
    ASSERT_EQ(team.size(), size);
    std::vector<int> busy(static_cast<std::size_t>(size));
    for (const std::int64_t count : {0, 1, 2, 3, 7, 1000})
      for (int loop = 0; loop < 50; ++loop) {
        std::vector<int> turns(static_cast<std::size_t>(count));
        team.run(count, [&](std::int64_t i, int member) {
          EXPECT_EQ(++busy.at(static_cast<std::size_t>(member)), 1);
          ++turns[static_cast<std::size_t>(i)];
          --busy[static_cast<std::size_t>(member)];
        });
        EXPECT_EQ(turns, std::vector<int>(static_cast<std::size_t>(count), 1));
      }
  }
}

TEST(Team, OthersTakePart) {
  Team team(2);
  std::atomic<bool> other_came{false};
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!other_came && std::chrono::steady_clock::now() < limit)
    team.run(2, [&](std::int64_t, int member) {
      if (member == 1) other_came = true;
      std::this_thread::yield();
    });
  EXPECT_TRUE(other_came);
}

// Long enough apart that the others have gone to sleep.
TEST(Team, WakesFromSleep) {
  Team team(3);
  for (int loop = 0; loop < 5; ++loop) {
    std::atomic<int> turns{0};
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    team.run(6, [&](std::int64_t, int) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ++turns;
    });
    EXPECT_EQ(turns, 6);
  }
}

TEST(Team, AnExceptionOfATurnReachesTheCallerAndTheTeamGoesOn) {
  for (const int size : {1, 3}) {
    Team team(size);
    for (int loop = 0; loop < 20; ++loop) {
      EXPECT_THROW(team.run(10,
                            [&](std::int64_t i, int) {
                              if (i == 3) throw std::runtime_error("a turn");
                            }),
                   std::runtime_error);
      std::atomic<int> turns{0};
      team.run(10, [&](std::int64_t, int) { ++turns; });
      EXPECT_EQ(turns, 10);
    }
  }
}

TEST(ParallelFor, EveryTurnOnceByAtMostSoManyThreads) {
  for (const std::int64_t threads : {0, 1, 2, 5})
    for (const std::int64_t count : {0, 1, 3, 100}) {
      std::vector<int> turns(static_cast<std::size_t>(count));
      parallel_for(count, threads, [&](std::int64_t i, int member) {
        EXPECT_LT(member, std::min<std::int64_t>(count, thread_count(threads)));
        ++turns[static_cast<std::size_t>(i)];
      });
      EXPECT_EQ(turns, std::vector<int>(static_cast<std::size_t>(count), 1));
    }
  EXPECT_THROW(parallel_for(9, 3, [](std::int64_t, int) { throw std::runtime_error("a turn"); }), std::runtime_error);
  EXPECT_GE(thread_count(0), 1);
  EXPECT_EQ(thread_count(7), 7);
}

}  // namespace
}  // namespace phaselaw::base
