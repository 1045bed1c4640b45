// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/random_effect.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {
namespace {

using report::Claim;
using report::Standing;
using report::Verdict;

Claim measured(double value, double lo, double hi) {
  Claim claim;
  claim.measured = value;
  claim.lo = lo;
  claim.hi = hi;
  return claim;
}

Claim exponent(double predicted, double value, double half) {
  Claim claim = measured(value, value - half, value + half);
  claim_exponent(predicted, claim);
  return claim;
}

std::vector<Claim> decided(std::vector<Claim> claims) {
  decide(claims);
  return claims;
}

TEST(Decide, OnePercentPointsOfTheNormalDistribution) {
  Claim claim = measured(2, 2 - 1.959963984540054, 2 + 1.959963984540054);  // standard error 1
  claim_at_most(0, claim);
  const PValues p = p_values(claim);
  EXPECT_NEAR(p.refuting, 0.022750131948179195, 1e-12);  // 1 - Phi(2)
  EXPECT_NEAR(p.supporting, 1 - p.refuting, 1e-12);
  claim_at_least(0, claim);
  EXPECT_NEAR(p_values(claim).supporting, p.refuting, 1e-15);
}

TEST(Decide, StudentsTWithFewTeachers) {
  Claim claim = measured(2, 2 - 4.302652729696142, 2 + 4.302652729696142);  // standard error 1, 2 degrees of freedom
  claim.degrees = 2;
  claim_at_least(0, claim);
  EXPECT_NEAR(p_values(claim).supporting, 0.0917517095361369, 1e-9);  // R: pt(-2, 2)
}

TEST(Decide, AnAsymmetricIntervalKeepsItsShape) {
  Claim claim = measured(1, 0.9, 3);
  claim_at_least(0.8, claim);
  EXPECT_LT(p_values(claim).supporting, 1e-3);
  claim_at_most(1.2, claim);
  EXPECT_GT(p_values(claim).supporting, 0.4);
}

TEST(Decide, AnExponentNeedsItsMargin) {
  EXPECT_EQ(decided({exponent(1.0 / 6, 0.166, 0.010)})[0].verdict, Verdict::kSupported);
  EXPECT_EQ(decided({exponent(1.0 / 6, 0.212, 0.014)})[0].verdict, Verdict::kNotSupported);
  EXPECT_EQ(decided({exponent(1.0 / 6, 0.166, 0.030)})[0].verdict, Verdict::kInconclusive);  // underpowered
  // A narrow interval that excludes the number but lies within the margin supports it.
  EXPECT_EQ(decided({exponent(1.0 / 6, 0.160, 0.002)})[0].verdict, Verdict::kSupported);
}

TEST(Decide, NoIntervalOrAReasonIsInconclusive) {
  Claim claim = exponent(1, 1, 0.01);
  claim.undecidable = "the runs did not pass their minimum";
  EXPECT_EQ(decided({claim})[0].verdict, Verdict::kInconclusive);
  EXPECT_TRUE(std::isnan(decided({claim})[0].p_adjusted));
  EXPECT_EQ(decided({measured(1, NAN, NAN)})[0].verdict, Verdict::kInconclusive);
}

TEST(Decide, HolmCorrectsForTheNumberOfClaims) {
  Claim weak = measured(2.2, 2.2 - 1.959963984540054, 2.2 + 1.959963984540054);
  claim_at_least(0, weak);  // p = 0.0139
  EXPECT_EQ(decided({weak})[0].verdict, Verdict::kSupported);
  const auto four = decided({weak, weak, weak, weak});
  for (const Claim& claim : four) {
    EXPECT_EQ(claim.verdict, Verdict::kInconclusive);
    EXPECT_NEAR(claim.p_adjusted, 4 * claim.p_supporting, 1e-15);
  }
  // A decided claim leaves the level to the others: steps of 2 p and 1 p.
  const auto two = decided({weak, exponent(1, 1, 0.001)});
  EXPECT_EQ(two[0].verdict, Verdict::kSupported);
  EXPECT_NEAR(two[0].p_adjusted, two[0].p_supporting, 1e-15);
}

TEST(Decide, SelfChecksAreNotInTheFamily) {
  Claim weak = measured(2.2, 2.2 - 1.96, 2.2 + 1.96);
  claim_at_least(0, weak);
  Claim check = exponent(1, 1, 0.001);
  check.standing = Standing::kSelfCheck;
  std::vector<Claim> claims(20, check);
  claims.push_back(weak);
  decide(claims);
  EXPECT_EQ(claims.back().verdict, Verdict::kSupported);
  EXPECT_EQ(claims.front().verdict, Verdict::kSupported);
  EXPECT_TRUE(std::isnan(claims.front().p_adjusted));
}

// With 20 true equalities at the edge of their margins, wrong support of any is as rare as the level says.
TEST(Decide, TheFamilyKeepsItsLevel) {
  numerics::RandomStream stream(3, "family");
  int wrong = 0;
  constexpr int kFamilies = 2000, kClaims = 20;
  for (int f = 0; f < kFamilies; ++f) {
    std::vector<Claim> claims;
    for (int i = 0; i < kClaims; ++i) claims.push_back(exponent(1, 1.1 + 0.01 * stream.normal(), 0.0196));
    decide(claims);
    wrong += std::any_of(claims.begin(), claims.end(), [](const Claim& c) { return c.verdict == Verdict::kSupported; });
  }
  // Binomial, 2000 trials at 0.05: standard deviation 9.7; five of them.
  EXPECT_LE(wrong, kFamilies * kLevel + 5 * 9.7);
  EXPECT_GE(wrong, kFamilies * kLevel - 5 * 9.7);
}

TEST(RandomEffect, TheJackknifeOfAMeanIsStudentsInterval) {
  const std::vector<double> values = {1, 2, 4, 8, 16};
  const auto effects = jackknife(values.size(), [&](std::span<const std::size_t> teachers) {
    double sum = 0;
    for (const std::size_t i : teachers) sum += values[i];
    return std::vector<double>{sum / static_cast<double>(teachers.size()), NAN};
  });
  const Effect direct = effect_of(values);
  EXPECT_NEAR(effects[0].value, direct.value, 1e-14);
  EXPECT_NEAR(effects[0].lo, direct.lo, 1e-12);
  EXPECT_NEAR(effects[0].hi, direct.hi, 1e-12);
  EXPECT_EQ(effects[0].degrees, 4);
  EXPECT_TRUE(std::isnan(effects[1].lo));
}

TEST(RandomEffect, AnEffectOnALogarithmIsAFactor) {
  const auto factor = exponential({std::log(2.0), 0, std::log(3.0), 5});
  EXPECT_NEAR(factor.value, 2, 1e-15);
  EXPECT_EQ(factor.lo, 1);
  EXPECT_NEAR(factor.hi, 3, 1e-15);
  EXPECT_EQ(factor.degrees, 5);
  EXPECT_EQ(text_of({1.166, 1.05, 1.29, 3}), "1.17 [1.05, 1.29]");
}

TEST(RandomEffect, OneTeacherHasNoInterval) {
  const auto effect = jackknife(1, [](std::span<const std::size_t>) { return std::vector<double>{2.0}; })[0];
  EXPECT_EQ(effect.value, 2);
  EXPECT_TRUE(std::isnan(effect.lo) && std::isnan(effect.hi));
  Claim claim = measured(0, 0, 0);
  set_measured(effect, claim);
  claim_at_least(1, claim);
  EXPECT_EQ(decided({claim})[0].verdict, Verdict::kInconclusive);
}

// The interval of a slope of averaged curves contains the truth in 95 of 100 cases.
TEST(RandomEffect, TheJackknifeCovers) {
  numerics::RandomStream stream(5, "coverage");
  constexpr int kTrials = 1000, kTeachers = 8;
  int covered = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<std::array<double, 4>> curves(kTeachers);
    for (auto& curve : curves) {
      const double level = std::exp(0.5 * stream.normal());
      for (std::size_t i = 0; i < curve.size(); ++i)
        curve[i] = level * std::exp(-1.0 * static_cast<double>(i) + 0.1 * stream.normal());
    }
    const auto effect = jackknife(kTeachers, [&](std::span<const std::size_t> teachers) {
      double slope = 0;
      for (std::size_t i = 0; i < 4; ++i) {
        double mean = 0;
        for (const std::size_t t : teachers) mean += curves[t][i];
        slope += (static_cast<double>(i) - 1.5) / 5 * std::log(mean);
      }
      return std::vector<double>{slope};
    })[0];
    covered += effect.lo <= -1 && -1 <= effect.hi ? 1 : 0;
  }
  EXPECT_GE(covered, 930);  // binomial: 950 +- 3 standard deviations of 6.9
  EXPECT_LE(covered, 975);
}

}  // namespace
}  // namespace phaselaw::reproduce
