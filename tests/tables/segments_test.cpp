// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/segments.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace phaselaw::tables {
namespace {

Segments of(const std::vector<double>& counter) {
  return segments_of(counter, std::vector<std::uint32_t>(counter.size(), 0), 1);
}

std::vector<std::size_t> superseded(const Segments& segments) {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < segments.superseded.size(); ++i)
    if (segments.superseded[i]) rows.push_back(i);
  return rows;
}

TEST(Segments, RisingCountersAreOneSegment) {
  const Segments s = of({1, 2, NAN, 5});
  EXPECT_TRUE(s.restarts.empty());
  EXPECT_EQ(s.n_falls, 0U);
}

TEST(Segments, AResumedRunSupersedesItsAbandonedPart) {
  const Segments s = of({0, 100, 200, 300, 200, 300, 400});
  ASSERT_EQ(s.restarts.size(), 1U);
  EXPECT_FALSE(s.restarts[0].again);
  EXPECT_EQ(s.restarts[0].row, 4U);
  EXPECT_EQ(s.restarts[0].from, 200);
  EXPECT_EQ(s.restarts[0].to, 300);
  EXPECT_EQ(superseded(s), (std::vector<std::size_t>{2, 3}));
}

// The second resume goes back behind the first.
TEST(Segments, ResumesAreFollowedInOrder) {
  const Segments s = of({0, 1, 2, 3, 4, 5, 3, 4, 5, 6, 2, 3, 4, 5, 6, 7});
  EXPECT_EQ(superseded(s), (std::vector<std::size_t>{2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(Segments, AFallToTheFirstValueBeginsAgain) {
  const Segments s = of({10, 20, 30, 10, 20, 30, 5, 20});
  EXPECT_EQ(s.part, (std::vector<std::uint32_t>{0, 0, 0, 1, 1, 1, 2, 2}));
  EXPECT_TRUE(superseded(s).empty());
}

TEST(Segments, OneRecordWrittenTwice) {
  const Segments s = of({0, 0, 1, 2, 3});
  EXPECT_EQ(superseded(s), std::vector<std::size_t>{0});
  EXPECT_EQ(s.part.back(), 0U);
}

TEST(Segments, UnsortedRowsAndCrossedRuns) {
  EXPECT_EQ(of({5, 4, 3, 2, 1}).unsorted.size(), 1U);
  EXPECT_TRUE(of({5, 4, 3, 2, 1}).restarts.empty());
  const Segments crossed = of({1, 1, 2, 2, 3, 3, 4, 4});
  ASSERT_TRUE(crossed.crossed.has_value());
  EXPECT_EQ(crossed.crossed->earlier, 0U);
  EXPECT_EQ(crossed.crossed->later, 1U);
}

// What is left ascends in every part, and only what a later row repeats or overtakes is left out.
TEST(Segments, PartsAscendWhateverTheRestarts) {
  std::mt19937 draw(7);
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<double> counter;
    std::vector<std::uint32_t> group;
    for (std::uint32_t g = 0; g < 3; ++g) {
      double at = 0;
      for (int i = 0; i < 60; ++i) {
        const auto quarters = static_cast<double>(draw() % 4), more = static_cast<double>(1 + draw() % 3);
        at = draw() % 20 == 0 ? std::floor(at * quarters / 4) : at + more;
        counter.push_back(at);
        group.push_back(g);
      }
    }
    const Segments s = segments_of(counter, group, 3);
    if (s.crossed || !s.unsorted.empty()) continue;
    for (std::size_t i = 0; i < counter.size(); ++i)
      for (std::size_t j = i + 1; j < counter.size(); ++j) {
        if (group[i] != group[j] || s.part[i] != s.part[j]) continue;
        if (s.superseded[i] || s.superseded[j]) continue;
        EXPECT_LT(counter[i], counter[j]);
      }
  }
}

}  // namespace
}  // namespace phaselaw::tables
