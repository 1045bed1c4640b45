// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/optimizer.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/numerics/random.h"
#include "training/small_run.h"

namespace phaselaw::training {
namespace {

// mup, so that the factors of the blocks differ; two kinds of block are frozen.
model::ModelOptions mixed_model() {
  auto options = token_model();
  options.parametrisation = model::Parametrisation::mup;
  options.trainable = {"attn.q", "attn.v", "mlp.up", "mlp.down", "embed", "out"};
  return options;
}

// The update of one parameter in plain formulas, in long double.
struct PlainParameter {
  long double theta = 0, v = 0, m = 0, s = 0;

  void update(const TrainingOptions& o, const model::ParameterBlock& block, long double g, long double eta, int k) {
    const long double w = o.weight_decay;
    if (o.optimizer == OptimizerKind::adamw) {
      m = o.beta1 * m + (1 - static_cast<long double>(o.beta1)) * g;
      s = o.beta2 * s + (1 - static_cast<long double>(o.beta2)) * g * g;
      const long double m_hat = m / (1 - std::pow(static_cast<long double>(o.beta1), k));
      const long double s_hat = s / (1 - std::pow(static_cast<long double>(o.beta2), k));
      theta = theta - eta * (block.adam_factor * m_hat / (std::sqrt(s_hat) + o.adam_eps) + w * theta);
    } else if (o.optimizer == OptimizerKind::momentum) {
      v = o.momentum * v + g + w * theta;
      theta -= eta * block.sgd_factor * v;
    } else {
      theta -= eta * block.sgd_factor * (g + w * theta);
    }
  }
};

template <class T>
void expect_plain_updates(OptimizerKind kind) {
  constexpr int kSteps = 20;
  constexpr double kScale = 0.7;
  const model::ParameterTable table(mixed_model());
  auto options = small_training(kind, 0.01, kSteps);
  options.weight_decay = 0.1;
  auto theta = model::initialise<T>(table, 1);
  const auto start = theta;
  std::vector<PlainParameter> plain(theta.size());
  for (std::size_t i = 0; i < theta.size(); ++i) plain[i].theta = theta[i];
  std::vector<T> gradient(theta.size());
  Optimizer<T> optimizer(options, table);
  numerics::RandomStream stream(2, "test");
  for (int k = 1; k <= kSteps; ++k) {
    for (T& g : gradient) g = static_cast<T>(stream.normal());
    const double rate = 0.01 / k;
    optimizer.update(theta, gradient, rate, kScale);
    for (const auto& block : table.blocks())
      for (std::int64_t i = block.offset; i < block.offset + block.size(); ++i)
        if (block.trainable) {
          const auto at = static_cast<std::size_t>(i);
          plain[at].update(options, block, static_cast<long double>(kScale) * gradient[at], rate, k);
        }
  }
  // Each step rounds theta (below 8) a few times, and an increment below 10 eta f: about 10 eps 8 a step.
  const double tolerance = kSteps * 10 * 8 * static_cast<double>(std::numeric_limits<T>::epsilon());
  for (const auto& block : table.blocks())
    for (std::int64_t i = block.offset; i < block.offset + block.size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (!block.trainable)
        ASSERT_EQ(theta[at], start[at]) << block.name;
      else
        ASSERT_NEAR(static_cast<double>(theta[at]), static_cast<double>(plain[at].theta), tolerance) << block.name;
    }
}

TEST(Optimizer, FollowsThePlainFormulas) {
  for (const auto kind : {OptimizerKind::gd, OptimizerKind::sgd, OptimizerKind::momentum, OptimizerKind::adamw}) {
    expect_plain_updates<double>(kind);
    expect_plain_updates<float>(kind);
  }
}

TEST(Optimizer, FirstAdamWStepIsTheSignOfTheGradient) {
  const model::ParameterTable table(small_model());
  auto options = small_training(OptimizerKind::adamw, 0.25, 1);
  options.adam_eps = 1e-300;
  std::vector<double> theta(static_cast<std::size_t>(table.size()), 1.0), gradient(theta.size());
  for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] = i % 2 == 0 ? 1e-5 : -1e5;
  Optimizer<double>(options, table).update(theta, gradient, 0.25);
  for (std::size_t i = 0; i < theta.size(); ++i) EXPECT_NEAR(theta[i], i % 2 == 0 ? 0.75 : 1.25, 1e-15);
}

TEST(Optimizer, MomentumReachesItsTerminalVelocity) {
  // A constant gradient: v_k = (1 - mu^k)/(1 - mu).
  const model::ParameterTable table(small_model());
  auto options = small_training(OptimizerKind::momentum, 1, 1);
  options.momentum = 0.5;
  std::vector<double> theta(static_cast<std::size_t>(table.size()), 0.0);
  const std::vector<double> gradient(theta.size(), 1.0);
  Optimizer<double> optimizer(options, table);
  for (int k = 0; k < 3; ++k) optimizer.update(theta, gradient, 1.0);
  EXPECT_EQ(theta[0], -(1.0 + 1.5 + 1.75));
}

TEST(GradientNorm, CountsTrainableBlocksOnly) {
  const model::ParameterTable table(linear_model());
  const std::vector<float> gradient(static_cast<std::size_t>(table.size()), 2.0F);
  EXPECT_DOUBLE_EQ(gradient_norm<float>(table, gradient), 2 * std::sqrt(static_cast<double>(table.n_trainable())));
  const std::vector<float> huge(gradient.size(), 3e38F);
  EXPECT_TRUE(std::isfinite(gradient_norm<float>(table, huge)));
}

}  // namespace
}  // namespace phaselaw::training
