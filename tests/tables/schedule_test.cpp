// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/schedule.h"

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"

namespace phaselaw::tables {
namespace {

TEST(Schedule, SumsOfAConstantRate) {
  LearningRates rates;
  for (int i = 0; i < 100; ++i) {
    rates.step.push_back(i);
    rates.lr.push_back(0.1);
  }
  const std::vector<double> at = {0, 1, 50, 99};
  const ScheduleSums sums = schedule_sums(rates, at);
  EXPECT_FALSE(sums.varies);
  for (std::size_t i = 0; i < at.size(); ++i) {
    EXPECT_NEAR(sums.lr_sum[i], 0.1 * at[i], 1e-12);
    EXPECT_EQ(sums.lr_drop[i], 0);
  }
}

// The recursion of the paper, step by step, against the closed form that sparse records need.
TEST(Schedule, SparseRecordsGiveTheStepwiseSums) {
  StatedSchedule stated;
  stated.warmup = 50;
  stated.decay = Decay::linear;
  stated.decay_from = 400;
  const LearningRates dense = rates_of(stated, 1000);
  LearningRates sparse;
  for (std::size_t i = 0; i < dense.step.size(); i += 10) {
    sparse.step.push_back(dense.step[i]);
    sparse.lr.push_back(dense.lr[i]);
  }
  double s1 = 0, s2 = 0, m = 0;
  std::vector<double> plain1 = {0}, plain2 = {0};
  for (std::size_t i = 1; i < dense.step.size(); ++i) {
    s1 += dense.lr[i - 1];
    m = 0.999 * m + (i > 50 ? dense.lr[i - 1] - dense.lr[i] : 0);
    s2 += m;
    plain1.push_back(s1);
    plain2.push_back(s2);
  }
  const std::vector<double> at = {100, 400, 700, 1000};
  const ScheduleSums by_step = schedule_sums(dense, at), by_ten = schedule_sums(sparse, at);
  EXPECT_DOUBLE_EQ(by_step.warmup_end, 49);
  EXPECT_NEAR(by_step.decay_begin, 406, 1);  // 99 % of the peak
  EXPECT_TRUE(by_step.decays);
  for (std::size_t i = 0; i < at.size(); ++i) {
    const auto step = static_cast<std::size_t>(at[i]);
    EXPECT_NEAR(by_step.lr_sum[i], plain1[step], 1e-9);
    EXPECT_NEAR(by_step.lr_drop[i], plain2[step], 1e-9);
    // Left sums against trapezoids: they differ by half of the change of the learning rate.
    EXPECT_NEAR(by_ten.lr_sum[i], plain1[step], 1.0);
    EXPECT_NEAR(by_ten.lr_drop[i], plain2[step], 0.02 * plain2[step] + 1e-9);
  }
}

TEST(Schedule, AStatedConstantRateIsKnownAndDoesNotDecay) {
  StatedSchedule constant;
  constant.decay = Decay::constant;
  EXPECT_TRUE(constant.given());
  EXPECT_FALSE(StatedSchedule{}.given());
  for (const double lr : rates_of(constant, 100).lr) EXPECT_EQ(lr, 1);
  StatedSchedule from = constant;
  from.decay_from = 50;
  EXPECT_THROW(from.validate(), base::InputError);
}

TEST(Schedule, WhereItDoesNotFitItSaysWhatToDo) {
  StatedSchedule stated;
  stated.decay_to = 0.1;  // of no decay
  EXPECT_THROW(stated.validate(), base::InputError);
  stated.decay = Decay::linear;
  stated.warmup = 100;
  stated.decay_from = 50;
  EXPECT_THROW(stated.validate(), base::InputError);
  EXPECT_THROW((void)rates_of({200, Decay::none, {}, 0}, 100), base::InputError);
  EXPECT_THROW((void)rates_of({200, Decay::linear, 0.1, 0}, 1000), base::InputError);  // a tenth of the run is step 100
}

TEST(Schedule, SharesOfTheRunAreSteps) {
  const LearningRates share = rates_of({0.1, Decay::linear, 0.8, 0.2}, 1000),
                      steps = rates_of({100, Decay::linear, 800, 0.2}, 1000);
  EXPECT_EQ(share.lr, steps.lr);
  EXPECT_NEAR(share.lr.back(), 0.2, 1e-15);
  EXPECT_DOUBLE_EQ(share.lr[500], 1);
}

}  // namespace
}  // namespace phaselaw::tables
