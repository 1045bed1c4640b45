// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/trainer.h"

#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/base/interrupt.h"
#include "phaselaw/model/flops.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/matrix.h"
#include "phaselaw/training/curve.h"
#include "phaselaw/training/optimizer.h"
#include "training/small_run.h"

namespace phaselaw::training {
namespace {

constexpr double kFewRoundings = 4 * std::numeric_limits<double>::epsilon();  // of a fused or unfused multiply-add
constexpr OptimizerKind kKinds[] = {OptimizerKind::gd, OptimizerKind::sgd, OptimizerKind::momentum,
                                    OptimizerKind::adamw};

TEST(Trainer, GradientDescentOnALinearModelFollowsTheExactRecursion) {
  const auto options = linear_model();
  const auto data = teacher_split(options, 5, 4, 0.2);
  const model::Transformer<double> model(options);
  const auto theta = model::initialise<double>(model.table(), 5);
  const auto rows = static_cast<numerics::Index>(data.train.y.size());
  model::Transformer<double>::Workspace workspace(model, 5);
  const auto outputs = [&](const std::vector<double>& at) {
    numerics::Vector<double> f(rows);
    model.forward(at, {5, data.train.x.data(), nullptr}, workspace, f.data());
    return f;
  };
  // F is linear in W_down, so unit differences are its Jacobian.
  const auto& block = model.table().at(model::BlockKind::mlp_down, 0);
  const numerics::Vector<double> f0 = outputs(theta);
  numerics::Matrix<double> jacobian(rows, block.size());
  for (std::int64_t i = 0; i < block.size(); ++i) {
    auto moved = theta;
    moved[static_cast<std::size_t>(block.offset + i)] += 1;
    jacobian.col(i) = outputs(moved) - f0;
  }
  // r_{k+1} = (I - (2 eta / n) J J^T) r_k (docs/dynamics.md, A fixed kernel).
  constexpr double kRate = 0.05;
  numerics::Vector<double> residual = f0 - numerics::Vector<double>::Map(data.train.y.data(), rows);
  std::vector<double> expected;
  for (int k = 0; k <= 64; ++k) {
    expected.push_back(residual.squaredNorm() / static_cast<double>(rows));
    residual -= (2 * kRate / 5) * (jacobian * (jacobian.transpose() * residual));
  }
  const auto result = run<double>(options, data, small_training(OptimizerKind::gd, kRate, 64));
  ASSERT_EQ(result.outcome, Outcome::finished);
  EXPECT_EQ(result.batch, 5);
  // 64 steps, each with rounding eps times sums of 60 terms and a Jacobian with errors of eps |F| <= 10 eps in its entries.
  const double tolerance = 64 * 60 * 10 * std::numeric_limits<double>::epsilon() * expected[0];
  for (const auto& m : result.curve) EXPECT_NEAR(m.train_loss, expected[static_cast<std::size_t>(m.step)], tolerance);
  EXPECT_LT(result.curve.back().train_loss, 0.9 * expected[0]);
  for (std::int64_t i = 0; i < model.table().size(); ++i) {
    const bool frozen = i < block.offset || i >= block.offset + block.size();
    const auto at = static_cast<std::size_t>(i);
    EXPECT_EQ(result.theta[at] == theta[at], frozen) << i;
  }
}

TEST(Trainer, EveryOptimizerLearnsWithAnAutomaticRate) {
  auto model = small_model();
  const auto data = teacher_split(model, 24, 64, 0);
  for (const auto parametrisation :
       {model::Parametrisation::ntk, model::Parametrisation::standard, model::Parametrisation::mup})
    for (const auto kind : kKinds) {
      model.parametrisation = parametrisation;
      auto options = small_training(kind, 1, 300, 8);
      options.learning_rate.word = "auto";
      const auto result = run<float>(model, data, options);
      const std::string name = base::enum_to_text(kind) + " " + base::enum_to_text(parametrisation);
      EXPECT_EQ(result.outcome, Outcome::finished) << name << ": " << result.reason;
      EXPECT_GT(result.learning_rate, 0);
      EXPECT_LT(result.curve.back().train_loss, 0.5 * result.curve.front().train_loss) << name;
    }
}

TEST(Trainer, TokensAreLearnt) {
  auto model = token_model();
  model.n_layers = 2;
  const auto result = run<float>(model, token_split(model, 30), small_training(OptimizerKind::adamw, 0.02, 400, 10));
  EXPECT_EQ(result.outcome, Outcome::finished);
  EXPECT_LT(result.curve.back().train_loss, 0.05);
  EXPECT_LT(result.curve.back().test_loss, 0.05);
  EXPECT_TRUE(std::isnan(result.curve.back().excess_risk));
}

TEST(Trainer, CountsComputeTimeAndTokensExactly) {
  const auto model = small_model();
  const auto data = teacher_split(model, 10, 8, 0.1);
  auto options = small_training(OptimizerKind::sgd, 0.01, 40, 4);
  options.schedule = Schedule::wsd;
  options.warmup = 0.25;
  options.decay = 0.25;
  const auto result = run<double>(model, data, options);
  const double flop = model::sequence_cost(model).training_flop();
  for (const auto& m : result.curve) {
    EXPECT_EQ(m.compute_flop, flop * 4 * static_cast<double>(m.step));
    EXPECT_EQ(m.tokens, m.step * 4 * 3);
  }
  // Warm-up 1/11 .. 10/11 and decay 10/11 .. 1/11 add 5 each; between them 20 whole steps.
  EXPECT_NEAR(result.curve.back().time, 0.01 * (5 + 20 + 5), 1e-14);
  EXPECT_EQ(result.steps, 40);
  EXPECT_EQ(result.compute_flop, flop * 160);
  EXPECT_EQ(result.compute_6nd, model::six_nd(model, true) * 160);
}

TEST(Trainer, BatchIsClampedToTheTrainingSet) {
  const auto model = small_model();
  const auto data = teacher_split(model, 6, 4, 0.1);
  const auto sgd = run<double>(model, data, small_training(OptimizerKind::sgd, 0.01, 20, 100));
  const auto gd = run<double>(model, data, small_training(OptimizerKind::gd, 0.01, 20, 1));
  EXPECT_EQ(sgd.batch, 6);
  EXPECT_EQ(sgd.theta, gd.theta);
}

TEST(Trainer, RepeatsToTheBitAlsoBesideOtherRuns) {
  numerics::set_blas_threads(1);
  auto model = small_model();
  model.n_layers = 2;
  const auto data = teacher_split(model, 24, 64, 0.2);
  const auto options = small_training(OptimizerKind::momentum, 0.003, 200, 8);
  const auto alone = run<float>(model, data, options);
  std::vector<TrainingResult<float>> together(2);
  std::vector<std::thread> threads;
  for (auto& result : together) threads.emplace_back([&] { result = run<float>(model, data, options); });
  for (auto& thread : threads) thread.join();
  for (const auto& result : together) {
    EXPECT_EQ(curve_csv(result.curve), curve_csv(alone.curve));
    EXPECT_EQ(result.theta, alone.theta);
  }
}

TEST(Trainer, FloatFollowsDouble) {
  const auto model = small_model();
  const auto data = teacher_split(model, 12, 16, 0.1);
  const auto options = small_training(OptimizerKind::sgd, 0.01, 50);
  const auto narrow = run<float>(model, data, options);
  const auto wide = run<double>(model, data, options);
  ASSERT_EQ(narrow.curve.size(), wide.curve.size());
  // The initialisations differ by rounding to float; 50 contracting steps of relative error 1e-5 at most.
  for (std::size_t i = 0; i < wide.curve.size(); ++i)
    EXPECT_NEAR(narrow.curve[i].train_loss, wide.curve[i].train_loss, 50 * 1e-5 * wide.curve[0].train_loss);
}

TEST(Trainer, DivergenceIsAnOutcomeThatKeepsTheCurve) {
  const auto model = small_model();
  const auto data = teacher_split(model, 12, 16, 0.1);
  for (const auto kind : {OptimizerKind::gd, OptimizerKind::sgd, OptimizerKind::momentum}) {
    const auto result = run<float>(model, data, small_training(kind, 1e4, 200));
    EXPECT_EQ(result.outcome, Outcome::diverged);
    EXPECT_LT(result.steps, 200);
    EXPECT_FALSE(result.reason.empty());
    ASSERT_FALSE(result.curve.empty());
    for (const auto& m : result.curve) EXPECT_TRUE(std::isfinite(m.train_loss) && std::isfinite(m.test_loss));
  }
}

TEST(Trainer, AStartThatIsNotFiniteDiverges) {
  const model::Transformer<float> model(small_model());
  std::vector<float> theta(static_cast<std::size_t>(model.table().size()), std::numeric_limits<float>::quiet_NaN());
  const auto result =
      train(model, theta, teacher_split(small_model(), 4, 4, 0), small_training(OptimizerKind::sgd, 0.1, 9), 1);
  EXPECT_EQ(result.outcome, Outcome::diverged);
  EXPECT_EQ(result.steps, 0);
  EXPECT_EQ(result.curve.size(), 1U);
}

// Interrupts at one step and checks what it sees at every other.
class Watcher : public Observer<double> {
 public:
  explicit Watcher(std::int64_t interrupt_at = -1) : interrupt_at_(interrupt_at) {}
  void on_step(std::int64_t step, std::span<const double> theta, std::span<const double> gradient,
               double loss) override {
    EXPECT_EQ(step, seen_++);
    for (std::size_t i = 0; i < expected_.size(); ++i)
      EXPECT_NEAR(theta[i], expected_[i], kFewRoundings * (1 + std::abs(theta[i])));
    expected_.assign(theta.begin(), theta.end());
    for (std::size_t i = 0; i < expected_.size(); ++i) expected_[i] -= 0.01 * gradient[i];
    EXPECT_GT(loss, 0);
    if (step == interrupt_at_) base::set_interrupted(true);
  }
  void on_measurement(const Measurement& m, std::span<const double>) override { steps_.push_back(m.step); }
  std::int64_t seen_ = 0;
  std::vector<double> expected_;
  std::vector<std::int64_t> steps_;

 private:
  std::int64_t interrupt_at_;
};

TEST(Trainer, ObserversSeeEveryStepAndMeasurement) {
  const auto model = small_model();
  Watcher watcher;
  const auto result =
      run<double>(model, teacher_split(model, 8, 4, 0.1), small_training(OptimizerKind::sgd, 0.01, 20), {&watcher});
  EXPECT_EQ(watcher.seen_, 20);
  EXPECT_EQ(watcher.steps_, (std::vector<std::int64_t>{0, 1, 2, 4, 8, 16, 19, 20}));
  for (std::size_t i = 0; i < result.theta.size(); ++i)
    EXPECT_NEAR(result.theta[i], watcher.expected_[i], kFewRoundings * (1 + std::abs(result.theta[i])));
}

TEST(Trainer, AnInterruptGivesNoResultOfAPart) {
  const auto model = small_model();
  Watcher watcher(5);
  EXPECT_THROW((void)run<double>(model, teacher_split(model, 8, 4, 0.1), small_training(OptimizerKind::sgd, 0.01, 20),
                                 {&watcher}),
               base::Interrupted);
  base::set_interrupted(false);
  EXPECT_EQ(watcher.seen_, 6);
  EXPECT_EQ(watcher.steps_, (std::vector<std::int64_t>{0, 1, 2, 4}));
}

TEST(Trainer, InterruptionDuringTheProbeEndsTheRun) {
  const auto model = small_model();
  TrainingOptions options;
  base::set_interrupted(true);
  options.learning_rate.word = "auto";
  EXPECT_THROW((void)run<double>(model, teacher_split(model, 8, 4, 0.1), options), base::Interrupted);
  base::set_interrupted(false);
}

TEST(Trainer, ClippingBoundsTheStep) {
  const auto model = small_model();
  auto options = small_training(OptimizerKind::gd, 0.01, 1);
  options.gradient_clip = 1e-3;
  const auto result = run<double>(model, teacher_split(model, 8, 4, 0.1), options);
  auto moved = model::initialise<double>(model::ParameterTable(model), 5);
  for (std::size_t i = 0; i < moved.size(); ++i) moved[i] -= result.theta[i];
  // theta rounds at eps |theta| <= 1e-15 an entry; the step is 1e-5.
  EXPECT_NEAR(gradient_norm<double>(model::ParameterTable(model), moved), 1e-5, 1e-13);
}

TEST(Curve, HasEveryFieldInFullPrecisionAndLeavesUnknownEmpty) {
  const std::vector<Measurement> curve = {{0, 0, 0, 0, 0, 0, base::kNaN}, {3, 0.1, 24, 1.5e9, 1.0 / 3, 2e-300, 0.25}};
  EXPECT_EQ(curve_csv(curve),
            "step,time,tokens,compute_flop,train_loss,test_loss,excess_risk\n"
            "0,0,0,0,0,0,\n"
            "3,0.1,24,1500000000,0.3333333333333333,2e-300,0.25\n");
}

}  // namespace
}  // namespace phaselaw::training
