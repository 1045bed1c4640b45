// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/exponents.h"

#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/numerics/random.h"
#include "phaselaw/reproduce/experiment.h"

namespace phaselaw::reproduce {
namespace {

using report::Verdict;

MeasuredExponent planted(const char* source, double value, double half, bool identified = true) {
  return {source, "excess risk", value, value - half, value + half, identified};
}

constexpr double kZ = 1.959963984540054;

// ln q has the standard error s.
MeasuredExponent by_ratio(double value, double s) {
  return {"x", "excess risk", value, value * std::exp(-kZ * s), value * std::exp(kZ * s), true};
}

report::Claim claim_of(const std::vector<MeasuredExponent>& list, const std::string& id) {
  for (const auto& claim : claims_of(list))
    if (claim.id == id) return claim;
  ADD_FAILURE() << "no claim " << id;
  return {};
}

// Two intervals of one ratio: Q = ln(q1/q2)^2/(2 s^2), and the common value is the geometric mean.
TEST(Exponents, CochransQOfTwoIsTheSquaredDifference) {
  const double s = 0.08;
  const auto agreement = agreement_of({by_ratio(0.30, s), by_ratio(0.36, s)});
  EXPECT_EQ(agreement.used, 2U);
  EXPECT_NEAR(agreement.common, std::sqrt(0.30 * 0.36), 1e-12);
  EXPECT_NEAR(agreement.statistic, std::pow(std::log(0.36 / 0.30), 2) / (2 * s * s), 1e-10);
  EXPECT_NEAR(agreement.critical, 3.841458820694124, 1e-9);
  EXPECT_NEAR(agreement.widest, 0.36 * 2 * std::sinh(kZ * s), 1e-12);
}

// Where the exponents are one, Q exceeds its critical value in 5 % of draws: binomial of 4000, 4 standard errors.
TEST(Exponents, QRejectsAgreementAsOftenAsStated) {
  numerics::RandomStream stream(3, "exponents_test");
  constexpr int kDraws = 4000;
  int rejected = 0;
  for (int i = 0; i < kDraws; ++i) {
    std::vector<MeasuredExponent> list;
    for (const double s : {0.05, 0.1, 0.3}) list.push_back(by_ratio(0.3 * std::exp(s * stream.normal()), s));
    const auto agreement = agreement_of(list);
    rejected += agreement.statistic > agreement.critical ? 1 : 0;
  }
  EXPECT_NEAR(rejected / static_cast<double>(kDraws), 0.05, 4 * std::sqrt(0.05 * 0.95 / kDraws));
}

TEST(Exponents, AgreementIsJudged) {
  EXPECT_EQ(claim_of({planted("a", 0.30, 0.05), planted("b", 0.33, 0.05)}, "E6.consistent").verdict,
            Verdict::kSupported);
  EXPECT_EQ(claim_of({planted("a", 0.15, 0.03), planted("b", 0.33, 0.03)}, "E6.consistent").verdict,
            Verdict::kNotSupported);
  // An interval as wide as this agrees with anything.
  EXPECT_EQ(claim_of({planted("a", 0.30, 0.30), planted("b", 0.33, 0.05)}, "E6.consistent").verdict,
            Verdict::kInconclusive);
  // One that is not identified neither agrees nor disagrees.
  EXPECT_EQ(claim_of({planted("a", 0.15, 0.03, false), planted("b", 0.33, 0.03)}, "E6.consistent").verdict,
            Verdict::kInconclusive);
  EXPECT_EQ(claim_of({planted("a", NAN, NAN), planted("b", 0.33, 0.03)}, "E6.consistent").verdict,
            Verdict::kInconclusive);
}

TEST(Exponents, TheBoundNeedsEveryIntervalAndBreaksAtOne) {
  EXPECT_EQ(claim_of({planted("a", 0.20, 0.05), planted("b", 0.33, 0.05)}, "E6.bound").verdict, Verdict::kSupported);
  EXPECT_EQ(claim_of({planted("a", 0.10, 0.03), planted("b", 0.33, 0.05)}, "E6.bound").verdict, Verdict::kNotSupported);
  EXPECT_EQ(claim_of({planted("a", 0.20, 0.08), planted("b", 0.33, 0.05)}, "E6.bound").verdict, Verdict::kInconclusive);
  // The smallest value is narrow and obeys; a wide interval above it reaches below the bound.
  EXPECT_EQ(claim_of({planted("a", 0.20, 0.02), planted("b", 0.33, 0.25)}, "E6.bound").verdict, Verdict::kInconclusive);
  EXPECT_EQ(claim_of({planted("a", 0.10, 0.03, false)}, "E6.bound").verdict, Verdict::kInconclusive);
}

TEST(Exponents, PublishedFitsHaveTheirStatedExponents) {
  EXPECT_NEAR(published_exponents().at(0).value(), 0.154, 5e-4);
  EXPECT_NEAR(published_exponents().at(1).value(), 0.178, 5e-4);
}

TEST(Exponents, ThePictureKeepsARowASourceAndDrawsNoUnknownInterval) {
  const auto figure = figure_of({planted("a", 0.2, 0.05), planted("b", 0.3, NAN, false)});
  ASSERT_EQ(figure.series.size(), 5U);  // bar and point, point, two published
  EXPECT_EQ(figure.series[0].x, (std::vector<double>{0.2 - 0.05, 0.2 + 0.05}));
  EXPECT_EQ(figure.series[1].y, std::vector<double>{4});
  EXPECT_NE(figure.series[2].label.find("not identified"), std::string::npos);
  EXPECT_EQ(figure.vertical_marks.size(), 3U);
}

}  // namespace
}  // namespace phaselaw::reproduce
