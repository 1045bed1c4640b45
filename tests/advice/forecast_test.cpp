// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/forecast/forecast.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "advice/forecast_truths.h"
#include "phaselaw/advice/forecast/history_forecast.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::advice {
namespace {

using testing::final_of, testing::first_part, testing::ForecastTruth, testing::run_of;

ForecastTruth constant_rate() { return {.schedule = {.warmup = 0.02, .decay_from = {}}}; }
ForecastTruth cosine(double to = 0) {
  return {.schedule = {.warmup = 0.02, .decay = tables::Decay::cosine, .decay_from = {}, .decay_to = to},
          .annealing = 0.12};
}
ForecastTruth late_linear() {
  return {.schedule = {.warmup = 0.02, .decay = tables::Decay::linear, .decay_from = 0.8}, .annealing = 0.12};
}

ForecastOptions options_of(const ForecastTruth& truth) {
  ForecastOptions options;
  options.to = static_cast<double>(truth.steps);
  options.schedule = truth.schedule;
  return options;
}
ForecastOptions without_schedule() {
  ForecastOptions options;
  options.to = 2000;
  return options;
}

// With 95 % intervals fewer than 19 of 24 happen once in 10,000 times.
void expect_coverage(const ForecastTruth& truth, double share, double largest_width) {
  int inside = 0;
  double width = 0;
  for (std::uint64_t draw = 0; draw < 24; ++draw) {
    const Forecast f = forecast_curve(first_part(run_of(truth, draw), share), options_of(truth));
    ASSERT_EQ(f.status, ForecastStatus::forecast) << f.reading;
    inside += f.final_loss.contains(final_of(truth)) ? 1 : 0;
    width += std::log(f.final_loss.hi / f.final_loss.lo) / 24;
  }
  EXPECT_GE(inside, 19) << "share " << share;
  EXPECT_LT(width, largest_width) << "share " << share;
}

TEST(Forecast, IntervalsContainTheFinalLossAtAConstantRate) {
  expect_coverage(constant_rate(), 0.25, 0.10);
  expect_coverage(constant_rate(), 0.75, 0.03);
}

TEST(Forecast, IntervalsContainTheFinalLossUnderAKnownDecay) {
  expect_coverage(cosine(), 0.5, 0.09);
  expect_coverage(cosine(), 0.8, 0.03);
  expect_coverage(late_linear(), 0.7, 0.14);
}

TEST(Forecast, DoesNotDependOnUnits) {
  const tables::Curve curve = first_part(run_of(cosine()), 0.6);
  tables::Curve other = curve;
  for (double& step : other.step) step *= 1000;
  for (double& loss : other.loss) loss *= 7;
  ForecastOptions far = options_of(cosine());
  far.to = 2e6;
  const Forecast a = forecast_curve(curve, options_of(cosine())), b = forecast_curve(other, far);
  EXPECT_NEAR(b.final_loss.value / (7 * a.final_loss.value), 1, 1e-9);
  EXPECT_NEAR(b.final_loss.lo / (7 * a.final_loss.lo), 1, 1e-9);
  EXPECT_NEAR(b.final_loss.hi / (7 * a.final_loss.hi), 1, 1e-9);
}

TEST(Forecast, TheFallHasAPartOfTheStepsAndOneOfTheSchedule) {
  const Forecast f = forecast_curve(first_part(run_of(late_linear()), 0.7), options_of(late_linear()));
  EXPECT_FALSE(f.decay_seen);
  EXPECT_EQ(f.reading.rfind("This curve has not seen the decay", 0), 0U) << f.reading;
  EXPECT_NEAR(f.fall_by_steps.value + f.fall_by_schedule.value, f.now_loss - f.final_loss.value, 0.01);
  EXPECT_TRUE(f.fall_by_schedule.contains(0.12)) << f.fall_by_schedule.lo << " " << f.fall_by_schedule.hi;
  const Forecast flat = forecast_curve(first_part(run_of(constant_rate()), 0.7), options_of(constant_rate()));
  EXPECT_EQ(flat.fall_by_schedule.value, 0);
}

TEST(Forecast, WithoutAScheduleItHoldsAtAConstantRateOnly) {
  const Forecast f = forecast_curve(first_part(run_of(late_linear()), 0.7), without_schedule());
  EXPECT_EQ(f.status, ForecastStatus::conditional);
  EXPECT_EQ(f.reading.rfind("The schedule up to step", 0), 0U) << f.reading;
  EXPECT_FALSE(f.fall_by_schedule.known());
  EXPECT_TRUE(f.final_loss.contains(final_of(constant_rate())));
}

TEST(Forecast, AnUnknownDecayUnderWayIsRefused) {
  const Forecast f = forecast_curve(first_part(run_of(late_linear()), 0.97), without_schedule());
  EXPECT_EQ(f.status, ForecastStatus::none);
  EXPECT_NE(f.reading.find("the schedule is not known"), std::string::npos) << f.reading;
}

TEST(Forecast, RecordedRatesShowTheSchedule) {
  tables::Curve curve = run_of(cosine());
  curve.rates = tables::rates_of(cosine().schedule, 2000);
  for (double& lr : curve.rates.lr) lr *= 3e-4;
  // All of it, and only the part so far, which a cosine continues.
  tables::Curve part = first_part(curve, 0.6);
  const Forecast continued = forecast_curve(part, without_schedule());
  ASSERT_EQ(continued.status, ForecastStatus::forecast) << continued.reading;
  part.rates = curve.rates;
  const Forecast whole = forecast_curve(part, without_schedule());
  const Forecast stated = forecast_curve(part, options_of(cosine()));
  EXPECT_NEAR(continued.final_loss.value, stated.final_loss.value, 0.01);
  EXPECT_NEAR(whole.final_loss.value, stated.final_loss.value, 0.01);
  EXPECT_TRUE(stated.decay_seen);
  // A constant rate so far says nothing about a decay to come.
  tables::Curve flat = run_of(late_linear());
  flat.rates = tables::rates_of(late_linear().schedule, 2000);
  EXPECT_EQ(forecast_curve(first_part(flat, 0.7), without_schedule()).status, ForecastStatus::conditional);
}

TEST(Forecast, EarlierRunsShowTheFallOfAnUnknownSchedule) {
  std::vector<tables::Curve> earlier;
  for (std::uint64_t draw = 1; draw <= 4; ++draw) {
    ForecastTruth other = late_linear();
    other.amplitude *= 1 + 0.05 * static_cast<double>(draw);
    earlier.push_back(run_of(other, draw));
  }
  ForecastOptions options;  // the end is that of the earlier runs
  const EarlierRuns history(earlier, options);
  const Forecast f = forecast_curve(first_part(run_of(late_linear()), 0.7), options, history);
  ASSERT_EQ(f.status, ForecastStatus::forecast) << f.reading;
  EXPECT_EQ(f.to, 2000);
  EXPECT_EQ(f.parts.front().source, "history");
  EXPECT_TRUE(f.final_loss.contains(final_of(late_linear())));
  EXPECT_LT(f.final_loss.hi / f.final_loss.lo, 1.1);
  EXPECT_NE(f.reading.find("assumes that this run follows that of the earlier runs"), std::string::npos) << f.reading;
  EXPECT_GE(f.past.size(), 12U);  // three of each earlier run, and those of this one
}

TEST(Forecast, PartsThatContradictEachOtherGiveNoNumber) {
  std::vector<tables::Curve> earlier;
  for (std::uint64_t draw = 1; draw <= 4; ++draw) {
    tables::Curve other = run_of(constant_rate(), draw);
    for (std::size_t i = 1500; i < 2000; ++i) other.loss[i] *= 0.7;
    earlier.push_back(other);
  }
  const Forecast f = forecast_curve(first_part(run_of(constant_rate()), 0.7), options_of(constant_rate()),
                                    EarlierRuns(earlier, options_of(constant_rate())));
  EXPECT_EQ(f.status, ForecastStatus::disagreeing);
  EXPECT_FALSE(f.final_loss.known());
  for (const ForecastPart& part : f.parts) EXPECT_TRUE(f.final_loss.contains(part.loss.value));
  EXPECT_EQ(f.reading.rfind("The forecasts contradict each other", 0), 0U) << f.reading;
}

TEST(Forecast, PastErrorsWidenTheInterval) {
  // After 60 % of the rows the curve drops by 6 %, which nothing announced.
  tables::Curve curve = first_part(run_of(constant_rate()), 0.7);
  const Forecast before = forecast_curve(curve, options_of(constant_rate()));
  for (std::size_t i = 1000; i < curve.loss.size(); ++i) curve.loss[i] *= 0.94;
  const Forecast f = forecast_curve(curve, options_of(constant_rate()));
  EXPECT_GT(f.widened, 1.1);
  EXPECT_GT(f.final_loss.hi / f.final_loss.lo, 1.1 * before.final_loss.hi / before.final_loss.lo - 0.1);
  EXPECT_NE(f.reading.find("missed by more at earlier points"), std::string::npos) << f.reading;
}

TEST(Forecast, CurvesWithoutAFinalLossSaySo) {
  tables::Curve curve = first_part(run_of(constant_rate()), 0.5);
  tables::Curve lost = curve;
  for (std::size_t i = 800; i < lost.loss.size(); ++i) lost.loss[i] = std::numeric_limits<double>::quiet_NaN();
  Forecast f = forecast_curve(lost, options_of(constant_rate()));
  EXPECT_EQ(f.status, ForecastStatus::none);
  EXPECT_EQ(f.state, CurveState::diverged);
  EXPECT_NE(f.reading.find("diverged"), std::string::npos) << f.reading;
  tables::Curve rising = curve;
  for (std::size_t i = 700; i < rising.loss.size(); ++i) rising.loss[i] = 5 + 0.01 * static_cast<double>(i - 700);
  EXPECT_EQ(forecast_curve(rising, options_of(constant_rate())).state, CurveState::diverged);
  f = forecast_curve(first_part(curve, 0.006), options_of(constant_rate()));
  EXPECT_NE(f.reading.find("too few"), std::string::npos) << f.reading;
  f = forecast_curve(curve, {});
  EXPECT_NE(f.reading.find("give it with --to"), std::string::npos) << f.reading;
  ForecastOptions passed = options_of(constant_rate());
  passed.to = 500;
  EXPECT_THROW((void)forecast_curve(curve, passed), base::InputError);
  passed.schedule.warmup = 5000;
  passed.to = 2000;
  EXPECT_THROW((void)forecast_curve(curve, passed), base::InputError);
}

TEST(Forecast, ASparseSmoothCurveIsForecastToo) {
  ForecastTruth truth = constant_rate();
  truth.noise = 0;
  const tables::Curve all = run_of(truth);
  tables::Curve sparse;
  sparse.name = "sparse";
  sparse.quantity = "val_loss";
  for (std::size_t i = 49; i < 1200; i += 50) {
    sparse.step.push_back(all.step[i]);
    sparse.loss.push_back(all.loss[i]);
  }
  const Forecast f = forecast_curve(sparse, options_of(truth));
  ASSERT_EQ(f.status, ForecastStatus::forecast) << f.reading;
  EXPECT_TRUE(f.final_loss.contains(final_of(truth)));
  EXPECT_LT(f.final_loss.hi / f.final_loss.lo, 1.08);
}

TEST(Forecast, APlannedRunNeedsALadderOrEarlierRuns) {
  EXPECT_EQ(forecast_planned({}, {}, std::nullopt).status, ForecastStatus::none);
  std::vector<tables::Curve> earlier;
  for (std::uint64_t draw = 1; draw <= 3; ++draw) earlier.push_back(run_of(constant_rate(), draw));
  const Forecast f = forecast_planned({}, EarlierRuns(earlier, {}), std::nullopt);
  EXPECT_EQ(f.status, ForecastStatus::forecast);
  EXPECT_TRUE(f.final_loss.contains(final_of(constant_rate())));
}

TEST(EarlierRuns, OfDifferentLossesAreRefused) {
  std::vector<tables::Curve> earlier = {run_of(constant_rate(), 1), run_of(constant_rate(), 2)};
  earlier[1].quantity = "val_loss";
  EXPECT_THROW(EarlierRuns(earlier, {}), base::InputError);
  EXPECT_THROW(EarlierRuns(std::vector<tables::Curve>{first_part(earlier[0], 0.002)}, {}), base::InputError);
}

}  // namespace
}  // namespace phaselaw::advice
