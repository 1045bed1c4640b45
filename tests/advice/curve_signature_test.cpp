// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/diagnose/curve_signature.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "advice/curve_truths.h"

namespace phaselaw::advice {
namespace {

using testing::curve_of, testing::shifted_power_law;

CurveSignature of(const tables::Curve& data) { return signature_of(data, prepare(data)); }

TEST(CurveSignature, NoiseAloneIsNone) {
  // Heavy tails: every 50th batch is 40 % higher.
  tables::Curve data = curve_of(shifted_power_law, 8000, 0.05);
  for (std::size_t i = 0; i < data.loss.size(); i += 50) data.loss[i] *= 1.4;
  EXPECT_EQ(of(data).word, "none") << of(data).reading;
}

TEST(CurveSignature, SpikeIsFoundWhereItIs) {
  tables::Curve data = curve_of(shifted_power_law, 8000, 0.02);
  for (std::size_t i = 4999; i < 5039; ++i) data.loss[i] *= 1.5;
  const CurveSignature signature = of(data);
  EXPECT_EQ(signature.word, "instability");
  ASSERT_EQ(signature.excursions.size(), 1U);
  EXPECT_TRUE(signature.excursions[0].ended);
  EXPECT_NEAR(signature.excursions[0].from_step, 5000, 5);  // half of a median's window
  EXPECT_NEAR(signature.excursions[0].to_step, 5040, 6);
  EXPECT_NEAR(signature.excursions[0].height, std::log(1.5), 0.05);
  EXPECT_FALSE(signature.diverged);
}

TEST(CurveSignature, DivergenceAndNotFiniteTails) {
  tables::Curve data = curve_of(shifted_power_law, 2000, 0.02);
  for (std::size_t i = 1499; i < 2000; ++i) data.loss[i] = 8 + static_cast<double>(i - 1499) * 0.01;
  CurveSignature signature = of(data);
  EXPECT_TRUE(signature.diverged);
  EXPECT_NEAR(signature.diverged_at, 1500, 5);
  for (std::size_t i = 1499; i < 2000; ++i) data.loss[i] = NAN;
  signature = of(data);
  EXPECT_TRUE(signature.diverged);
  EXPECT_EQ(signature.diverged_at, 1500);
  EXPECT_EQ(signature.n_not_finite, 501U);
  EXPECT_EQ(signature.word, "instability");
}

TEST(CurveSignature, SlowRiseOfAHeldOutLossIsNoInstability) {
  const auto rises = [](double t) { return 1 + 4 / t + 1e-4 * t; };
  tables::Curve data = curve_of(rises, 3000, 0.005);
  data.quantity = "val_loss";
  data.role = tables::Role::held_out;
  const CurveSignature held_out = of(data);
  EXPECT_EQ(held_out.word, "plateau");
  EXPECT_TRUE(held_out.late_rise);
  data.quantity = "train_loss";
  data.role = tables::Role::training;
  EXPECT_EQ(of(data).word, "instability");
}

// Train and validation of one run: the held-out loss rises far above its minimum while the training loss falls.
TEST(CurveSignature, OverfittingIsNoDivergence) {
  tables::Curve train, val;
  for (int i = 1; i <= 12; ++i) {
    train.step.push_back(250.0 * i);
    train.loss.push_back(5 * std::exp(-0.35 * i));
    val.loss.push_back(i <= 4 ? 4.8 - 0.6 * i : 2.4 + 0.25 * (i - 4));
  }
  val.step = train.step;
  train.role = tables::Role::training;
  val.role = tables::Role::held_out;
  // Alone it is a late rise, because no single step makes most of it.
  EXPECT_FALSE(of(val).diverged);
  EXPECT_TRUE(of(val).late_rise);
  EXPECT_FALSE(of(val).overfitting);
  val.partner = {"train", train.role, train.step, train.loss};
  train.partner = {"val", val.role, val.step, val.loss};
  for (const tables::Curve* data : {&val, &train}) {
    const CurveSignature signature = of(*data);
    EXPECT_EQ(signature.word, "overfitting") << signature.reading;
    EXPECT_FALSE(signature.diverged);
    EXPECT_EQ(signature.overfits_from, 1000);
    EXPECT_NEAR(signature.overfit_rise, 4.4 / 2.4 - 1, 1e-9);
  }
  // A training loss that leaps is an instability, whatever the held-out loss does.
  for (std::size_t i = 8; i < 12; ++i) train.loss[i] = 6;
  EXPECT_TRUE(of(train).diverged);
  val.partner.loss = train.loss;
  EXPECT_TRUE(of(val).diverged);
  // A held-out loss that leaps, with nothing beside it, diverged.
  val.partner = {};
  for (std::size_t i = 4; i < 12; ++i) val.loss[i] = 6;
  EXPECT_TRUE(of(val).diverged);
}

TEST(CurveSignature, PlateauThatEnds) {
  // Falls to 4, waits there for a factor 8 of the steps, falls on.
  const auto waits = [](double t) { return 2 + 2 * std::exp(-std::pow(t / 4000, 2)) + 4 * std::exp(-t / 30); };
  const CurveSignature signature = of(curve_of(waits, 8000, 0.003));
  EXPECT_EQ(signature.word, "plateau");
  EXPECT_GT(signature.plateau_from, 50);
  EXPECT_LT(signature.plateau_from, 400);
  EXPECT_GT(signature.plateau_to, 300);
  EXPECT_LT(signature.plateau_to, 2000);
  EXPECT_FALSE(signature.flat_end);
}

TEST(CurveSignature, SpikesOfTheDenseRecordAndOfTheGradient) {
  tables::Curve dense = curve_of(shifted_power_law, 4000, 0.02);
  for (std::size_t i = 1999; i < 2030; ++i) dense.loss[i] *= 1.5;
  tables::Curve data;
  data.quantity = "val_loss";
  data.dense_quantity = "train_loss";
  data.dense_step = dense.step;
  data.dense_loss = dense.loss;
  for (std::size_t i = 99; i < 4000; i += 100) {
    data.step.push_back(dense.step[i]);
    data.loss.push_back(shifted_power_law(dense.step[i]));
  }
  data.grad_norm.assign(4000, 1.0);
  data.grad_norm[1999] = 30;
  const CurveSignature signature = of(data);
  EXPECT_EQ(signature.word, "instability");
  EXPECT_EQ(signature.n_grad_spikes, 1U);
}

// Slope and standard error against the textbook's closed form on four points.
TEST(CurveSignature, FallRateIsTheLeastSquaresSlope) {
  LossCurve curve;
  curve.x = {1, 2, 4, 8};
  curve.sd = {0, 0, 0, 0};
  for (const double y : {0.0, -0.11, -0.19, -0.31}) curve.loss.push_back(std::exp(y));
  const FallRate rate = fall_rate(curve, 1, 8);
  EXPECT_EQ(rate.blocks, 4U);
  EXPECT_NEAR(rate.per_doubling, 0.101, 1e-12);  // sum (t - 1.5) y / 5 for t = 0..3
  const double left[] = {0.001, -0.008, 0.013, -0.006};
  double square = 0;
  for (const double e : left) square += e * e;
  EXPECT_NEAR(rate.error, std::sqrt(square / 2 / 5), 1e-12);
}

}  // namespace
}  // namespace phaselaw::advice
