// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/forecast/registered.h"

#include <gtest/gtest.h>

#include "advice/forecast_truths.h"
#include "phaselaw/advice/forecast/ladder_forecast.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"

namespace phaselaw::advice {
namespace {

using testing::final_of, testing::first_part, testing::ForecastTruth, testing::run_of;

const ForecastTruth kTruth{.schedule = {.warmup = 0.02, .decay_from = {}}};

ForecastOptions to_the_end() {
  ForecastOptions options;
  options.to = 2000;
  options.schedule = kTruth.schedule;
  return options;
}

// Written as text and read again, as the program does.
RegisteredForecast registered(const tables::Curve& curve) {
  const Forecast f = forecast_curve(curve, to_the_end());
  const base::Value value = registered_value(f, run_rows(curve, {}), {"run.csv"}, base::write_fields(to_the_end()), "");
  return registered_from(base::parse_json(base::to_json(value), "f.json"), "f.json");
}

TEST(RegisteredForecast, IsComparedWithTheSameLogGrown) {
  const tables::Curve all = run_of(kTruth);
  const RegisteredForecast forecast = registered(first_part(all, 0.5));
  EXPECT_EQ(forecast.rows, 1000U);
  EXPECT_EQ(forecast.paths, std::vector<std::string>{"run.csv"});
  const ForecastCheck pending = check_forecast(forecast, run_rows(first_part(all, 0.8), {}));
  EXPECT_EQ(pending.status, "pending");
  const ForecastCheck done = check_forecast(forecast, run_rows(all, {}));
  EXPECT_EQ(done.status, "inside") << done.reading;
  EXPECT_FALSE(done.changed);
  EXPECT_NEAR(done.happened, final_of(kTruth), 0.02);  // four standard errors
  tables::Curve worse = all;
  for (std::size_t i = 1500; i < worse.loss.size(); ++i) worse.loss[i] *= 1.3;
  const ForecastCheck outside = check_forecast(forecast, run_rows(worse, {}));
  EXPECT_EQ(outside.status, "outside");
  EXPECT_LT(outside.relative_error, -0.15);
}

TEST(RegisteredForecast, KnowsAnotherRunAndAChangedOne) {
  const tables::Curve all = run_of(kTruth);
  const RegisteredForecast forecast = registered(first_part(all, 0.5));
  EXPECT_THROW((void)check_forecast(forecast, run_rows(run_of(kTruth, 1), {})), base::InputError);
  EXPECT_THROW((void)check_forecast(forecast, run_rows(first_part(all, 0.4), {})), base::InputError);
  tables::Curve changed = all;
  changed.loss[600] += 0.001;  // in the third quarter of the 1,000 rows
  const ForecastCheck check = check_forecast(forecast, run_rows(changed, {}));
  EXPECT_TRUE(check.changed);
  EXPECT_EQ(check.reading.rfind("Rows between step 501 and 750 have changed", 0), 0U) << check.reading;
  tables::Curve other_loss = all;
  other_loss.quantity = "val_loss";
  EXPECT_THROW((void)check_forecast(forecast, run_rows(other_loss, {})), base::InputError);
}

TEST(RegisteredForecast, ADamagedFileIsNamed) {
  const auto from = [](const char* text) { return registered_from(base::parse_json(text, "f.json"), "f.json"); };
  for (const char* text :
       {"{}", "[]", R"({"format": "phaselaw-forecast-9"})", R"({"format": "phaselaw-forecast-1"})"}) {
    try {
      (void)from(text);
      ADD_FAILURE() << text;
    } catch (const base::InputError& error) {
      EXPECT_EQ(std::string(error.what()).rfind("f.json", 0), 0U) << error.what();
    }
  }
}

std::string ladder_table() {
  std::string text = "n_params,tokens,loss\n";
  for (const double n : {1e7, 3e7, 1e8, 3e8})
    for (const double d : {5e8, 2e9, 8e9})
      text += fmt::format("{},{},{:.6f}\n", n, d, 1.7 + 400 * std::pow(n, -0.34) + 410 * std::pow(d, -0.28));
  return text;
}

TEST(Ladder, ForecastsAPlannedRunByItsSize) {
  const auto saved = fit_ladder(documents::read_text(ladder_table(), "ladder.csv"), {}, "", 0.95);
  PlannedRun run;
  run.options.n_params = 1e9;
  run.options.tokens = 2e10;
  std::vector<std::string> notes;
  const ForecastPart part = ladder_part(saved, run, notes);
  const double truth = 1.7 + 400 * std::pow(1e9, -0.34) + 410 * std::pow(2e10, -0.28);
  EXPECT_NEAR(part.loss.value, truth, 0.01);
  EXPECT_LE(part.loss.lo, part.loss.value);
  EXPECT_FALSE(notes.empty());  // it lies outside the fitted range
  run.options.tokens.reset();
  EXPECT_THROW((void)ladder_part(saved, run, notes), base::InputError);
}

TEST(Ladder, AndACurveAreCombinedIfTheyAgree) {
  const tables::Curve curve = first_part(run_of(kTruth), 0.5);
  const double truth = final_of(kTruth);
  ForecastPart ladder{"ladder", {truth, 0.99 * truth, 1.01 * truth}, 0.005, 10, "a ladder"};
  const Forecast alone = forecast_curve(curve, to_the_end()), both = forecast_curve(curve, to_the_end(), {}, ladder);
  EXPECT_EQ(both.status, ForecastStatus::forecast);
  EXPECT_EQ(both.parts.size(), 2U);
  EXPECT_LT(both.final_loss.hi - both.final_loss.lo, alone.final_loss.hi - alone.final_loss.lo);
  ladder.loss = {1.3 * truth, 1.29 * truth, 1.31 * truth};
  EXPECT_EQ(forecast_curve(curve, to_the_end(), {}, ladder).status, ForecastStatus::disagreeing);
}

}  // namespace
}  // namespace phaselaw::advice
