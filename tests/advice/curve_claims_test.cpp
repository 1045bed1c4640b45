// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/curve/claims.h"

#include <algorithm>
#include <cmath>

#include "advice/curve_kinds.h"
#include "gtest/gtest.h"
#include "phaselaw/numerics/lambert_w.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::advice {
namespace {

// Every claim that is made holds the truth.
void expect_no_wrong_interval(const CurveClaims& claims, double exponent, double floor) {
  EXPECT_TRUE(!claims.exponent || holds(claims.exponent, exponent))
      << claims.exponent->lo << " to " << claims.exponent->hi;
  EXPECT_TRUE(!claims.floor || holds(claims.floor, floor)) << claims.floor->lo << " to " << claims.floor->hi;
}

TEST(CurveClaims, ShiftedPowerIsReadWithAllItsNumbers) {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const CurveClaims claims = noisy_curve(10000, plain_loss, 0.02, seed).claims();
    EXPECT_EQ(claims.state, CurveState::falling);
    EXPECT_TRUE(holds(claims.exponent, 0.45));
    EXPECT_TRUE(holds(claims.floor, 2));
    EXPECT_TRUE(holds(claims.bend, 30));
    EXPECT_TRUE(holds(claims.gain, 1 - plain_loss(20000) / plain_loss(10000)));
    EXPECT_TRUE(holds(claims.loss_at(10000), plain_loss(10000)));
    EXPECT_TRUE(holds(claims.loss_at(40000), plain_loss(40000)));
    EXPECT_EQ(claims.early_form, "power");
    EXPECT_NEAR(claims.noise, 0.02, 0.002);
    EXPECT_EQ(std::count_if(claims.shapes.begin(), claims.shapes.end(), [](const auto& s) { return s.best; }), 1);
  }
}

TEST(CurveClaims, TwoStageCurveIsNoPowerAtItsStart) {
  const auto two_stage = [](double t) { return 0.5 + 6 * std::exp(-0.5 * numerics::lambert_w0(t / 20)); };
  const CurveClaims claims = noisy_curve(10000, two_stage, 0.02, 1).claims();
  EXPECT_EQ(claims.state, CurveState::falling);
  EXPECT_NE(claims.early_form, "power");
  expect_no_wrong_interval(claims, 0.5, 0.5);
}

TEST(CurveClaims, WarmUpOfUnknownLengthIsNoReasonForAWrongExponent) {
  for (const double length : {50.0, 200.0, 1000.0}) {
    const auto warm = [&](double t) { return plain_loss(t < length ? t * t / (2 * length) : t - length / 2); };
    const CurveClaims claims = noisy_curve(10000, warm, 0.02, 5).claims();
    EXPECT_EQ(claims.state, CurveState::falling) << length;
    expect_no_wrong_interval(claims, 0.45, 2);
    EXPECT_TRUE(length < 200 || !claims.bend);
  }
}

// The blocks of a loss that grows by the same factor at each step differ as much as their level.
TEST(CurveClaims, ASmoothExplosionToFiniteNumbersIsADivergence) {
  for (const double factor : {1.05, 1.1, 1.65})
    for (const bool held_out : {false, true}) {
      const auto exploding = [&](double t) { return plain_loss(t) + 1e-3 * std::pow(factor, t - 800); };
      std::vector<double> step, loss;
      for (double t = 1; t <= 1000 && exploding(t) < 1e30; ++t) {
        step.push_back(t);
        loss.push_back(exploding(t));
      }
      const CurveState state = claims_of({step, loss, held_out, {}, {}, false}).state;
      EXPECT_EQ(state, held_out ? CurveState::rising : CurveState::diverged) << factor;
    }
}

TEST(CurveClaims, DecayOfTheLearningRateIsSeenAndNothingElseIsClaimed) {
  // Linear to 0 over the last fifth, and with it the loss falls by a further 4 %.
  const auto decayed = [](double t) {
    const double past = std::max(t - 8000, 0.0), sum = t - past * past / 4000;
    return plain_loss(sum) * (1 - 0.04 * past / 2000);
  };
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const CurveClaims claims = noisy_curve(10000, decayed, 0.02, seed).claims();
    EXPECT_EQ(claims.state, CurveState::decaying);
    EXPECT_FALSE(claims.exponent || claims.floor || claims.gain || claims.bend);
    EXPECT_TRUE(claims.shapes.empty());
    EXPECT_FALSE(claims.loss_at(20000));
  }
}

TEST(CurveClaims, FlatCurvesAreFinished) {
  const auto ended = [](double t) { return 1.7 + 5 * std::exp(-t / 150); };
  const CurveClaims exponential = noisy_curve(2000, ended, 0.01, 2).claims();
  EXPECT_EQ(exponential.state, CurveState::finished);
  EXPECT_TRUE(holds(exponential.floor, 1.7));
  const auto late_drop = [](double t) { return 1.5 + 4 * std::exp(-t / 60) + 1.5 / (1 + std::exp((t - 6000) / 150)); };
  const CurveClaims dropped = noisy_curve(10000, late_drop, 0.02, 2).claims();
  EXPECT_EQ(dropped.state, CurveState::finished);
  ASSERT_TRUE(dropped.gain);
  EXPECT_LT(dropped.gain->hi, 0.01);
  const CurveClaims constant = noisy_curve(
                                   3000, [](double) { return 3.0; }, 0, 0)
                                   .claims();
  EXPECT_EQ(constant.state, CurveState::finished);
}

TEST(CurveClaims, RisingLossesAreToldApartByTheTrainingLoss) {
  const auto rises = [](double t) { return plain_loss(t) + 0.25 * std::pow(std::max(std::log(t / 2500), 0.0), 1.5); };
  const CurveOfTest held_out = noisy_curve(10000, rises, 0.02, 3), training = noisy_curve(10000, plain_loss, 0.02, 4);
  EXPECT_EQ(claims_of({held_out.step, held_out.loss, true, training.step, training.loss}).state,
            CurveState::overfitting);
  EXPECT_EQ(claims_of({held_out.step, held_out.loss, true, held_out.step, held_out.loss}).state, CurveState::diverged);
  EXPECT_EQ(held_out.claims(true).state, CurveState::rising);
  const CurveClaims diverged = held_out.claims();
  EXPECT_EQ(diverged.state, CurveState::diverged);
  EXPECT_GT(diverged.rise, 0.01);  // 1.9 % at the very end
  EXPECT_NEAR(diverged.lowest_step, 5500, 1500);
  EXPECT_FALSE(diverged.exponent || diverged.floor || diverged.gain);
}

TEST(CurveClaims, FlatHeldOutLossBesideAFallingTrainingLossIsMemorising) {
  const auto flat = [](double t) { return 3 + 4 * std::exp(-t / 100); };
  const CurveOfTest held_out = noisy_curve(5000, flat, 0.01, 3), training = noisy_curve(5000, plain_loss, 0.02, 4);
  const CurveClaims claims = claims_of({held_out.step, held_out.loss, true, training.step, training.loss});
  EXPECT_EQ(claims.state, CurveState::memorising);
  EXPECT_FALSE(claims.gain || claims.floor);
}

TEST(CurveClaims, SpikesAreCutOutAndCorrelatedNoiseIsNone) {
  CurveOfTest curve = noisy_curve(10000, plain_loss, 0.02, 7);
  for (const std::size_t from : {3000U, 5200U, 8000U})
    for (std::size_t i = 0; i < 40; ++i) curve.loss[from + i] *= 1 + 0.5 * std::exp(-static_cast<double>(i) / 12);
  const CurveClaims spiky = curve.claims();
  ASSERT_EQ(spiky.spikes.size(), 3U);
  EXPECT_NEAR(spiky.spikes[0].step, 3000, 20);
  EXPECT_TRUE(holds(spiky.exponent, 0.45));
  // An autoregression of order 1 with rho = 0.95.
  numerics::RandomStream stream(8, "correlated");
  CurveOfTest correlated = noisy_curve(10000, plain_loss, 0, 0);
  double error = 0;
  for (double& l : correlated.loss) {
    error = 0.95 * error + std::sqrt(1 - 0.95 * 0.95) * 0.03 * stream.normal();
    l *= std::exp(error);
  }
  const CurveClaims claims = correlated.claims();
  EXPECT_TRUE(claims.spikes.empty());
  EXPECT_NEAR(claims.correlation_time, 39, 15);
  EXPECT_FALSE(claims.bend);
  EXPECT_TRUE(claims.early_form.empty());
  expect_no_wrong_interval(claims, 0.45, 2);
}

TEST(CurveClaims, StepCountersThatFall) {
  const CurveOfTest whole = noisy_curve(10000, plain_loss, 0.02, 9), again = noisy_curve(10000, plain_loss, 0.02, 10);
  CurveOfTest resumed = whole;  // from step 4200, after 5000 steps
  resumed.step.resize(5000);
  resumed.loss.resize(5000);
  resumed.step.insert(resumed.step.end(), again.step.begin() + 4200, again.step.end());
  resumed.loss.insert(resumed.loss.end(), again.loss.begin() + 4200, again.loss.end());
  const CurveClaims claims = resumed.claims();
  EXPECT_EQ(claims.notes.size(), 1U);
  EXPECT_TRUE(holds(claims.exponent, 0.45));
  CurveOfTest reset = whole;  // the counter begins again at 1, the training goes on
  for (std::size_t i = 4000; i < reset.step.size(); ++i) reset.step[i] -= 4000;
  const CurveClaims after = reset.claims();
  EXPECT_FALSE(after.exponent || after.bend || after.gain);
  EXPECT_NE(after.state, CurveState::finished);
}

TEST(CurveClaims, WhatFollowsARiseOfTheLevelIsReadByItself) {
  const auto shifted = [](double t) { return plain_loss(t) * (t > 2000 ? 1.15 : 1); };
  const CurveClaims claims = noisy_curve(20000, shifted, 0.02, 11).claims();
  EXPECT_NE(claims.state, CurveState::diverged);
  EXPECT_NE(claims.state, CurveState::decaying);
  ASSERT_FALSE(claims.notes.empty());
  EXPECT_NE(claims.notes[0].find("The loss rose by"), std::string::npos);
  expect_no_wrong_interval(claims, 0.45, 2.3);
}

TEST(CurveClaims, UnitsOfStepsAndLossScaleEveryClaim) {
  const CurveOfTest curve = noisy_curve(5000, plain_loss, 0.02, 4);
  const CurveClaims a = curve.claims();
  const auto same = [](const std::optional<Interval>& x, const std::optional<Interval>& y, double factor) {
    ASSERT_TRUE(x && y);
    EXPECT_NEAR(x->lo * factor, y->lo, 1e-6 * std::abs(y->lo));
    EXPECT_NEAR(x->hi * factor, y->hi, 1e-6 * std::abs(y->hi));
  };
  for (const auto& [steps, losses] : {std::pair{1000.0, 10.0}, {524288.0, 1 / std::log(2.0)}, {1e-4, 1e-7}}) {
    CurveOfTest scaled = curve;
    for (double& t : scaled.step) t *= steps;
    for (double& l : scaled.loss) l *= losses;
    const CurveClaims b = scaled.claims();
    EXPECT_EQ(a.state, b.state);
    EXPECT_EQ(a.early_form, b.early_form);
    EXPECT_EQ(a.shapes.size(), b.shapes.size());
    same(a.exponent, b.exponent, 1);
    same(a.floor, b.floor, losses);
    same(a.bend, b.bend, steps);
    same(a.gain, b.gain, 1);
    same(a.loss_at(20000), b.loss_at(20000 * steps), losses);
  }
}

TEST(CurveClaims, WrongIntervalsAreRare) {
  // 60 curves of six kinds; the claims are three standard errors wide.
  std::size_t wrong = 0, claimed = 0;
  for (std::uint64_t seed = 100; seed < 110; ++seed)
    for (int kind = 0; kind < 6; ++kind) {
      numerics::RandomStream stream(seed, "kinds", static_cast<std::uint64_t>(kind));
      const double q = 0.3 + 0.4 * stream.uniform(), floor = 1.2 + 1.8 * stream.uniform();
      const double bend = 8 * std::exp(2.7 * stream.uniform()), noise = 0.005 * std::exp(2 * stream.uniform());
      const double warm = kind == 1 ? 15 : kind == 2 ? 60 : kind == 3 ? 300 : 1e-9;
      const auto loss = [&](double t) {
        const double sum = t < warm ? t * t / (2 * warm) : t - warm / 2;
        return floor + 6 * std::pow(1 + sum / bend, -q);
      };
      const double every = kind == 4 ? 10 : kind == 5 ? 100 : 1;
      const CurveClaims claims = noisy_curve(static_cast<std::size_t>(3000 / every), loss, noise, seed, every).claims();
      const double truth = 1 - loss(6000) / loss(3000);
      for (const auto& [interval, value] :
           {std::pair{claims.exponent, q}, {claims.floor, floor}, {claims.gain, truth}}) {
        claimed += interval ? 1 : 0;
        wrong += interval && !holds(interval, value) ? 1 : 0;
      }
      EXPECT_NE(claims.state, CurveState::diverged);
    }
  EXPECT_GE(claimed, 40U);
  EXPECT_LE(wrong, 1U);
}

}  // namespace
}  // namespace phaselaw::advice
