// SPDX-License-Identifier: Apache-2.0
// Curves that no training wrote: bounded time, no crash, and no confident claim.
#include <chrono>
#include <cmath>
#include <limits>

#include "advice/curve_kinds.h"
#include "gtest/gtest.h"

namespace phaselaw::advice {
namespace {

bool nothing_claimed(const CurveClaims& claims) {
  return claims.state == CurveState::unknown && !claims.exponent && !claims.floor && !claims.bend && !claims.gain &&
         claims.early_form.empty() && claims.shapes.empty();
}

TEST(CurveHostile, ShortCurvesClaimNothing) {
  for (std::size_t rows = 0; rows <= 7; ++rows) {
    const CurveClaims claims = noisy_curve(rows, plain_loss, 0.01, 1).claims();
    EXPECT_TRUE(nothing_claimed(claims)) << rows;
    ASSERT_EQ(claims.notes.size(), 1U);
    EXPECT_NE(claims.notes[0].find("at least 8 rows"), std::string::npos);
  }
  for (std::size_t rows = 8; rows <= 20; ++rows) {
    const CurveClaims claims = noisy_curve(rows, plain_loss, 0.01, 1, 500).claims();
    EXPECT_TRUE(claims.state == CurveState::unknown || claims.state == CurveState::falling) << rows;
    EXPECT_TRUE(!claims.floor || holds(claims.floor, 2)) << rows;
  }
}

TEST(CurveHostile, RowsThatAreNotFiniteAreLeftOut) {
  CurveOfTest curve = noisy_curve(4000, plain_loss, 0.02, 2);
  const CurveClaims clean = curve.claims();
  for (std::size_t i = 1500; i < 1520; ++i) curve.loss[i] = std::numeric_limits<double>::quiet_NaN();
  curve.step[2000] = std::numeric_limits<double>::infinity();
  curve.loss[2500] = -std::numeric_limits<double>::infinity();
  const CurveClaims claims = curve.claims();
  EXPECT_EQ(claims.state, clean.state);
  EXPECT_TRUE(holds(claims.exponent, 0.45));
  ASSERT_FALSE(claims.notes.empty());
  EXPECT_EQ(claims.notes[0], "22 rows were left out, without a finite step and loss.");
  curve.loss.assign(curve.loss.size(), std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(nothing_claimed(curve.claims()));
}

TEST(CurveHostile, RepeatedStepsKeepTheirLastRow) {
  const CurveOfTest once = noisy_curve(3000, plain_loss, 0.02, 3);
  CurveOfTest twice;
  for (std::size_t i = 0; i < once.step.size(); ++i)
    for (const double factor : {5.0, 1.0}) {
      twice.step.push_back(once.step[i]);
      twice.loss.push_back(factor * once.loss[i]);
    }
  const CurveClaims a = once.claims(), b = twice.claims();
  ASSERT_TRUE(a.exponent && b.exponent);
  EXPECT_EQ(a.exponent->lo, b.exponent->lo);
  EXPECT_EQ(a.floor->hi, b.floor->hi);
}

TEST(CurveHostile, LossesThatAreNotPositiveHaveNoLaws) {
  CurveOfTest curve = noisy_curve(2000, plain_loss, 0.02, 4);
  curve.loss[1000] = 0;
  const CurveClaims claims = curve.claims();
  EXPECT_TRUE(nothing_claimed(claims));
  EXPECT_NE(claims.notes.at(0).find("zero or negative"), std::string::npos);
}

TEST(CurveHostile, SparseCurvesWithoutNoise) {
  // The residuals are rounding errors, which may cancel to less than nothing.
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    numerics::RandomStream stream(seed, "no noise");
    const double q = 0.3 + 0.4 * stream.uniform(), bend = 8 * std::exp(2.7 * stream.uniform());
    CurveOfTest curve;
    for (double t = 1; t < 20000; t = std::max(t + 1, std::floor(1.1 * t))) {
      curve.step.push_back(t);
      curve.loss.push_back(2 + 5 * std::pow(1 + t / bend, -q));
    }
    const CurveClaims claims = curve.claims();
    EXPECT_TRUE(claims.state == CurveState::unknown || claims.state == CurveState::falling);
    EXPECT_TRUE(!claims.exponent || holds(claims.exponent, q)) << seed;
    EXPECT_TRUE(!claims.floor || holds(claims.floor, 2)) << seed;
  }
}

TEST(CurveHostile, NumbersAtTheEndsOfDoublePrecision) {
  numerics::RandomStream stream(5, "hostile");
  const double denormal = 5e-324;
  for (int kind = 0; kind < 9; ++kind) {
    CurveOfTest curve = noisy_curve(3000, plain_loss, 0.02, 5);
    for (std::size_t i = 0; i < curve.step.size(); ++i) {
      double &t = curve.step[i], &l = curve.loss[i];
      if (kind == 0) t = 7;
      if (kind == 1) t *= denormal;
      if (kind == 2) l = denormal;
      if (kind == 3) l *= 1e300;
      if (kind == 4) l = std::pow(10, 600 * stream.uniform() - 300);
      if (kind == 5) t = 3000 - t + 1;
      if (kind == 6 && i + 1 == curve.step.size()) t = 1e300;
      if (kind == 7 && i % 2 == 1) l = 1e308;
      if (kind == 8) t = 1e15 + t * 1e-3;
    }
    const CurveClaims claims = curve.claims();
    EXPECT_FALSE(claims.exponent || claims.bend) << kind;
    for (const auto& interval : {claims.floor, claims.gain, claims.loss_at(1e6)})
      EXPECT_TRUE(!interval || (std::isfinite(interval->lo) && std::isfinite(interval->hi))) << kind;
  }
}

TEST(CurveHostile, OneMillionRowsTakeAboutASecond) {
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  EXPECT_TRUE(holds(noisy_curve(1000000, plain_loss, 0.02, 6).claims().exponent, 0.45));
  // A counter that falls in every second row, and one that is set back after each 1000 rows.
  CurveOfTest zigzag = noisy_curve(1000000, plain_loss, 0.02, 7), epochs = zigzag;
  for (std::size_t i = 0; i < zigzag.step.size(); ++i) {
    if (i % 2 == 1) zigzag.step[i] -= 5;
    epochs.step[i] = static_cast<double>(i % 1000 + 1);
  }
  (void)zigzag.claims();
  const CurveClaims last = epochs.claims();
  EXPECT_FALSE(last.exponent || last.gain);
  EXPECT_NE(last.state, CurveState::finished);
  EXPECT_LT(seconds(), 20);  // 2 s where it was written
}

}  // namespace
}  // namespace phaselaw::advice
