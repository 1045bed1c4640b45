// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/analysis/linear_student.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "phaselaw/analysis/training_curve.h"
#include "phaselaw/dynamics/closed_form.h"
#include "phaselaw/sweep/run.h"

namespace phaselaw::analysis {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();
constexpr std::array<double, 4> kTimes = {0, 0.5, 20, 1000};

sweep::Experiment small_experiment() {
  return sweep::experiment_from(base::parse_toml(R"(seed = 3
[model]
n_layers = 1
d_model = 4
d_hidden = 4
n_heads = 1
d_head = 2
seq_len = 2
branch_scale = 0.7
[data]
source = "teacher"
n_data = 5
n_test = 4
[training]
optimizer = "gd"
learning_rate = 0.1
steps = 40
)",
                                                 "test"));
}

// The same flow on the kernel matrix: columns of the response of the test rows to each training row.
numerics::Matrix<double> responses(const PreparedExperiment& p, double time) {
  const auto f0 = p.outputs(p.split.train, p.theta_0);
  dynamics::ClosedForm flow(p.kernel(), p.split.train.n, f0, f0);
  const dynamics::TestOutputs test(flow, p.kernel(p.split.test));
  const auto rows = static_cast<Eigen::Index>(f0.size());
  numerics::Matrix<double> response(test.rows(), rows);
  const std::array<double, 1> at = {time};
  for (Eigen::Index j = 0; j < rows; ++j) {
    auto target = f0;
    target[static_cast<std::size_t>(j)] += 1;
    flow.set_targets(target, f0);
    response.col(j) = test.outputs(at).row(0).transpose();
  }
  return response;
}

TEST(LinearStudent, AgreesWithTheFlowOnTheKernelMatrix) {
  const PreparedExperiment p(small_experiment());
  const auto clean = linear_set(p, p.split.train, 0, 3), added = linear_set(p, p.split.train, 3, 2);
  const auto test = linear_set(p, p.split.test, 0, p.split.test.n);
  const auto errors = linear_errors(clean, added, test, kTimes);
  const auto f0 = p.outputs(p.split.train, p.theta_0), test0 = p.outputs(p.split.test, p.theta_0);
  const Eigen::Index per_sequence = p.rows_per_sequence();
  for (std::size_t k = 0; k < kTimes.size(); ++k) {
    const auto response = responses(p, kTimes[k]);
    const double rows = static_cast<double>(response.rows());
    numerics::Vector<double> residual(response.cols()), on_test(response.rows());
    for (Eigen::Index i = 0; i < residual.size(); ++i)
      residual[i] = p.split.train.clean[static_cast<std::size_t>(i)] - f0[static_cast<std::size_t>(i)];
    for (Eigen::Index i = 0; i < on_test.size(); ++i)
      on_test[i] = p.split.test.clean[static_cast<std::size_t>(i)] - test0[static_cast<std::size_t>(i)];
    // Rounding: P eps h_max relative in each sum, amplified by 2 t/n h_max = at most 1e4 here.
    const double tolerance = 1e6 * kEps;
    EXPECT_NEAR(errors[k].bias, (response * residual - on_test).squaredNorm() / rows, tolerance);
    EXPECT_NEAR(errors[k].clean, response.leftCols(3 * per_sequence).squaredNorm() / rows, tolerance);
    EXPECT_NEAR(errors[k].added, response.rightCols(2 * per_sequence).squaredNorm() / rows, tolerance);
  }
  EXPECT_EQ(errors[0].clean, 0);
  EXPECT_NEAR(errors[0].bias, test.square / static_cast<double>(test.rows), 1e-14);
}

TEST(LinearStudent, TheEffectiveDimensionIsThatOfTheKernelMatrix) {
  const PreparedExperiment p(small_experiment());
  const auto set = joined(linear_set(p, p.split.train, 0, 2), linear_set(p, p.split.train, 2, 3));
  const auto spectrum = kernel_spectrum(set);
  const auto f0 = p.outputs(p.split.train, p.theta_0);
  const dynamics::ClosedForm flow(p.kernel(), p.split.train.n, p.split.train.clean, f0);
  const auto risks = flow.excess_risks(kTimes, p.split.train.clean, 1);
  for (std::size_t k = 0; k < kTimes.size(); ++k)
    EXPECT_NEAR(effective_dimension(spectrum, 5, kTimes[k]), risks[k].d_eff, 1e-9);
  // Gauge directions: the attention's products and the scales of relu leave fewer directions than parameters.
  EXPECT_LT(spectrum.size(), set.pull.size());
  EXPECT_EQ(set.n, 5);
}

TEST(LinearStudent, FrozenBlocksAreRefused) {
  auto experiment = small_experiment();
  experiment.model.trainable = {"mlp.up"};
  const PreparedExperiment p(experiment);
  EXPECT_THROW((void)linear_set(p, p.split.train, 0, 2), base::InputError);
}

TEST(TrainingCurve, IsThatOfARunOfASweep) {
  const auto experiment = small_experiment();
  const auto run = sweep::carry_out(experiment);
  const auto curve = training_curve(experiment, data::make_split(experiment.data, experiment.model, 3));
  ASSERT_TRUE(curve.finished);
  ASSERT_EQ(curve.points.size(), run.curve.size());
  for (std::size_t i = 0; i < curve.points.size(); ++i) {
    EXPECT_EQ(curve.points[i].step, run.curve[i].step);
    EXPECT_EQ(curve.points[i].excess_risk, run.curve[i].excess_risk);
  }
}

TEST(TrainingCurve, OtherDataGiveAnotherCurve) {
  const auto experiment = small_experiment();
  auto split = data::make_split(experiment.data, experiment.model, 3);
  const auto before = training_curve(experiment, split);
  for (double& y : split.train.y) y += 1;
  EXPECT_NE(training_curve(experiment, split).points.back().excess_risk, before.points.back().excess_risk);
}

}  // namespace
}  // namespace phaselaw::analysis
