// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/schedule.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::training {
namespace {

constexpr double kTolerance = 4 * std::numeric_limits<double>::epsilon();  // a cosine and three roundings

TrainingOptions scheduled(Schedule schedule, std::int64_t steps, double warmup, double decay = 0.2, double final = 0) {
  TrainingOptions options;
  options.schedule = schedule;
  options.steps = steps;
  options.warmup = warmup;
  options.decay = decay;
  options.final_fraction = final;
  return options;
}

void expect_rates(const TrainingOptions& options, const std::vector<double>& expected) {
  ASSERT_EQ(static_cast<std::size_t>(options.steps), expected.size());
  for (std::size_t step = 0; step < expected.size(); ++step)
    EXPECT_NEAR(rate_fraction(options, static_cast<std::int64_t>(step)), expected[step], kTolerance) << "step " << step;
}

TEST(RateFraction, KnownValues) {
  expect_rates(scheduled(Schedule::constant, 3, 0), {1, 1, 1});
  expect_rates(scheduled(Schedule::constant, 6, 0.5), {0.25, 0.5, 0.75, 1, 1, 1});
  const double root = std::sqrt(0.5);
  expect_rates(scheduled(Schedule::cosine, 4, 0), {1, 0.5 + root / 2, 0.5, 0.5 - root / 2});
  expect_rates(scheduled(Schedule::cosine, 5, 0.2, 0, 0.5), {0.5, 1, 0.75 + root / 4, 0.75, 0.75 - root / 4});
  expect_rates(scheduled(Schedule::wsd, 8, 0.25, 0.375), {1.0 / 3, 2.0 / 3, 1, 1, 1, 0.75, 0.5, 0.25});
  expect_rates(scheduled(Schedule::wsd, 4, 0, 1, 0.5), {0.9, 0.8, 0.7, 0.6});
  expect_rates(scheduled(Schedule::wsd, 1, 0, 0), {1});
}

TEST(RateFraction, IsPositiveRisesThenFallsAndPeaksAtOne) {
  for (const auto schedule : {Schedule::constant, Schedule::cosine, Schedule::wsd})
    for (const std::int64_t steps : {1, 2, 7, 1000})
      for (const double warmup : {0.0, 0.1, 0.8}) {
        const auto options = scheduled(schedule, steps, warmup);
        double peak = 0, last = 0;
        bool falling = false;
        for (std::int64_t step = 0; step < steps; ++step) {
          const double rate = rate_fraction(options, step);
          EXPECT_GT(rate, 0);
          EXPECT_LE(rate, 1);
          if (rate < last) falling = true;
          if (falling) {
            EXPECT_LE(rate, last);
          }
          last = rate;
          peak = std::max(peak, rate);
        }
        if (schedule != Schedule::wsd || warmup < 0.8) {  // 0.8 of warm-up and 0.2 of decay leave no stable part
          EXPECT_EQ(peak, 1) << steps << " steps";
        }
      }
}

TEST(MeasurementSteps, PowersOfTwoThenEvenInLogCompute) {
  EXPECT_EQ(measurement_steps(1, 4), (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(measurement_steps(5, 4), (std::vector<std::int64_t>{0, 1, 2, 4, 5}));
  EXPECT_EQ(measurement_steps(16, 4), (std::vector<std::int64_t>{0, 1, 2, 4, 8, 16}));
  EXPECT_EQ(measurement_steps(70, 2), (std::vector<std::int64_t>{0, 1, 2, 4, 8, 16, 23, 32, 45, 64, 70}));
}

TEST(MeasurementSteps, IncreaseAndEndAtTheLastStep) {
  for (const std::int64_t steps : {1, 3, 17, 1000, 12345})
    for (const std::int64_t per_doubling : {1, 3, 100}) {
      const auto at = measurement_steps(steps, per_doubling);
      for (std::size_t i = 1; i < at.size(); ++i) EXPECT_LT(at[i - 1], at[i]);
      EXPECT_EQ(at.back(), steps);
    }
}

TEST(TrainingOptions, DomainsAreChecked) {
  const auto message = [](auto change) {
    TrainingOptions options;
    change(options);
    return base::testing::message_of<base::InputError>([&] { validate(options); });
  };
  EXPECT_EQ(message([](auto& o) { o.steps = 0; }), "steps must be >= 1; found 0");
  EXPECT_EQ(message([](auto& o) { o.learning_rate = -1.0; }), "learning_rate must be > 0; found -1");
  EXPECT_EQ(message([](auto& o) { o.momentum = 1; }), "momentum must be in [0, 1); found 1");
  EXPECT_EQ(message([](auto& o) {
              o.schedule = Schedule::wsd;
              o.warmup = 0.9;
              o.decay = 0.2;
            }),
            "wsd: warmup + decay must be at most 1; found 0.9 + 0.2");
}

}  // namespace
}  // namespace phaselaw::training
