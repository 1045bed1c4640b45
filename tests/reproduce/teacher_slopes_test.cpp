// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/teacher_slopes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "phaselaw/numerics/random.h"
#include "phaselaw/reproduce/line.h"

namespace phaselaw::reproduce {
namespace {

constexpr double kSizes[] = {1, 2, 4, 8};

// y = level x^slope for teachers 1, 2, ..., each with its own level and slope.
std::vector<Observation> planted(const std::vector<double>& slopes, double bend = 0) {
  std::vector<Observation> points;
  for (std::size_t k = 0; k < slopes.size(); ++k)
    for (const double x : kSizes) {
      const double log_x = std::log(x);
      points.push_back({static_cast<std::int64_t>(k + 1), x,
                        (1.0 + static_cast<double>(k)) * std::exp(slopes[k] * log_x + bend * log_x * log_x)});
    }
  return points;
}

TEST(TeacherSlopes, TheMeanOfTheSlopesWithStudentsInterval) {
  const auto result = teacher_slopes(planted({-0.9, -1.0, -1.1}));
  EXPECT_EQ(result.complete(), 3U);
  EXPECT_EQ(result.values, 4U);
  EXPECT_NEAR(result.slope.value, -1, 1e-14);
  EXPECT_NEAR(result.slope.hi + 1, 4.302652729911275 * 0.1 / std::sqrt(3), 1e-9);  // t of 2 degrees of freedom
  EXPECT_EQ(result.slope.degrees, 2);
  EXPECT_NEAR(result.bend.value, 0, 1e-13);
  EXPECT_EQ(result.undecidable(), "");
}

TEST(TeacherSlopes, ABentCurveIsSeen) {
  // Slopes at the ends of a parabola b z^2 in z = ln x: the halves are {0, 1} and {2, 3} times ln 2.
  const auto result = teacher_slopes(planted({-1, -1, -1}, 0.2));
  EXPECT_NEAR(result.bend.value, 0.2 * 4 * std::log(2.0), 1e-13);
}

TEST(TeacherSlopes, ATeacherWithAMissingPointIsLeftOut) {
  auto points = planted({-1, -1, -1, -1, -3});
  points.back().y = std::nan("");
  const auto result = teacher_slopes(points);
  EXPECT_EQ(result.complete(), 4U);
  EXPECT_NEAR(result.slope.value, -1, 1e-13);
  EXPECT_EQ(result.undecidable(), "");  // one of five
  points[3].y = -1;                     // nor is a negative value a measurement
  EXPECT_NE(teacher_slopes(points).undecidable(), "");
  points.resize(8);  // two teachers, one of them incomplete
  EXPECT_NE(teacher_slopes(points).undecidable(), "");
}

// Teachers with scattered slopes, each measured with scatter: the interval contains the mean slope in 95 of 100 cases.
TEST(TeacherSlopes, TheIntervalCoversTheMeanOfTheTeachers) {
  numerics::RandomStream stream(11, "teacher slopes");
  int covered = 0;
  constexpr int kTrials = 1000;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<Observation> points;
    for (std::int64_t teacher = 0; teacher < 5; ++teacher) {
      const double slope = -0.5 + 0.1 * stream.normal();
      for (const double x : kSizes)
        points.push_back({teacher, x, std::pow(x, slope) * std::exp(0.1 * stream.normal())});
    }
    const auto slope = teacher_slopes(points).slope;
    covered += slope.lo <= -0.5 && -0.5 <= slope.hi ? 1 : 0;
  }
  EXPECT_GE(covered, 929);  // binomial: 950 +- 3 standard deviations of 6.9
  EXPECT_LE(covered, 971);
}

report::Claim below_zero(double value, double half) {
  report::Claim claim;
  claim.measured = value;
  claim.lo = value - half;
  claim.hi = value + half;
  claim_at_most(0, claim);
  return claim;
}

TEST(AllOf, NeedsEveryMemberAndFailsWithOne) {
  const auto good = below_zero(-1, 0.2), weak = below_zero(-0.1, 0.2), bad = below_zero(1, 0.2);
  const std::vector<report::Claim> all = {good, good, good}, one_weak = {good, weak}, one_bad = {good, bad};
  EXPECT_EQ(p_values_of_all(all).supporting, p_values(good).supporting);
  EXPECT_EQ(p_values_of_all(one_weak).supporting, p_values(weak).supporting);
  EXPECT_GT(p_values_of_all(one_weak).supporting, 0.05);
  EXPECT_GT(p_values_of_all(one_weak).refuting, 0.05);
  EXPECT_EQ(p_values_of_all(one_bad).refuting, 2 * p_values(bad).refuting);
  EXPECT_TRUE(std::isnan(p_values_of_all(std::vector<report::Claim>{}).supporting));
}

// With one member at the edge (slope 0) among members that hold, wrong support is as rare as the level says.
TEST(AllOf, KeepsItsLevel) {
  numerics::RandomStream stream(12, "all of");
  int wrong = 0;
  constexpr int kTrials = 2000;
  for (int trial = 0; trial < kTrials; ++trial) {
    const double error = 1 / 1.959963984540054;  // of an interval of half-width 1
    const std::vector<report::Claim> claims = {below_zero(-20, 1), below_zero(error * stream.normal(), 1)};
    wrong += p_values_of_all(claims).supporting < 0.05 ? 1 : 0;
  }
  EXPECT_NEAR(wrong, 100, 5 * 9.7);  // binomial, 2000 trials at 0.05: standard deviation 9.7
}

TEST(BinomialAtLeast, AgreesWithClopperAndPearson) {
  // The lower end of the interval is the probability at which P(X >= k) is 0.025.
  for (const std::size_t k : {1U, 7U, 19U, 20U})
    EXPECT_NEAR(binomial_at_least(k, 20, share_of(k, 20).lo), 0.025, 1e-9) << k;
  EXPECT_NEAR(binomial_at_least(0, 20, 0.3), 1, 1e-14);
  EXPECT_NEAR(binomial_at_least(3, 3, 0.5), 0.125, 1e-16);
}

}  // namespace
}  // namespace phaselaw::reproduce
