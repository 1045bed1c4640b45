// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/compare/seeds.h"

#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/base/constants.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::advice {
namespace {

TEST(Seeds, WelchsTestByHand) {
  const std::vector<double> a = {1, 2, 3}, b = {4, 6, 8, 10};
  const SeedTest test = compare_seeds(a, b, 0.95);
  EXPECT_DOUBLE_EQ(test.difference.value, -5);
  EXPECT_NEAR(test.dof, 4 / (1.0 / 18 + 25.0 / 27), 1e-12);  // variances 1/3 and 5/3 of the means
  EXPECT_NEAR(test.p, 0.0234, 0.0005);
  EXPECT_NEAR((*test.difference.hi - *test.difference.lo) / 2, 2.7548 * std::sqrt(2), 0.02);
  EXPECT_LT(*test.difference.hi, 0);
}

TEST(Seeds, OneSeedBorrowsTheNoiseAndTwoSinglesHaveNone) {
  const std::vector<double> one = {2.0}, two = {2.1, 2.2, 2.15};
  const SeedTest borrowed = compare_seeds(one, two, 0.95);
  EXPECT_TRUE(borrowed.borrowed);
  EXPECT_EQ(borrowed.dof, 2);
  EXPECT_TRUE(borrowed.difference.lo);
  const SeedTest none = compare_seeds(one, std::vector<double>{2.1}, 0.95);
  EXPECT_FALSE(none.difference.lo);
  EXPECT_TRUE(std::isnan(none.p));
  EXPECT_FALSE(none.seeds);
}

// The sample sizes of the two-sample t test at 5 % and 80 %, as in every table of them.
TEST(Seeds, TheSeedsThatDecideAreThoseOfTheTables) {
  EXPECT_EQ(seeds_needed(1, 1, 1, 0.95).value(), 17U);
  EXPECT_EQ(seeds_needed(0.5, 1, 1, 0.95).value(), 64U);
  EXPECT_EQ(seeds_needed(-2, 1, 1, 0.95).value(), 6U);
  EXPECT_EQ(seeds_needed(0.2, 1, 1, 0.95).value(), 394U);
  EXPECT_FALSE(seeds_needed(1e-6, 1, 1, 0.95));
  EXPECT_FALSE(seeds_needed(0, 1, 1, 0.95));
}

TEST(Seeds, ThatManySeedsDecideWithTheStatedPower) {
  numerics::RandomStream stream(5, "compare_seeds_test", 0);
  const double difference = 1.2, sd_a = 0.5, sd_b = 1.1;
  const std::size_t n = seeds_needed(difference, sd_a, sd_b, 0.95).value();
  constexpr int kDraws = 2000;
  int found = 0;
  for (int d = 0; d < kDraws; ++d) {
    std::vector<double> a, b;
    for (std::size_t i = 0; i < n; ++i) {
      a.push_back(difference + sd_a * stream.normal());
      b.push_back(sd_b * stream.normal());
    }
    found += compare_seeds(a, b, 0.95).p < 0.05;
  }
  // One seed more changes the power by about 0.03 here.
  EXPECT_NEAR(found / static_cast<double>(kDraws), 0.815, 0.04);
}

TEST(Seeds, MoreNoiseOrALessGainNeedsMoreSeeds) {
  std::size_t before = 2;
  for (const double sd : {0.1, 0.2, 0.4, 0.8, 1.6}) {
    const std::size_t n = seeds_needed(0.5, sd, sd, 0.95).value();
    EXPECT_GE(n, before);
    before = n;
  }
  EXPECT_EQ(seeds_needed(0.5, 0.3, 0.3, 0.95), seeds_needed(5e9, 3e9, 3e9, 0.95));
}

TEST(Seeds, TheLastDecimalOfLosses) {
  EXPECT_DOUBLE_EQ(last_decimal(std::vector<double>{2.31, 2.3, 2.27}), 0.01);
  EXPECT_DOUBLE_EQ(last_decimal(std::vector<double>{2.5, 3}), 0.1);
  EXPECT_DOUBLE_EQ(last_decimal(std::vector<double>{2.31, 2.312345}), 1e-6);
  EXPECT_EQ(last_decimal(std::vector<double>{2.31, 2.3123456789}), 0);
}

TEST(Seeds, HolmsCorrectionByHand) {
  const std::vector<double> p = {0.01, base::kNaN, 0.04, 0.03};
  const std::vector<double> corrected = holm(p);
  EXPECT_DOUBLE_EQ(corrected[0], 0.03);
  EXPECT_TRUE(std::isnan(corrected[1]));
  EXPECT_DOUBLE_EQ(corrected[2], 0.06);  // 0.04, but never below a smaller p
  EXPECT_DOUBLE_EQ(corrected[3], 0.06);
  EXPECT_DOUBLE_EQ(holm(std::vector<double>{0.7, 0.9})[0], 1);
}

}  // namespace
}  // namespace phaselaw::advice
