// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/watch/stop_rule.h"

#include <gtest/gtest.h>

#include "advice/watch_logs.h"
#include "phaselaw/base/errors.h"

// When a rule fires, and the evidence that it needs.
namespace phaselaw::advice {
namespace {

tables::Curve flat_curve(std::size_t rows, double loss = 2.5) {
  tables::Curve curve;
  curve.name = curve.quantity = "loss";
  for (std::size_t i = 1; i <= rows; ++i) {
    curve.step.push_back(static_cast<double>(i));
    curve.loss.push_back(loss + 0.001 * static_cast<double>(i % 3));
  }
  return curve;
}

Judgement judged(CurveState state, double lo = base::kNaN, double hi = base::kNaN,
                 ForecastStatus status = ForecastStatus::forecast) {
  Judgement judgement;
  judgement.state = state;
  judgement.reason = "the loss does something";
  if (!std::isnan(lo)) {
    judgement.forecast.status = status;
    judgement.forecast.final_loss = {(lo + hi) / 2, lo, hi};
    judgement.forecast.to = 1000;
  }
  return judgement;
}

bool fires(const std::string& rule, const tables::Curve& curve, const Judgement& now, const Judgement& earlier,
           double quiet_s = 0) {
  const ForecastBasis options;
  CurveFacts facts(curve, now, options, quiet_s);
  facts.set_earlier(earlier);
  const auto reason = StopRule(rule, 100).reason(facts);
  EXPECT_TRUE(!reason || reason->ends_with(".")) << *reason;
  return reason.has_value();
}

bool fires(const std::string& rule, const tables::Curve& curve, double quiet_s = 0) {
  const Judgement unknown;
  return fires(rule, curve, unknown, unknown, quiet_s);
}

void expect_refused(const std::string& rule, const std::string& message) {
  try {
    const StopRule made(rule, 100);
    FAIL() << rule;
  } catch (const base::InputError& error) {
    EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("--stop-when"), std::string::npos) << error.what();
  }
}

TEST(StopRule, CodesAreDistinct) {
  const std::pair<const char*, int> codes[] = {
      {"diverged", 10},      {"overfit", 11},        {"overfitting", 11},           {"finished", 12},
      {"nan", 13},           {"stalled", 14},        {"forecast > 2.4", 20},        {"loss < 3.0", 21},
      {"step >= 10000", 22}, {"state = rising", 23}, {"loss < 3 and step > 5", 21}, {"step > 5 and forecast < 1", 20}};
  for (const auto& [rule, code] : codes) EXPECT_EQ(static_cast<int>(StopRule(rule, 100).code()), code) << rule;
}

TEST(StopRule, MistakesNameTheNearestWord) {
  expect_refused("divergd", "did you mean 'diverged'");
  expect_refused("los < 3", "did you mean 'loss'");
  expect_refused("state = finishd", "did you mean 'finished'");
  expect_refused("loss < three", "expected a number");
  expect_refused("loss <", "expected a number");
  expect_refused("", "unknown rule");
  EXPECT_THROW(StopRule("stalled", 0), base::InputError);
}

TEST(StopRule, ASingleBadRowDoesNotFire) {
  tables::Curve curve = flat_curve(100);
  curve.loss.back() = 1;
  EXPECT_FALSE(fires("loss < 2", curve));
  curve.loss.back() = 100;
  EXPECT_FALSE(fires("loss > 3", curve));
  curve.loss.back() = base::kNaN;
  EXPECT_FALSE(fires("nan", curve));
  EXPECT_FALSE(fires("loss > 3", curve));
  curve.loss[98] = base::kNaN;
  EXPECT_FALSE(fires("nan", curve));
  curve.loss[97] = base::kInfinity;
  EXPECT_TRUE(fires("nan", curve));
  curve.loss.push_back(2.5);  // it has recovered
  curve.step.push_back(101);
  EXPECT_FALSE(fires("nan", curve));
}

TEST(StopRule, ALossMustHoldForTheMedianNowAndBeforeTheLastRows) {
  tables::Curve curve = flat_curve(100);
  EXPECT_TRUE(fires("loss < 3", curve));
  EXPECT_FALSE(fires("loss < 2.4", curve));
  for (std::size_t i = 0; i < 5; ++i) curve.loss[99 - i] = 1;  // the median of 9 is 1, but not 5 rows earlier
  EXPECT_FALSE(fires("loss < 2", curve));
  for (std::size_t i = 5; i < 10; ++i) curve.loss[99 - i] = 1;
  EXPECT_TRUE(fires("loss < 2", curve));
  EXPECT_FALSE(fires("loss < 3", flat_curve(2)));  // too few rows
  EXPECT_FALSE(fires("not loss > 3", flat_curve(0)));
}

TEST(StopRule, AStateMustBeConfirmed) {
  const tables::Curve curve = flat_curve(100);
  const Judgement diverged = judged(CurveState::diverged), falling = judged(CurveState::falling);
  EXPECT_TRUE(fires("diverged", curve, diverged, diverged));
  EXPECT_FALSE(fires("diverged", curve, diverged, falling));
  EXPECT_FALSE(fires("diverged", curve, falling, diverged));
  EXPECT_FALSE(fires("overfit", curve, diverged, diverged));
  EXPECT_TRUE(fires("finished", curve, judged(CurveState::finished), judged(CurveState::finished)));
  EXPECT_TRUE(fires("state in (diverged, rising)", curve, diverged, judged(CurveState::rising)));
  EXPECT_FALSE(fires("state in (diverged, rising)", curve, diverged, falling));
}

TEST(StopRule, AForecastMustHoldForItsWholeInterval) {
  const tables::Curve curve = flat_curve(100);
  const auto forecast_fires = [&](const std::string& rule, double lo, double hi, double lo_before, double hi_before) {
    return fires(rule, curve, judged(CurveState::falling, lo, hi), judged(CurveState::falling, lo_before, hi_before));
  };
  EXPECT_TRUE(forecast_fires("forecast > 2.4", 2.41, 2.5, 2.42, 2.6));
  EXPECT_FALSE(forecast_fires("forecast > 2.4", 2.39, 2.5, 2.42, 2.6));
  EXPECT_FALSE(forecast_fires("forecast > 2.4", 2.41, 2.5, 2.3, 2.6));
  EXPECT_FALSE(forecast_fires("forecast < 2.4", 2.3, 2.5, 2.3, 2.5));
  EXPECT_TRUE(forecast_fires("forecast < 2.4 or forecast > 2.35", 2.3, 2.5, 2.3, 2.5));    // true everywhere
  EXPECT_FALSE(forecast_fires("forecast < 2.35 or forecast > 2.45", 2.3, 2.5, 2.3, 2.5));  // not in its middle
  EXPECT_FALSE(forecast_fires("forecast != 2.4", 2.3, 2.5, 2.3, 2.5));
  EXPECT_TRUE(forecast_fires("forecast > 2.4 and step > 50", 2.5, 2.6, 2.5, 2.6));
  EXPECT_FALSE(forecast_fires("forecast > 2.4 and step > 500", 2.5, 2.6, 2.5, 2.6));
}

TEST(StopRule, AForecastThatIsNotFirmCanBeAnyNumber) {
  const tables::Curve curve = flat_curve(100);
  const Judgement none = judged(CurveState::falling);
  for (const ForecastStatus status : {ForecastStatus::none, ForecastStatus::conditional, ForecastStatus::disagreeing}) {
    const Judgement vague = judged(CurveState::falling, 2.5, 2.6, status);
    for (const char* rule : {"forecast > 2.4", "not forecast < 2.4", "forecast < 10", "forecast != 7"})
      EXPECT_FALSE(fires(rule, curve, vague, vague)) << rule;
    EXPECT_TRUE(fires("forecast > 2.4 or loss < 3", curve, vague, vague));
  }
  EXPECT_FALSE(fires("forecast > 2.4", curve, none, none));
}

TEST(StopRule, StalledDependsOnTheTimeSinceTheLogGrew) {
  EXPECT_FALSE(fires("stalled", flat_curve(10), 99));
  EXPECT_TRUE(fires("stalled", flat_curve(10), 101));
}

TEST(Judge, LossesThatAreNotFiniteAtTheEndAreADivergence) {
  tables::Curve curve = flat_curve(50);
  for (std::size_t i = 47; i < 50; ++i) curve.loss[i] = base::kNaN;
  EXPECT_EQ(judge(curve, {}).state, CurveState::diverged);
  EXPECT_TRUE(fires("diverged", curve, judge(curve, {}), Judgement{}));
  curve.loss[49] = 2.5;
  EXPECT_NE(judge(curve, {}).state, CurveState::diverged);
}

TEST(Judge, AnExplosionToFiniteNumbersIsADivergence) {
  tables::Curve curve = flat_curve(690);
  for (std::size_t i = 0; i < curve.loss.size(); ++i) curve.loss[i] = 2 + 1e-3 * std::pow(1.1, static_cast<double>(i));
  curve.role = tables::Role::training;
  EXPECT_EQ(judge(curve, {}).state, CurveState::diverged);
  EXPECT_TRUE(fires("diverged", curve, judge(curve, {}), judge(curve, {})));
  curve.role = tables::Role::excess_risk;  // measured on data that were not trained on
  EXPECT_EQ(judge(curve, {}).state, CurveState::rising);
}

TEST(Judge, ADenseTrainingLossShowsADivergenceBeforeTheHeldOutOne) {
  tables::Curve curve;
  curve.name = "run";
  curve.quantity = "val_loss";
  curve.role = tables::Role::held_out;
  curve.partner.quantity = "train_loss";
  curve.partner.role = tables::Role::training;
  for (std::size_t i = 1; i <= 1500; ++i) {
    curve.partner.step.push_back(static_cast<double>(i));
    curve.partner.loss.push_back(testing::watched_loss(i, 1200));
    if (i % 100 != 0 || i > 1200) continue;  // not validated since
    curve.step.push_back(static_cast<double>(i));
    curve.loss.push_back(testing::watched_loss(i));
  }
  const Judgement bad = judge(curve, {});
  EXPECT_EQ(bad.state, CurveState::diverged);
  EXPECT_NE(bad.reason.find("train_loss"), std::string::npos) << bad.reason;
  for (std::size_t i = 1200; i < 1500; ++i) curve.partner.loss[i] = testing::watched_loss(i + 1);
  EXPECT_NE(judge(curve, {}).state, CurveState::diverged);
}

TEST(Judge, ARisingLossHasDivergedAndAFallingOneHasNot) {
  tables::Curve good, bad;
  for (std::size_t i = 1; i <= 1500; ++i)
    for (tables::Curve* curve : {&good, &bad}) {
      curve->name = curve->quantity = "loss";
      curve->step.push_back(static_cast<double>(10 * i));
      curve->loss.push_back(testing::watched_loss(i, curve == &bad ? 1000 : 0));
    }
  EXPECT_EQ(judge(good, {}).state, CurveState::falling);
  EXPECT_EQ(judge(bad, {}).state, CurveState::diverged);
  const ForecastBasis options;
  const Judgement now = judge(bad, options), healthy = judge(good, options);
  EXPECT_TRUE(StopRule("diverged", 0).reason(CurveFacts(bad, now, options, 0)));
  EXPECT_FALSE(StopRule("diverged", 0).reason(CurveFacts(good, healthy, options, 0)));
}

}  // namespace
}  // namespace phaselaw::advice
