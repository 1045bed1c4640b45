// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/compare/paired_law.h"

#include <cmath>

#include <gtest/gtest.h>

#include "advice/compare_designs.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {
namespace {

using testing::Design;
using testing::holds;
using testing::RecipePair;

TEST(PairedLaw, FindsThePlantedFactorOfRunsWithoutNoise) {
  const Design design{.budgets = 5, .noise = 0};
  const RecipePair pair = testing::draw(design, 0);
  for (const bool separate : {false, true}) {
    const PairedLaw law(pair.baseline, pair.candidate, {.floor = std::nullopt, .separate_floors = separate});
    for (const double x : {design.first(), design.last(), 100 * design.last()})
      EXPECT_NEAR(std::log(law.speedup(x)), std::log(design.speedup(x)), 1e-4) << separate;
    EXPECT_NEAR(law.exponent(PairedLaw::baseline), design.baseline_exponent, 1e-5);
    EXPECT_NEAR(law.exponent(PairedLaw::candidate), design.candidate_exponent, 1e-5);
    EXPECT_NEAR(law.floor(PairedLaw::candidate), design.floor, 1e-4);
  }
}

// With the floor 0 the laws are straight lines, and the interval of the factor is Fieller's, exactly.
TEST(PairedLaw, TheIntervalOfTheFactorIsFiellersWhereTheLawsAreLines) {
  const Design design{.budgets = 4, .floor = 0, .noise = 0.01};
  const RecipePair pair = testing::draw(design, 3);
  const PairedLaw law(pair.baseline, pair.candidate, {.floor = 0});
  const double place = std::log(design.last());
  double squares = 0, level[2], slope[2], slope_variance[2], level_variance[2], covariance[2];
  for (const int r : {0, 1}) {
    const RecipePoints& points = r == 0 ? pair.baseline : pair.candidate;
    double n = 0, mx = 0, my = 0, xx = 0, xy = 0;
    for (std::size_t i = 0; i < points.loss.size(); ++i) {
      n += 1;
      mx += std::log(points.resource[i]);
      my += std::log(points.loss[i]);
    }
    mx /= n;
    my /= n;
    for (std::size_t i = 0; i < points.loss.size(); ++i) {
      const double dx = std::log(points.resource[i]) - mx;
      xx += dx * dx;
      xy += dx * (std::log(points.loss[i]) - my);
    }
    slope[r] = xy / xx;
    level[r] = my + slope[r] * (place - mx);
    for (std::size_t i = 0; i < points.loss.size(); ++i) {
      const double left = std::log(points.loss[i]) - my - slope[r] * (std::log(points.resource[i]) - mx);
      squares += left * left;
    }
    slope_variance[r] = 1 / xx;
    level_variance[r] = 1 / n + (place - mx) * (place - mx) / xx;
    covariance[r] = (place - mx) / xx;
  }
  const double dof = 4;
  const double s2 = squares / dof, t2 = std::pow(numerics::student_t_quantile(0.975, dof), 2);
  // ln s = (level_b - level_a)/slope_a: the roots of (d - z g)^2 = t^2 s^2 var(d - z g).
  const double d = level[1] - level[0], g = slope[0];
  const double vd = s2 * (level_variance[0] + level_variance[1]), vg = s2 * slope_variance[0], c = -s2 * covariance[0];
  const double a = g * g - t2 * vg, b = -2 * (d * g - t2 * c), e = d * d - t2 * vd;
  ASSERT_GT(a, 0);
  const double root = std::sqrt(b * b - 4 * a * e);
  const double lo = (-b - root) / (2 * a), hi = (-b + root) / (2 * a);
  const fitting::Estimate s = law.speedup_interval(design.last());
  const double accuracy = 2e-3 * (hi - lo);
  EXPECT_EQ(law.dof(), dof);
  EXPECT_NEAR(std::log(s.value), d / g, 1e-6);
  EXPECT_NEAR(std::log(s.lo.value()), lo, accuracy);
  EXPECT_NEAR(std::log(s.hi.value()), hi, accuracy);
}

TEST(PairedLaw, TheFactorDoesNotDependOnUnits) {
  const RecipePair pair = testing::draw({.budgets = 5}, 1);
  RecipePair scaled = pair;
  for (RecipePoints* points : {&scaled.baseline, &scaled.candidate}) {
    for (double& x : points->resource) x *= 1e-15;
    for (double& loss : points->loss) loss /= std::log(2);
  }
  const double x = pair.baseline.resource.back();
  const PairedLaw law(pair.baseline, pair.candidate, {}), other(scaled.baseline, scaled.candidate, {});
  const fitting::Estimate a = law.speedup_interval(x), b = other.speedup_interval(x * 1e-15);
  const double width = std::log(*a.hi / *a.lo);
  EXPECT_NEAR(std::log(a.value / b.value), 0, 1e-6);
  EXPECT_NEAR(std::log(*a.lo / *b.lo), 0, 3e-3 * width);
  EXPECT_NEAR(std::log(*a.hi / *b.hi), 0, 3e-3 * width);
}

TEST(PairedLaw, ExchangedRecipesGiveTheOppositeDifference) {
  const RecipePair pair = testing::draw({.budgets = 5}, 2);
  const PairedLaw law(pair.baseline, pair.candidate, {}), other(pair.candidate, pair.baseline, {});
  const fitting::Estimate a = law.difference_interval(), b = other.difference_interval();
  const double width = *a.hi - *a.lo;
  EXPECT_NEAR(a.value, -b.value, 1e-7);
  EXPECT_NEAR(*a.lo, -*b.hi, 3e-3 * width);
  const double x = pair.baseline.resource[2];
  EXPECT_NEAR(law.p_equal(x), other.p_equal(x), 1e-4);
}

// The interval ends where equality is refuted at its level.
TEST(PairedLaw, TheTestOfEqualityAgreesWithTheInterval) {
  for (std::uint64_t draw = 0; draw < 20; ++draw) {
    const Design design{.budgets = 4, .gain = 1.1};
    const RecipePair pair = testing::draw(design, draw);
    const PairedLaw law(pair.baseline, pair.candidate, {});
    const fitting::Estimate s = law.speedup_interval(design.last());
    const bool excludes = (s.lo && *s.lo > 1.001) || (s.hi && *s.hi < 0.999);
    const bool contains = (!s.lo || *s.lo < 0.999) && (!s.hi || *s.hi > 1.001);
    const double p = law.p_equal(design.last());
    EXPECT_TRUE(!excludes || p < 0.0501) << draw << ": " << p;
    EXPECT_TRUE(!contains || p > 0.0499) << draw << ": " << p;
  }
}

TEST(PairedLaw, IntervalsHoldTheTruthAsOftenAsTheySay) {
  struct Case {
    Design design;
    bool known;
  };
  // 2.6 standard errors of a share of 0.95 in 300 draws.
  constexpr int kDraws = 300;
  const double slack = 2.6 * std::sqrt(0.95 * 0.05 * kDraws);
  for (const Case& one :
       {Case{{.budgets = 2, .seeds = 2}, true}, Case{{.budgets = 3}, false}, Case{{.budgets = 6}, false}}) {
    int held = 0, far = 0, slopes = 0;
    for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
      const Design& design = one.design;
      const RecipePair pair = testing::draw(design, draw);
      const PairedLaw law(pair.baseline, pair.candidate,
                          {.floor = one.known ? std::optional(design.floor) : std::nullopt});
      held += holds(law.speedup_interval(design.last()), design.speedup(design.last()));
      far += holds(law.speedup_interval(100 * design.last()), design.speedup(100 * design.last()));
      slopes += holds(law.difference_interval(), design.candidate_exponent - design.baseline_exponent);
    }
    for (const int count : {held, far, slopes}) EXPECT_NEAR(count, 0.95 * kDraws, slack) << one.design.budgets;
  }
}

TEST(PairedLaw, TwoBudgetsWithoutAFloorGiveNoValueAndAnOpenEnd) {
  const Design design{.budgets = 2, .seeds = 2, .gain = 3};
  const RecipePair pair = testing::draw(design, 0);
  const PairedLaw law(pair.baseline, pair.candidate, {});
  EXPECT_FALSE(law.determines_floor());
  EXPECT_EQ(law.dof(), 4);
  const fitting::Estimate s = law.speedup_interval(design.last());
  EXPECT_TRUE(std::isnan(s.value));
  ASSERT_TRUE(s.lo);
  EXPECT_GT(*s.lo, 1);
  EXPECT_FALSE(s.hi);  // a floor right below the candidate's loss would need any compute
}

TEST(PairedLaw, WithoutSpareRunsThereIsNoNoise) {
  const Design design{.budgets = 2, .seeds = 1};
  const RecipePair pair = testing::draw(design, 0);
  const PairedLaw law(pair.baseline, pair.candidate, {.floor = design.floor});
  EXPECT_EQ(law.dof(), 0);
  EXPECT_TRUE(std::isnan(law.noise()));
  EXPECT_FALSE(law.speedup_interval(design.last()).lo);
  EXPECT_TRUE(std::isnan(law.p_equal(design.last())));
}

TEST(PairedLaw, SeesARunThatBendsAwayAndSeldomOneThatDoesNot) {
  int alarms = 0, found = 0;
  constexpr int kDraws = 200;
  for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
    RecipePair pair = testing::draw({.budgets = 8}, draw);
    alarms += PairedLaw(pair.baseline, pair.candidate, {}).p_curved() < 0.05;
    pair.baseline.loss.front() *= 1.10;
    pair.baseline.loss[1] *= 1.04;
    found += PairedLaw(pair.baseline, pair.candidate, {}).p_curved() < 0.05;
  }
  EXPECT_NEAR(alarms, 0.05 * kDraws, 2.6 * std::sqrt(0.05 * 0.95 * kDraws));
  EXPECT_GT(found, 0.9 * kDraws);
}

// Seeds that agree to the last recorded decimal are not known exactly.
TEST(PairedLaw, RoundedLossesHaveTheNoiseOfTheirRounding) {
  const Design design{.budgets = 4, .gain = 1.1, .noise = 0};
  RecipePair pair = testing::draw(design, 0);
  for (RecipePoints* points : {&pair.baseline, &pair.candidate})
    for (double& loss : points->loss) loss = std::round(loss * 100) / 100;
  const PairedLaw law(pair.baseline, pair.candidate, {.floor = design.floor});
  EXPECT_GE(law.noise(), 0.99 * 0.01 / std::sqrt(12) / pair.baseline.loss.front());
  EXPECT_TRUE(holds(law.speedup_interval(design.last()), design.speedup(design.last())));
}

TEST(PairedLaw, RefusesAFloorThatALossIsBelow) {
  const RecipePair pair = testing::draw({.budgets = 3}, 0);
  EXPECT_THROW(PairedLaw(pair.baseline, pair.candidate, {.floor = 5}), base::InputError);
  RecipePoints bad = pair.baseline;
  bad.loss[1] = base::kNaN;
  EXPECT_THROW(PairedLaw(bad, pair.candidate, {}), base::InputError);
}

}  // namespace
}  // namespace phaselaw::advice
