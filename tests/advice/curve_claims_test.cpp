// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/curve/claims.h"

#include <chrono>
#include <cmath>
#include <functional>
#include <limits>

#include "gtest/gtest.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::advice {
namespace {

struct CurveOfTest {
  std::vector<double> step, loss;
  [[nodiscard]] CurveClaims claims() const { return claims_of({step, loss, false, {}, {}}); }
};

// Steps every, 2 every, ..., with independent relative noise.
CurveOfTest noisy_curve(std::size_t rows, const std::function<double(double)>& loss, double noise, std::uint64_t seed,
                        double every = 1) {
  CurveOfTest curve;
  numerics::RandomStream stream(seed, "curve claims test");
  for (std::size_t i = 1; i <= rows; ++i) {
    const double t = every * static_cast<double>(i);
    curve.step.push_back(t);
    curve.loss.push_back(loss(t) * std::exp(noise * stream.normal()));
  }
  return curve;
}

bool holds(const std::optional<Interval>& interval, double truth) {
  return interval && interval->lo <= truth && truth <= interval->hi;
}

double plain_loss(double t) { return 2 + 8 * std::pow(1 + t / 30, -0.45); }

TEST(CurveClaims, ShiftedPowerIsReadWithAllItsNumbers) {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const CurveClaims claims = noisy_curve(10000, plain_loss, 0.02, seed).claims();
    EXPECT_EQ(claims.state, CurveState::falling);
    EXPECT_TRUE(holds(claims.exponent, 0.45));
    EXPECT_TRUE(holds(claims.floor, 2));
    EXPECT_TRUE(holds(claims.bend, 30));
    EXPECT_TRUE(holds(claims.gain, 1 - plain_loss(20000) / plain_loss(10000)));
    EXPECT_TRUE(holds(claims.loss_at(40000), plain_loss(40000)));
    EXPECT_EQ(claims.early_form, "power");
  }
}

TEST(CurveClaims, WarmUpOfUnknownLengthIsNoReasonForAWrongExponent) {
  // The learning rate rises over 200 of 10,000 steps.
  const auto warm = [](double t) { return plain_loss(t < 200 ? t * t / 400 : t - 100); };
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const CurveClaims claims = noisy_curve(10000, warm, 0.02, seed).claims();
    EXPECT_EQ(claims.state, CurveState::falling);
    if (claims.exponent) EXPECT_TRUE(holds(claims.exponent, 0.45));
    if (claims.floor) EXPECT_TRUE(holds(claims.floor, 2));
    EXPECT_FALSE(claims.bend);
  }
}

TEST(CurveClaims, UnitsOfStepsAndLossScaleEveryClaim) {
  const CurveOfTest curve = noisy_curve(5000, plain_loss, 0.02, 4);
  CurveOfTest scaled = curve;
  for (double& t : scaled.step) t *= 1000;
  for (double& l : scaled.loss) l *= 10;
  const CurveClaims a = curve.claims(), b = scaled.claims();
  const auto same = [](const std::optional<Interval>& x, const std::optional<Interval>& y, double factor) {
    ASSERT_TRUE(x && y);
    EXPECT_NEAR(x->lo * factor, y->lo, 1e-6 * std::abs(y->lo));
    EXPECT_NEAR(x->hi * factor, y->hi, 1e-6 * std::abs(y->hi));
  };
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.early_form, b.early_form);
  same(a.exponent, b.exponent, 1);
  same(a.floor, b.floor, 10);
  same(a.bend, b.bend, 1000);
  same(a.gain, b.gain, 1);
  same(a.loss_at(20000), b.loss_at(2e7), 10);
}

}  // namespace
}  // namespace phaselaw::advice
