// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/diagnose/loss_curve.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "advice/curve_truths.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::advice {
namespace {

using testing::curve_of, testing::shifted_power_law;

TEST(LossCurve, ThinsToBlocksThatHoldEveryRow) {
  const LossCurve curve = prepare(curve_of(shifted_power_law, 20000, 0.02));
  EXPECT_TRUE(curve.thinned);
  EXPECT_LE(curve.x.size(), 101U);
  EXPECT_GE(curve.x.size(), 60U);
  EXPECT_EQ(std::accumulate(curve.rows.begin(), curve.rows.end(), std::size_t{0}), 20000U);
  EXPECT_TRUE(std::is_sorted(curve.x.begin(), curve.x.end()));
  // Each mean lies within five of its stated standard deviations of the law, plus the effect of the width of a bin: its
  // curvature moves a mean by less than (width^2/24) of the reducible loss.
  for (std::size_t b = 0; b < curve.x.size(); ++b)
    EXPECT_NEAR(std::log(curve.loss[b] / shifted_power_law(curve.x[b])), 0, 5 * curve.sd[b] + 0.02 * 0.02 / 2 + 1e-3)
        << b;
}

// Standard errors at 20,000 rows: noise 0.5 %, tau some 5 %.
TEST(LossCurve, MeasuresNoiseAndItsAutocorrelation) {
  const LossCurve white = prepare(curve_of(shifted_power_law, 20000, 0.02, 1));
  EXPECT_NEAR(white.noise, 0.02, 5 * 0.02 / std::sqrt(2 * 20000.0));
  EXPECT_NEAR(white.correlation_time, 1, 0.3);
  // rho = 0.8: tau = (1 + rho)/(1 - rho) = 9.
  const LossCurve red = prepare(curve_of(shifted_power_law, 20000, 0.02, 2, 0.8));
  EXPECT_NEAR(red.correlation_time, 9, 2.5);
  // A late block's mean is worth tau times fewer rows.
  const auto full = static_cast<std::size_t>(std::max_element(red.rows.begin(), red.rows.end()) - red.rows.begin());
  EXPECT_NEAR(red.sd[full] / white.sd[full], 3, 1);
}

TEST(LossCurve, KeepsTheRowsOfAShortCurve) {
  const LossCurve curve = prepare(curve_of(shifted_power_law, 60, 0));
  EXPECT_FALSE(curve.thinned);
  ASSERT_EQ(curve.x.size(), 60U);
  EXPECT_DOUBLE_EQ(curve.loss[17], shifted_power_law(18));
}

TEST(LossCurve, CountsWhatItLeavesOut) {
  tables::Curve data = curve_of(shifted_power_law, 50, 0);
  data.step[0] = 0;
  data.loss[10] = NAN;
  data.loss[11] = -1;
  const LossCurve curve = prepare(data);
  EXPECT_EQ(curve.n_before, 1U);
  EXPECT_EQ(curve.n_not_finite, 1U);
  EXPECT_EQ(curve.x.size(), 47U);
}

TEST(LossCurve, CutsWhatRisesAfterTheMinimum) {
  const LossCurve curve = prepare(curve_of([](double t) { return 1 + 4 / t + 1e-4 * t; }, 2000, 0.001));
  EXPECT_GT(curve.n_rise, 1000U);
  EXPECT_NEAR(curve.min_step, 200, 60);  // sqrt(4/1e-4); the minimum is flat
}

// A stable phase of most of the steps is fitted alone; a cosine is modelled.
TEST(Schedule, DecayIsSeparatedOrModelled) {
  const tables::StatedSchedule trapezoid{100, tables::Decay::linear, 3000, 0};
  const LossCurve cut = prepare(curve_of(shifted_power_law, 4000, 0.01), trapezoid);
  EXPECT_EQ(cut.clock, "lr_sum");
  EXPECT_FALSE(cut.annealed);
  EXPECT_NEAR(static_cast<double>(cut.n_decay), 990, 2);
  const tables::StatedSchedule cosine{100, tables::Decay::cosine, {}, 0};
  const LossCurve modelled = prepare(curve_of(shifted_power_law, 4000, 0.01), cosine);
  EXPECT_TRUE(modelled.annealed);
  EXPECT_EQ(modelled.n_decay, 0U);
  EXPECT_GT(modelled.drop.back(), 0);
}

}  // namespace
}  // namespace phaselaw::advice
