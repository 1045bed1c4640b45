// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/diagnose/diagnose.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "advice/curve_truths.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::advice {
namespace {

using testing::curve_of;
using testing::with_rate;

Diagnosis one(const tables::Curve& data, const DiagnoseOptions& options = {}) {
  return std::move(diagnose(std::vector<tables::Curve>{data}, options).front());
}

bool covers(const Quantity& quantity, double truth) {
  return quantity.lo && quantity.hi && *quantity.lo <= truth && truth <= *quantity.hi;
}

TEST(Diagnose, TwoStageCurve) {
  const Diagnosis d = one(with_rate(curve_of(testing::two_stage_law, 5000, 0.01)));
  EXPECT_EQ(d.fits.forms.front().form, "two-stage");
  EXPECT_EQ(d.early_form, "exponential");
  // A broken power law with two parameters more fits as well: only their number speaks against it.
  EXPECT_FALSE(d.early_decisive) << d.early_reading;
  EXPECT_TRUE(d.bend.identified) << d.bend.reading;
  EXPECT_TRUE(covers(d.bend, 20 * std::exp(1.0)));
  EXPECT_TRUE(covers(d.exponent, 0.5));
  EXPECT_TRUE(covers(d.floor, 2));
  EXPECT_EQ(d.stage, "data-limited");
  EXPECT_EQ(d.signature.word, "none") << d.signature.reading;
  EXPECT_EQ(d.state, CurveState::falling);
  EXPECT_TRUE(covers(d.gain, 1 - testing::two_stage_law(10000) / testing::two_stage_law(5000)));
  // The elasticity at the end, from the law: q W0/(1 + W0).
  const double floor = 2, h = 1e-3;
  const double truth =
      -std::log((testing::two_stage_law(5000 * (1 + h)) - floor) / (testing::two_stage_law(5000 * (1 - h)) - floor)) /
      (2 * h);
  EXPECT_NEAR(d.end_elasticity, truth, 0.1);
}

TEST(Diagnose, ShiftedPowerCurve) {
  const Diagnosis d = one(with_rate(curve_of(testing::shifted_power_law, 5000, 0.01)));
  EXPECT_EQ(d.early_form, "power");
  EXPECT_TRUE(d.bend.identified) << d.bend.reading;
  EXPECT_TRUE(covers(d.bend, 50));
  EXPECT_TRUE(covers(d.exponent, 0.6));
  EXPECT_TRUE(covers(d.floor, 2));
}

// Ends before it is flat: e^-2 of the fall is left.
TEST(Diagnose, ExponentialCurveIsComputeStarved) {
  const Diagnosis d = one(with_rate(curve_of(testing::exponential_law, 600, 0.003)));
  EXPECT_EQ(d.early_form, "exponential");
  EXPECT_EQ(d.state, CurveState::falling);
  EXPECT_EQ(d.stage, "compute-starved");
  EXPECT_TRUE(covers(d.floor, 2));
  EXPECT_NE(d.next.find("raise compute"), std::string::npos) << d.next;
}

// Thirteen time constants: nothing is left to fall.
TEST(Diagnose, FlatEndIsAPlateau) {
  const Diagnosis d = one(with_rate(curve_of(testing::exponential_law, 4000, 0.003)));
  EXPECT_EQ(d.state, CurveState::finished);
  EXPECT_EQ(d.stage, "plateau");
  EXPECT_EQ(d.signature.word, "plateau");
  EXPECT_TRUE(covers(d.floor, 2));
  EXPECT_NE(d.next.find("do not simply continue"), std::string::npos) << d.next;
}

TEST(Diagnose, FeaturelessPowerLawHasNoBend) {
  for (std::uint64_t draw = 0; draw < 3; ++draw) {
    const Diagnosis d = one(with_rate(curve_of(testing::power_law, 5000, 0.01, draw)));
    EXPECT_FALSE(d.bend.identified) << d.bend.reading;
    EXPECT_NE(d.bend.reading.find("weakly identified"), std::string::npos) << d.bend.reading;
    EXPECT_NE(d.early_form, "exponential") << d.early_reading;
    EXPECT_EQ(d.stage, "data-limited");
    EXPECT_TRUE(covers(d.exponent, 0.4)) << d.fits.forms.front().form;
  }
}

// 24 curves of correlated noise. With true coverage 95 % fewer than 19 of 24 has probability 3e-4 for each quantity.
TEST(Diagnose, IntervalsCover) {
  int bend = 0, exponent = 0, floor = 0;
  for (std::uint64_t draw = 0; draw < 24; ++draw) {
    const Diagnosis d = one(with_rate(curve_of(testing::two_stage_law, 1500, 0.01, 100 + draw, 0.5)));
    bend += covers(d.bend, 20 * std::exp(1.0));
    exponent += covers(d.exponent, 0.5);
    floor += covers(d.floor, 2);
  }
  EXPECT_GE(bend, 19);
  EXPECT_GE(exponent, 19);
  EXPECT_GE(floor, 19);
}

// The same law of the cumulative learning rate, warmed up over 20 or 200 steps: the same bend in S1.
TEST(Diagnose, WarmupDoesNotMoveTheBend) {
  std::vector<Diagnosis> found;
  for (const double warmup : {0.0, 20.0, 200.0}) {
    const tables::LearningRates rates = tables::rates_of({warmup, tables::Decay::none, {}, 0}, 4001);
    tables::Curve data = curve_of([](double) { return 1.0; }, 4000, 0.01, 5);
    std::vector<double> steps = data.step;
    const tables::ScheduleSums sums = tables::schedule_sums(rates, steps);
    for (std::size_t i = 0; i < steps.size(); ++i) data.loss[i] *= testing::two_stage_law(sums.lr_sum[i]);
    data.rates = rates;
    found.push_back(one(data));
    EXPECT_EQ(found.back().curve.clock, warmup > 0 ? "lr_sum" : "step");
    EXPECT_TRUE(covers(found.back().bend, 20 * std::exp(1.0))) << warmup;
  }
  EXPECT_NEAR(*found[1].bend.value / *found[0].bend.value, 1, 0.1);
  EXPECT_NEAR(*found[2].bend.value / *found[0].bend.value, 1, 0.1);
  // In steps it moves by what the warm-up takes: half of it where it has passed.
  EXPECT_NEAR(*found[1].bend.step - *found[0].bend.step, 9.5, 6);
}

// Both readings of a curve see an explosion, which leaves the forms and the noise of the rows no meaning.
TEST(Diagnose, AnExplosionIsADivergence) {
  const auto exploding = [](double t) {
    return testing::power_law(t) * (t > 1200 ? std::exp(std::min(0.1 * (t - 1200), 69.0)) : 1);
  };
  for (const tables::Curve& data : {curve_of(exploding, 2000, 0.02), with_rate(curve_of(exploding, 2000, 0.02))}) {
    const Diagnosis d = one(data);
    EXPECT_EQ(d.state, CurveState::diverged);
    EXPECT_EQ(d.signature.word, "instability");
    EXPECT_NEAR(d.signature.diverged_at, 1200, 20);
    EXPECT_FALSE(d.floor.identified);
    EXPECT_FALSE(d.exponent.identified);
    EXPECT_FALSE(d.gain.identified);
  }
}

// A signature is in steps, also where the clock is the summed learning rate.
TEST(Diagnose, SignaturesAreInStepsOnAnyClock) {
  tables::Curve data =
      curve_of([](double t) { return testing::power_law(t) + (t > 3000 ? 2e-4 * (t - 3000) : 0); }, 5000, 0.01, 3);
  data.rates = tables::rates_of({0.1, tables::Decay::none, {}, 0}, 5001);
  for (double& lr : data.rates.lr) lr *= 1e-3;
  const Diagnosis d = one(data);
  EXPECT_EQ(d.curve.clock, "lr_sum");
  ASSERT_EQ(d.state, CurveState::diverged);
  EXPECT_NEAR(d.signature.diverged_at, 3000, 400);
}

TEST(Diagnose, DegenerateCurvesAreAnOutcome) {
  tables::Curve five = curve_of(testing::power_law, 5, 0.01);
  tables::Curve constant = curve_of([](double) { return 3.0; }, 100, 0);
  tables::Curve nothing = curve_of(testing::power_law, 10, 0);
  std::fill(nothing.loss.begin(), nothing.loss.end(), NAN);
  tables::Curve single = curve_of(testing::power_law, 1, 0);
  const std::vector<Diagnosis> all =
      diagnose(std::vector<tables::Curve>{with_rate(five), with_rate(constant), with_rate(nothing), with_rate(single)});
  EXPECT_EQ(all[0].curve.x.size(), 5U);
  EXPECT_FALSE(all[0].bend.identified);
  EXPECT_EQ(all[1].stage, "plateau");
  EXPECT_FALSE(all[1].exponent.value.has_value());
  EXPECT_EQ(all[2].signature.word, "instability");
  EXPECT_TRUE(all[2].stage.empty());
  for (const Diagnosis& d : all) EXPECT_FALSE(d.next.empty());
  const base::Value json = to_value(all);
  EXPECT_TRUE(json.at("curves").list()[2].at("stage").is_null());
  EXPECT_EQ(json.at("curves").list()[1].at("signature").text(), "plateau");
}

TEST(Diagnose, SameAtAnyNumberOfThreads) {
  std::vector<tables::Curve> curves;
  for (std::uint64_t draw = 0; draw < 4; ++draw)
    curves.push_back(with_rate(curve_of(testing::two_stage_law, 300, 0.01, draw)));
  DiagnoseOptions three;
  three.threads = 3;
  const auto seconds_free = [](const std::vector<Diagnosis>& all) {
    std::string text;
    for (const Diagnosis& d : all)
      text += fmt::format("{} {} {} {}\n", d.bend.value.value_or(-1), d.floor.lo.value_or(-1), d.next, d.stage);
    return text;
  };
  EXPECT_EQ(seconds_free(diagnose(curves)), seconds_free(diagnose(curves, three)));
}

// Two flat runs and one that is lower with more data: the pair shows what limits the loss.
TEST(Diagnose, RunsTogetherSayWhatLimits) {
  const auto flat_at = [](double floor, const char* name, double n_params, double n_data) {
    tables::Curve data = with_rate(curve_of([floor](double t) { return floor + 6 * std::exp(-t / 100); }, 1500, 0.003));
    data.name = name;
    data.n_params = n_params;
    data.n_data = n_data;
    return data;
  };
  const auto both =
      diagnose(std::vector<tables::Curve>{flat_at(2, "small", 1e6, 100), flat_at(1.5, "more data", 1e6, 200)});
  EXPECT_EQ(both[0].stage, "data-limited");
  EXPECT_NE(both[0].next.find("more data"), std::string::npos) << both[0].next;
  EXPECT_EQ(both[1].stage, "plateau");
  const auto model =
      diagnose(std::vector<tables::Curve>{flat_at(2, "small", 1e6, 100), flat_at(1.5, "large", 4e6, 100)});
  EXPECT_EQ(model[0].stage, "model-limited");
  // An excess risk and a loss are never compared.
  auto mixed = std::vector<tables::Curve>{flat_at(2, "small", 1e6, 100), flat_at(1.5, "large", 4e6, 100)};
  mixed[1].quantity = "excess_risk";
  EXPECT_EQ(diagnose(mixed)[0].stage, "plateau");
}

}  // namespace
}  // namespace phaselaw::advice
