// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/base/team.h"
#include "phaselaw/training/objective.h"
#include "phaselaw/training/trainer.h"
#include "training/small_run.h"

namespace phaselaw::training {
namespace {

// Large enough that a batch of 37 has three shards, of 12, 12 and 13 sequences.
model::ModelOptions sharded_model(model::Readout readout) {
  auto options = small_model();
  options.n_layers = 2;
  options.seq_len = 64;
  options.d_model = 16;
  options.d_hidden = 512;
  options.d_head = 8;
  options.readout = readout;
  options.vocab = 11;
  options.init_scale = readout == model::Readout::identity ? 0.5 : 1.0;
  return options;
}
constexpr std::int64_t kBatch = 37;

data::Split split_of(const model::ModelOptions& model) {
  return model.reads_tokens() ? token_split(model, 40) : teacher_split(model, 40, 9, 0.1);
}

template <class T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

TEST(GradientShards, FollowTheConfigurationOnly) {
  EXPECT_EQ(gradient_shards(small_model(), 1000000), kMaxShards);
  EXPECT_EQ(gradient_shards(small_model(), 64), 1);
  EXPECT_EQ(gradient_shards(sharded_model(model::Readout::tokens), kBatch), 3);
  EXPECT_EQ(gradient_shards(sharded_model(model::Readout::tokens), 1), 1);
  model::ModelOptions theory;  // what the paper's experiments train keeps its bytes
  theory.d_hidden = 256;
  EXPECT_EQ(gradient_shards(theory, 32), 1);
}

// The sum of the shards is the gradient of the batch: against one pass over it in double, to rounding.
TEST(GradientShards, AddUpToTheGradientOfTheBatch) {
  for (const auto readout : {model::Readout::identity, model::Readout::tokens}) {
    const auto options = sharded_model(readout);
    const auto split = split_of(options);
    const model::Transformer<double> model(options);
    const auto theta = model::initialise<double>(model.table(), 3);
    std::vector<std::int64_t> batch(static_cast<std::size_t>(kBatch));
    std::iota(batch.rbegin(), batch.rend(), 3);  // of 40
    Objective<double> objective(model, split, theta, kBatch, 0);
    std::vector<double> gradient(theta.size()), expected(theta.size()), one(theta.size());
    const double loss = objective.gradient(theta, batch, gradient);
    double expected_loss = 0;
    for (const auto sequence : batch) {
      expected_loss += objective.gradient(theta, {&sequence, 1}, one) / static_cast<double>(kBatch);
      for (std::size_t i = 0; i < one.size(); ++i) expected[i] += one[i] / static_cast<double>(kBatch);
    }
    double largest = 0;
    for (const double g : expected) largest = std::max(largest, std::abs(g));
    // Sums of about kBatch seq_len = 2368 terms, none larger than the whole by more than their number.
    constexpr double kTolerance = 2368 * 2.3e-16;
    EXPECT_NEAR(loss, expected_loss, kTolerance * expected_loss);
    for (std::size_t i = 0; i < gradient.size(); ++i)
      ASSERT_NEAR(gradient[i], expected[i], 10 * kTolerance * largest) << i;
  }
}

TEST(Threads, AnyNumberTrainsToTheSameBytes) {
  constexpr std::int64_t kSteps = 3;
  for (const auto readout : {model::Readout::identity, model::Readout::tokens})
    for (const auto kind : {OptimizerKind::sgd, OptimizerKind::adamw}) {
      const model::Transformer<float> model(sharded_model(readout));
      const auto split = split_of(model.options());
      auto options = small_training(kind, 1e-3, kSteps);
      options.batch = kBatch;
      options.gradient_clip = 1e-3;
      const auto theta_0 = model::initialise<float>(model.table(), 3);
      const auto alone = train<float>(model, theta_0, split, options, 3);
      EXPECT_FALSE(same_bytes(alone.theta, theta_0));
      for (const int threads : {2, 3, 7}) {
        const auto together = train<float>(model, theta_0, split, options, 3, {}, {}, threads);
        EXPECT_TRUE(same_bytes(alone.theta, together.theta)) << threads << " threads";
        ASSERT_EQ(alone.curve.size(), together.curve.size());
        for (std::size_t i = 0; i < alone.curve.size(); ++i) {
          EXPECT_EQ(alone.curve[i].train_loss, together.curve[i].train_loss);
          EXPECT_EQ(alone.curve[i].test_loss, together.curve[i].test_loss);
          EXPECT_TRUE(alone.curve[i].excess_risk == together.curve[i].excess_risk || model.options().reads_tokens());
        }
      }
    }
}

// Kept by three threads, gone on with by two.
TEST(Threads, AContinuedTrainingGivesTheSameBytesWithOthers) {
  const model::Transformer<float> model(sharded_model(model::Readout::tokens));
  const auto split = split_of(model.options());
  auto options = small_training(OptimizerKind::adamw, 1e-3, 4);
  options.batch = kBatch;
  const auto theta_0 = model::initialise<float>(model.table(), 3);
  TrainingState<float> kept;
  Continuation<float> keeping;
  keeping.due = [](std::int64_t step) { return step == 2; };
  keeping.keep = [&](const TrainingState<float>& state) { kept = state; };
  const auto whole = train<float>(model, theta_0, split, options, 3, {}, keeping, 3);
  ASSERT_EQ(kept.steps, 2);
  Continuation<float> from;
  from.from = &kept;
  const auto continued = train<float>(model, theta_0, split, options, 3, {}, from, 2);
  EXPECT_TRUE(same_bytes(whole.theta, continued.theta));
}

}  // namespace
}  // namespace phaselaw::training
