// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/learning_rate.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <Eigen/Eigenvalues>

#include "phaselaw/numerics/matrix.h"
#include "training/small_run.h"

namespace phaselaw::training {
namespace {

double automatic(const model::ModelOptions& options, const data::Split& data, OptimizerKind kind) {
  const model::Transformer<double> model(options);
  const auto theta = model::initialise<double>(model.table(), 5);
  Objective<double> objective(model, data, theta, data.train.n, 0);
  return automatic_learning_rate<double>(model, objective, theta, data.train.n, small_training(kind, 1, 100));
}

// A quadratic loss: gradient descent is stable exactly below 2/h_max, h_max the largest eigenvalue of (2/n) J^T J, and
// no stable rate raises the loss. So the rung is above half of that bound, and the rate above a quarter.
TEST(AutomaticLearningRate, IsBoundToTheCurvatureOfAQuadraticLoss) {
  for (const double branch_scale : {0.2, 1.0, 5.0}) {
    auto options = linear_model();
    options.branch_scale = branch_scale;
    const auto data = teacher_split(options, 6, 4, 0.2);
    const model::Transformer<double> model(options);
    const auto theta = model::initialise<double>(model.table(), 5);
    const auto rows = static_cast<numerics::Index>(data.train.y.size());
    const auto& block = model.table().at(model::BlockKind::mlp_down, 0);
    model::Transformer<double>::Workspace workspace(model, 6);
    numerics::Vector<double> f0(rows), f1(rows);
    numerics::Matrix<double> jacobian(rows, block.size());
    model.forward(theta, {6, data.train.x.data(), nullptr}, workspace, f0.data());
    for (std::int64_t i = 0; i < block.size(); ++i) {
      auto moved = theta;
      moved[static_cast<std::size_t>(block.offset + i)] += 1;
      model.forward(moved, {6, data.train.x.data(), nullptr}, workspace, f1.data());
      jacobian.col(i) = f1 - f0;
    }
    const Eigen::MatrixXd hessian = (2.0 / 6) * jacobian.transpose() * jacobian;
    const double bound = 2 / Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(hessian).eigenvalues().maxCoeff();
    const double rate = automatic(options, data, OptimizerKind::gd);
    EXPECT_GT(rate, 0.25 * bound);
    EXPECT_LT(rate, 0.6 * bound);
    EXPECT_EQ(std::exp2(std::round(std::log2(rate))), rate);
    EXPECT_EQ(rate, automatic(options, data, OptimizerKind::sgd));
    EXPECT_DOUBLE_EQ(0.1 * rate, automatic(options, data, OptimizerKind::momentum));
  }
}

TEST(AutomaticLearningRate, AdamWFollowsTheDocumentedWidths) {
  auto options = small_model();
  const auto data = teacher_split(options, 2, 2, 0);
  EXPECT_NEAR(automatic(options, data, OptimizerKind::adamw), 0.024, 1e-16);
  options.parametrisation = model::Parametrisation::standard;
  EXPECT_NEAR(automatic(options, data, OptimizerKind::adamw), 0.012, 1e-16);
  options.parametrisation = model::Parametrisation::mup;
  EXPECT_NEAR(automatic(options, data, OptimizerKind::adamw), 0.003, 1e-16);
}

}  // namespace
}  // namespace phaselaw::training
