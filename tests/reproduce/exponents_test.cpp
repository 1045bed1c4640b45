// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/exponents.h"

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {
namespace {

using report::Verdict;

// An exponent with standard error s of its logarithm, known exactly (normal).
Effect by_ratio(double value, double s) {
  const double half = std::exp(numerics::normal_quantile(0.975) * s);
  return {value, value / half, value * half, base::kInfinity};
}

SourceExponents planted(const char* source, double value, double s) {
  const Effect effect = by_ratio(value, s);
  return {.source = source,
          .model = effect,
          .data = effect,
          .time = {},
          .envelope = effect,
          .implied = effect,
          .charge = "M n T",
          .note = ""};
}

Verdict verdict_of(const std::vector<SourceExponents>& sources, const std::string& id) {
  auto claims = claims_of(sources);
  decide(claims);
  for (const auto& claim : claims)
    if (claim.id == id) return claim.verdict;
  ADD_FAILURE() << "no claim " << id;
  return Verdict::kInconclusive;
}

TEST(Exponents, TheDifferenceOfTwoIsByHand) {
  const auto a = agreement_of({planted("a", 0.30, 0.03), planted("b", 0.36, 0.04)}, &SourceExponents::data);
  EXPECT_EQ(a.used, 2U);
  EXPECT_NEAR(a.largest, std::log(1.2), 1e-12);
  EXPECT_NEAR(a.hi - a.lo, 2 * numerics::normal_quantile(0.975) * 0.05, 1e-12);
  EXPECT_NEAR(a.p_supporting, numerics::normal_cdf((std::log(1.2) - kAgreementMargin) / 0.05), 1e-9);
}

// At the edge of the margin, three sources: disagreement is found at most as often as stated.
TEST(Exponents, RefutationKeepsItsLevel) {
  constexpr int kTurns = 4000;
  constexpr double kError = 0.05;
  numerics::RandomStream stream(1, "test/agreement", 0);
  int refuted = 0;
  for (int turn = 0; turn < kTurns; ++turn) {
    std::vector<SourceExponents> list;
    for (const double shift : {0.0, 0.5 * kAgreementMargin, kAgreementMargin})
      list.push_back(planted("s", 0.3 * std::exp(shift + kError * stream.normal()), kError));
    refuted += agreement_of(list, &SourceExponents::data).p_refuting < kLevel;
  }
  EXPECT_LE(refuted, kLevel * kTurns + 3 * std::sqrt(kLevel * kTurns));
}

TEST(Exponents, AgreementIsJudged) {
  EXPECT_EQ(verdict_of({planted("a", 0.30, 0.02), planted("b", 0.31, 0.02)}, "E6.agree_data"), Verdict::kSupported);
  EXPECT_EQ(verdict_of({planted("a", 0.30, 0.02), planted("b", 0.60, 0.02)}, "E6.agree_data"), Verdict::kNotSupported);
  EXPECT_EQ(verdict_of({planted("a", 0.30, 0.5), planted("b", 0.31, 0.5)}, "E6.agree_data"), Verdict::kInconclusive);
  EXPECT_EQ(verdict_of({planted("a", 0.30, 0.02)}, "E6.agree_data"), Verdict::kInconclusive);
  auto unknown = planted("b", 0.30, 0.02);
  unknown.data = {};
  EXPECT_EQ(verdict_of({planted("a", 0.30, 0.02), unknown}, "E6.agree_data"), Verdict::kInconclusive);
  // One pair that disagrees among three is enough, and all pairs must agree.
  EXPECT_EQ(verdict_of({planted("a", 0.30, 0.02), planted("b", 0.31, 0.02), planted("c", 0.6, 0.02)}, "E6.agree_data"),
            Verdict::kNotSupported);
}

TEST(Exponents, TheBoundIsJudgedByTheLowestInterval) {
  EXPECT_EQ(verdict_of({planted("a", 0.20, 0.02), planted("b", 0.33, 0.05)}, "E6.bound"), Verdict::kSupported);
  EXPECT_EQ(verdict_of({planted("a", 0.10, 0.03), planted("b", 0.33, 0.05)}, "E6.bound"), Verdict::kNotSupported);
  EXPECT_EQ(verdict_of({planted("a", 0.15, 0.2), planted("b", 0.33, 0.05)}, "E6.bound"), Verdict::kInconclusive);
}

TEST(Exponents, PublishedFitsHaveTheirStatedExponents) {
  EXPECT_NEAR(published_exponents().at(0).value(), 0.154, 5e-4);
  EXPECT_NEAR(published_exponents().at(1).value(), 0.178, 5e-4);
}

TEST(Exponents, ThePictureKeepsARowASourceAndDrawsNoUnknownInterval) {
  auto unknown = planted("b", 0.3, 0.1);
  unknown.envelope = {0.3, base::kNaN, base::kNaN, base::kNaN};
  const auto known = planted("a", 0.2, 0.1);
  const auto figure = figure_of({known, unknown});
  ASSERT_EQ(figure.series.size(), 5U);  // bar and point, point, two published
  EXPECT_EQ(figure.series[0].x, (std::vector<double>{known.envelope.lo, known.envelope.hi}));
  EXPECT_EQ(figure.series[1].y, std::vector<double>{4});
  EXPECT_EQ(figure.vertical_marks.size(), 3U);
}

}  // namespace
}  // namespace phaselaw::reproduce
