// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/analysis/training_laziness.h"

#include <gtest/gtest.h>

#include <cmath>

#include "phaselaw/analysis/flow_point.h"
#include "phaselaw/analysis/prepared_experiment.h"
#include "phaselaw/base/value.h"
#include "phaselaw/kernel/kernel.h"
#include "phaselaw/training/trainer.h"

namespace phaselaw::analysis {
namespace {

constexpr const char* kRegression =
    "seed = 3\n[model]\nn_layers = 2\nd_model = 4\nd_hidden = 8\nn_heads = 2\nd_head = 2\nseq_len = 3\n"
    "activation = \"gelu\"\n[data]\nn_data = 16\nn_test = 1\nnoise = 0.1\n"
    "[training]\noptimizer = \"adamw\"\nlearning_rate = 0.01\nbatch = 4\nsteps = 40\n";

sweep::Experiment experiment_of(const std::string& toml) {
  return sweep::experiment_from(base::parse_toml(toml, "test"));
}

// H on the first two training sequences.
numerics::Matrix<double> kernel_at(const PreparedExperiment& s, const std::vector<double>& theta) {
  auto inputs = s.train().inputs;
  inputs.n = 2;
  return kernel::dense_kernel<double>(s.model, theta, inputs).total;
}

TEST(TrainingLaziness, TheLastDriftIsThatOfTheTrainedWeights) {
  const auto experiment = experiment_of(kRegression);
  const auto run = training_laziness(experiment, {.kernel_sequences = 2, .first_step = 8}, 1);
  EXPECT_EQ(run.outcome, "finished");
  ASSERT_EQ(run.records.size(), 5U);  // steps 0, 8, 16, 32, 40
  EXPECT_EQ(run.records[0].step, 0);
  EXPECT_EQ(run.records[0].drift, 0);
  EXPECT_EQ(run.records[1].step, 8);
  EXPECT_EQ(run.records[4].step, 40);
  EXPECT_EQ(run.records[4].tokens, 40.0 * 4 * 3);

  const PreparedExperiment s(experiment);
  const auto trained = training::train<double>(s.model, s.theta_0, s.split, experiment.training, 3);
  const auto start = kernel_at(s, s.theta_0), end = kernel_at(s, trained.theta);
  double moved = 0, norm = 0;
  for (std::int64_t i = 0; i < start.rows(); ++i)
    for (std::int64_t j = 0; j < start.cols(); ++j) {
      moved += std::pow(end(i, j) - start(i, j), 2);
      norm += start(i, j) * start(i, j);
    }
  // Rounding of two kernels: eps times the number of terms of an entry, about 1e3.
  EXPECT_NEAR(run.records[4].drift, std::sqrt(moved / norm), 1e-12);
  EXPECT_EQ(run.records[4].train_loss, trained.curve.back().train_loss);
}

TEST(TrainingLaziness, SurvivesAFile) {
  const auto run = training_laziness(experiment_of(kRegression), {.kernel_sequences = 2, .first_step = 8}, 1);
  const auto again = training_laziness_from(base::parse_json(base::to_json(to_value(run)), "test"));
  EXPECT_EQ(base::to_json(to_value(again)), base::to_json(to_value(run)));
}

TEST(TrainingLaziness, DriftAtALossIsInterpolated) {
  TrainingLaziness run;
  for (const double loss : {5.0, 4.0, 3.0, 2.0}) run.records.push_back({0, 0, loss, (5 - loss) * (5 - loss)});
  EXPECT_NEAR(drift_at_loss(run, 3), 4, 1e-14);
  EXPECT_NEAR(drift_at_loss(run, 3.5), 2, 1e-14);  // the geometric mean of 1 and 4
  EXPECT_TRUE(std::isnan(drift_at_loss(run, 1.9)));
  EXPECT_TRUE(std::isnan(drift_at_loss(run, 4.5)));  // before the first drift that is not 0
}

// With one hidden unit of which only W_up learns, the layer's radius is that unit's.
TEST(FlowPoint, TheRadiusOfOneUnitIsThatOfTheLayer) {
  const auto point = measure_flow(
      experiment_of("seed = 3\n[model]\nn_layers = 1\nd_model = 4\nd_hidden = 1\nn_heads = 2\nd_head = 2\nseq_len = 2\n"
                    "activation = \"tanh\"\ntrainable = [\"mlp.up\"]\n[data]\nn_data = 2\nn_test = 1\n"),
      1);
  EXPECT_GT(point.unit_radius, 0);
  EXPECT_NEAR(point.unit_radius, point.radius, 1e-14 * point.radius);
  const auto again = flow_point_from(base::parse_json(base::to_json(to_value(point)), "test"));
  EXPECT_EQ(again.unit_radius, point.unit_radius);
}

}  // namespace
}  // namespace phaselaw::analysis
