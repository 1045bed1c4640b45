// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>

#include "phaselaw/advice/forecast/curve_forecast.h"
#include "phaselaw/advice/forecast/forecast.h"
#include "phaselaw/tables/rows.h"
#include "phaselaw/tables/runs.h"

// Forecasts of published runs, cut before their end. The files are not in the repository.
namespace phaselaw::advice {
namespace {

constexpr const char* kFile = PHASELAW_SOURCE_DIR "/../shared/data/modded_nanogpt/curves.csv.gz";

// Four runs of one day and recipe: 5,100 steps, the last 1,450 of which decay linearly to zero.
std::vector<tables::Curve> runs_of_one_recipe() {
  std::vector<tables::Curve> curves = tables::curves_from(tables::read_rows(kFile, {.every_stream = true}));
  std::erase_if(curves, [](const tables::Curve& c) { return c.name.find("2024-10-29") == std::string::npos; });
  return curves;
}

tables::Curve until(tables::Curve curve, double step) {
  const auto n =
      static_cast<std::size_t>(std::upper_bound(curve.step.begin(), curve.step.end(), step) - curve.step.begin());
  curve.step.resize(n);
  curve.loss.resize(n);
  curve.dense_step.clear();
  curve.dense_loss.clear();
  curve.partner = {};
  return curve;
}

TEST(PublishedForecasts, EarlierRunsAndTheScheduleContainTheFinalLoss) {
  if (!std::filesystem::exists(kFile)) GTEST_SKIP() << "no published measurements at " << kFile;
  const std::vector<tables::Curve> runs = runs_of_one_recipe();
  ASSERT_EQ(runs.size(), 4U);
  ForecastOptions options;
  options.schedule.decay = tables::Decay::linear;
  options.schedule.decay_from = 3650;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    std::vector<tables::Curve> others = runs;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    const EarlierRuns history(others, options);
    const double final_loss = runs[i].loss.back();
    for (const double step : {1300.0, 2600.0, 3900.0, 4700.0}) {
      const Forecast f = forecast_curve(until(runs[i], step), options, history);
      ASSERT_EQ(f.status, ForecastStatus::forecast) << f.reading;
      EXPECT_TRUE(f.final_loss.contains(final_loss)) << f.name << " at " << step << ": " << f.reading;
      EXPECT_NEAR(f.final_loss.value / final_loss, 1, 0.02) << f.name << " at " << step;
    }
  }
}

}  // namespace
}  // namespace phaselaw::advice
