// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/compare/compare.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "advice/compare_designs.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::advice {
namespace {

using testing::Design;
using testing::holds;
using testing::RecipePair;

ResourceComparison compared(const RecipePair& pair, const CompareOptions& options = {}) {
  return compare_points(pair.baseline, pair.candidate, "compute", options);
}

bool says(const ResourceComparison& c, const std::string& words, const CompareOptions& options = {}) {
  const std::vector<Limit> limits = comparison_limits(c, "A", "B", options);
  return std::any_of(limits.begin(), limits.end(),
                     [&](const Limit& limit) { return limit.text.find(words) != std::string::npos; });
}

TEST(Compare, QuotesTheLargestCommonBudgetAndExtrapolatesBeyond) {
  const Design design{.budgets = 5, .gain = 2};
  const ResourceComparison c = compared(testing::draw(design, 0));
  ASSERT_TRUE(c.fitted);
  ASSERT_NE(c.lead(), nullptr);
  EXPECT_NEAR(std::log(c.lead()->resource / design.last()), 0, 1e-9);
  EXPECT_EQ(c.outcome, Outcome::better);
  EXPECT_TRUE(c.lead()->beyond_baseline);  // the baseline would need twice its largest budget
  ASSERT_EQ(c.places.size(), 7U);
  EXPECT_FALSE(c.places[4].extrapolated);
  EXPECT_TRUE(c.places[5].extrapolated && c.places[6].extrapolated);
  EXPECT_NEAR(c.places[6].resource, 100 * design.last(), 1e-6 * 100 * design.last());
}

TEST(Compare, AtFurtherValuesOfTheResource) {
  CompareOptions options;
  options.at = {3e18, 1e24};
  const ResourceComparison c = compared(testing::draw({.budgets = 4}, 0), options);
  EXPECT_EQ(c.places.size(), 4U + 2 + 2);
  EXPECT_TRUE(c.places.back().extrapolated);
  const auto own =
      std::find_if(c.places.begin(), c.places.end(), [](const ComparedPlace& p) { return p.resource == 3e18; });
  ASSERT_NE(own, c.places.end());
  EXPECT_FALSE(own->extrapolated);  // inside the measured range
}

TEST(Compare, BudgetsThatDifferAreInterpolatedInsideTheCommonRange) {
  const Design design{.budgets = 5, .gain = 2, .shifted = true};
  const ResourceComparison c = compared(testing::draw(design, 0));
  ASSERT_NE(c.lead(), nullptr);
  EXPECT_NE(c.lead()->baseline_measured, c.lead()->candidate_measured);
  EXPECT_FALSE(c.lead()->extrapolated);
  EXPECT_TRUE(says(c, "interpolated"));
  EXPECT_TRUE(holds(c.lead()->speedup, design.speedup(c.lead()->resource)));
}

TEST(Compare, RecipesWithoutACommonRangeAreExtrapolatedAndSaySo) {
  RecipePair pair = testing::draw({.budgets = 4, .gain = 2}, 0);
  for (double& x : pair.candidate.resource) x *= 1e5;
  const ResourceComparison c = compared(pair);
  EXPECT_FALSE(c.common_range);
  ASSERT_NE(c.lead(), nullptr);
  EXPECT_TRUE(c.lead()->extrapolated);
  EXPECT_TRUE(says(c, "do not overlap"));
}

TEST(Compare, OneBudgetOfSeedsIsComparedByItsMeans) {
  const ResourceComparison c = compared(testing::draw({.budgets = 1, .seeds = 4, .gain = 3}, 0));
  EXPECT_FALSE(c.fitted);
  EXPECT_FALSE(c.why.empty());
  ASSERT_EQ(c.places.size(), 1U);
  ASSERT_TRUE(c.places[0].seeds);
  EXPECT_EQ(c.outcome, Outcome::better);
  EXPECT_EQ(c.trend, Trend::unknown);
  EXPECT_DOUBLE_EQ(c.p, c.places[0].seeds->p);
}

TEST(Compare, OneSeedOfEachAtOneBudgetDecidesNothing) {
  const ResourceComparison c = compared(testing::draw({.budgets = 1, .seeds = 1, .gain = 30}, 0));
  EXPECT_EQ(c.outcome, Outcome::unknown);
  EXPECT_TRUE(std::isnan(c.p));
}

TEST(Compare, SeedsNearOneBudgetAreOneBudget) {
  RecipePair pair = testing::draw({.budgets = 2, .seeds = 2}, 0);
  pair.baseline.resource[1] *= 1.001;
  pair.candidate.resource[0] *= 0.999;
  const ResourceComparison c = compared(pair);
  EXPECT_EQ(c.dof, 4);
  ASSERT_GE(c.places.size(), 2U);
  EXPECT_EQ(c.places[0].seeds->n_baseline, 2U);
}

// Equal recipes are called different in 5 % of the draws, and not more often.
TEST(Compare, EqualRecipesAreSeldomCalledDifferent) {
  const Design design{.budgets = 4, .candidate_exponent = 0.15, .gain = 1};
  constexpr int kDraws = 300;
  int different = 0, trends = 0;
  for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
    const ResourceComparison c = compared(testing::draw(design, draw));
    different += c.outcome == Outcome::better || c.outcome == Outcome::worse;
    trends += c.trend == Trend::grows || c.trend == Trend::shrinks;
  }
  const double slack = 2.6 * std::sqrt(0.05 * 0.95 * kDraws);
  EXPECT_NEAR(different, 0.05 * kDraws, slack);
  EXPECT_NEAR(trends, 0.05 * kDraws, slack);
}

TEST(Compare, AWrongFloorIsShownByTheTableOfFloors) {
  const Design design{.budgets = 4, .gain = 1.4};
  CompareOptions options;
  options.floor = design.floor + 0.2;
  constexpr int kDraws = 100;
  int held = 0;
  for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
    const ResourceComparison c = compared(testing::draw(design, draw), options);
    EXPECT_GE(c.floors.size(), 7U);
    held += holds(c.plausible_speedup, design.speedup(design.last()));
  }
  EXPECT_GE(held, 0.9 * kDraws);
}

TEST(Compare, AFloorThatTheRunsRefuteIsCalledSo) {
  CompareOptions options;
  options.floor = 0;
  const RecipePair pair = testing::draw({.budgets = 8, .noise = 0.0005, .decades = 5}, 0);
  EXPECT_TRUE(says(compared(pair, options), "refute the floor", options));
  options.floor = 1.7;
  EXPECT_FALSE(says(compared(pair, options), "refute the floor", options));
}

TEST(Compare, TheAnswerCanHingeOnTheFloor) {
  // The candidate's total loss is lower by a constant factor, over a range that hardly shows a floor: its exponent is the
  // same without a floor, and larger above one.
  RecipePair pair;
  for (const double x : {1e18, 2e18, 4e18})
    for (const int seed : {0, 1}) {
      const double loss = 3.2 * std::pow(x / 1e18, -0.1) * (seed == 0 ? 1.001 : 0.999);
      pair.baseline.resource.push_back(x);
      pair.baseline.loss.push_back(loss);
      pair.candidate.resource.push_back(x);
      pair.candidate.loss.push_back(0.85 * loss);
    }
  const ResourceComparison c = compared(pair);
  EXPECT_EQ(c.outcome, Outcome::better);
  EXPECT_FALSE(c.outcome_hinges);
  EXPECT_EQ(c.trend, Trend::inconclusive);
  EXPECT_TRUE(c.trend_hinges);
}

TEST(Compare, SmallBudgetsThatBendAwayAreLeftOut) {
  const Design design{.budgets = 9, .gain = 2, .noise = 0.001};
  constexpr int kDraws = 100;
  int held = 0;
  for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
    RecipePair pair = testing::draw(design, draw);
    for (RecipePoints* points : {&pair.baseline, &pair.candidate}) {
      points->loss[0] *= 1.10;
      points->loss[1] *= 1.04;
    }
    const ResourceComparison c = compared(pair);
    EXPECT_GT(c.law_from, pair.baseline.resource[0]);
    EXPECT_FALSE(c.laws_miss());
    EXPECT_FALSE(c.places.front().has_laws);
    EXPECT_TRUE(c.lead()->has_laws);
    EXPECT_TRUE(says(c, "are left out"));
    held += holds(c.lead()->speedup, design.speedup(c.lead()->resource));
  }
  EXPECT_NEAR(held, 0.95 * kDraws, 2.6 * std::sqrt(0.05 * 0.95 * kDraws));
}

TEST(Compare, LawsThatMissTheRunsDecideNothing) {
  // Losses that fall in steps, with seeds that agree: no budgets are left over on which a power law holds.
  RecipePair pair;
  for (int b = 0; b < 8; ++b)
    for (const int seed : {0, 1}) {
      const double loss = 4 - 0.2 * b + (b % 2 == 0 ? 0.05 : 0) + (seed == 0 ? 0.001 : 0);
      pair.baseline.resource.push_back(std::pow(10, 18 + 0.5 * b));
      pair.baseline.loss.push_back(loss);
      pair.candidate.resource.push_back(std::pow(10, 18 + 0.5 * b));
      pair.candidate.loss.push_back(b < 7 ? 0.9 * loss : loss);
    }
  const ResourceComparison c = compared(pair);
  ASSERT_TRUE(c.laws_miss());
  EXPECT_EQ(c.outcome, Outcome::inconclusive);  // by the means of the seeds at the largest budget, which are equal
  EXPECT_EQ(c.trend, Trend::inconclusive);
  EXPECT_TRUE(says(c, "miss the means of the seeds"));
}

TEST(Compare, SeparateFloorsAreFoundWhereTheyDiffer) {
  RecipePair pair = testing::draw({.budgets = 16, .noise = 0.0002, .decades = 6}, 0);
  for (double& loss : pair.candidate.loss) loss -= 0.1;
  const ResourceComparison c = compared(pair);
  EXPECT_TRUE(c.laws_miss() || c.p_separate_floors < 0.05);
  CompareOptions options;
  options.separate_floors = true;
  const ResourceComparison own = compared(pair, options);
  EXPECT_FALSE(own.laws_miss());
  EXPECT_TRUE(holds(own.candidate_floor, 1.6));
  EXPECT_TRUE(holds(own.baseline_floor, 1.7));
  EXPECT_TRUE(std::isnan(own.p_separate_floors));
}

TEST(Compare, RefusesOptionsOutsideTheirDomain) {
  const RecipePair pair = testing::draw({.budgets = 3}, 0);
  CompareOptions options;
  options.level = 1;
  EXPECT_THROW((void)compared(pair, options), base::InputError);
  options = {};
  options.floor = 100;
  EXPECT_THROW((void)compared(pair, options), base::InputError);
}

}  // namespace
}  // namespace phaselaw::advice
