// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/objective.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/data/teacher.h"
#include "phaselaw/model/reference/loss.h"
#include "training/small_run.h"

namespace phaselaw::training {
namespace {

using Set = Objective<double>::Set;
constexpr double kEps = std::numeric_limits<double>::epsilon();

struct Problem {
  model::Transformer<double> model;
  data::Split data;
  std::vector<double> theta_0, theta;

  Problem(const model::ModelOptions& options, const data::Split& split)
      : model(options),
        data(split),
        theta_0(model::initialise<double>(model.table(), 5)),
        theta(model::initialise<double>(model.table(), 6)) {}
  [[nodiscard]] Objective<double> objective(std::int64_t microbatch, std::int64_t batch = 6) const {
    return {model, data, theta_0, batch, microbatch};
  }
};

// The recorded losses from one forward pass over everything and the formulas of trainer.h.
Objective<double>::Losses plain_losses(const Problem& p, const data::Dataset& set) {
  const auto& options = p.model.options();
  model::Transformer<double>::Workspace workspace(p.model, set.n);
  const auto width = static_cast<std::size_t>(p.model.outputs_per_sequence() * set.n);
  std::vector<double> out(width), start(width);
  model::Inputs<double> inputs{set.n, nullptr, nullptr};
  if (options.reads_tokens())
    inputs.tokens = set.tokens.data();
  else
    inputs.vectors = set.x.data();
  p.model.forward(p.theta, inputs, workspace, out.data());
  p.model.forward(p.theta_0, inputs, workspace, start.data());
  for (std::size_t i = 0; i < width; ++i) out[i] -= (1 - options.init_scale) * start[i];
  Objective<double>::Losses losses;
  if (options.reads_tokens()) {
    losses.loss = model::reference::cross_entropy(out, set.next_tokens);
    if (!set.probabilities.empty())
      losses.excess_risk = model::reference::relative_entropy(out, set.next_tokens, set.probabilities);
    return losses;
  }
  losses.excess_risk = 0;
  for (std::size_t i = 0; i < width; ++i) {
    losses.loss += (out[i] - set.y[i]) * (out[i] - set.y[i]) / static_cast<double>(width);
    losses.excess_risk += (out[i] - set.clean[i]) * (out[i] - set.clean[i]) / static_cast<double>(width);
  }
  return losses;
}

// Only the last position of a sequence has a target, and p* is known.
data::Split associations_split(const model::ModelOptions& model) {
  data::DataOptions options;
  options.source = data::Source::associations;
  options.associations_contexts = 100;
  options.n_data = 7;
  options.n_test = 6;
  return data::make_split(options, model, 3);
}

std::vector<Problem> problems() {
  auto scaled = small_model(), tokens = token_model(), pairs = small_model(), token_pairs = token_model();
  scaled.output_scale = 3;
  scaled.init_scale = 0.25;
  tokens.init_scale = 0;
  for (auto* options : {&pairs, &token_pairs}) {
    options->n_encoder_layers = 1;
    options->source_len = options->seq_len + 1;
    options->init_scale = 0.5;
  }
  std::vector<Problem> all;
  for (const auto& options : {small_model(), scaled, pairs})
    all.emplace_back(options, teacher_split(options, 7, 5, 0.3));
  for (const auto& options : {token_model(), tokens, token_pairs}) all.emplace_back(options, token_split(options, 7));
  all.emplace_back(token_model(), associations_split(token_model()));
  auto gaps = token_split(token_model(), 7);
  for (std::size_t i = 0; i < gaps.train.next_tokens.size(); i += 4) gaps.train.next_tokens[i] = data::kNoTarget;
  all.emplace_back(token_model(), gaps);
  return all;
}

TEST(Objective, LossesAreTheFormulas) {
  for (const auto& p : problems()) {
    auto objective = p.objective(3);
    const auto train = objective.evaluate(p.theta, Set::train, 7), plain_train = plain_losses(p, p.data.train);
    const auto test = objective.evaluate(p.theta, Set::test, p.data.test.n), plain_test = plain_losses(p, p.data.test);
    // Sums of about 100 terms, outputs of magnitude below 10 from products of at most 16 terms.
    const double tolerance = 1e4 * kEps * (1 + plain_train.loss);
    EXPECT_NEAR(train.loss, plain_train.loss, tolerance);
    EXPECT_NEAR(test.loss, plain_test.loss, tolerance);
    EXPECT_TRUE(!p.model.options().reads_tokens() || std::isnan(train.excess_risk));
    if (p.model.options().reads_tokens() && p.data.test.probabilities.empty())
      EXPECT_TRUE(std::isnan(test.excess_risk));
    else
      EXPECT_NEAR(test.excess_risk, plain_test.excess_risk, tolerance);
  }
}

TEST(Objective, GradientIsThatOfThePaperLoss) {
  for (const auto& p : problems()) {
    auto objective = p.objective(2);
    const std::vector<std::int64_t> batch{4, 0, 6, 1, 5};
    std::vector<double> gradient(p.theta.size()), unused(p.theta.size()), moved = p.theta;
    const auto& options = p.model.options();
    // gradient() returns the loss per number; the objective of a squared loss is L o times that.
    const double per_number = options.reads_tokens() ? 1 : static_cast<double>(p.model.outputs_per_sequence());
    static_cast<void>(objective.gradient(p.theta, batch, gradient));
    for (const auto& block : p.model.table().blocks())
      for (const std::int64_t i : {block.offset, block.offset + block.size() / 2}) {
        const auto at = static_cast<std::size_t>(i);
        const double h = 1e-5;
        moved[at] = p.theta[at] + h;
        const double above = objective.gradient(moved, batch, unused) * per_number;
        moved[at] = p.theta[at] - h;
        const double below = objective.gradient(moved, batch, unused) * per_number;
        moved[at] = p.theta[at];
        // Central difference: h^2 times a third derivative of the loss (below 1e3), plus rounding eps loss / h.
        EXPECT_NEAR(gradient[at], (above - below) / (2 * h), 1e3 * h * h + 100 * kEps * above / h) << block.name;
      }
  }
}

// With tokens: the mean over the positions of the batch that have a target, not over all.
TEST(Objective, LossOfABatchIsTheMeanOverItsScoredNumbers) {
  for (const auto& p : problems()) {
    auto objective = p.objective(2, 7);
    std::vector<double> gradient(p.theta.size());
    const double loss = objective.gradient(p.theta, std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6}, gradient);
    EXPECT_NEAR(loss, plain_losses(p, p.data.train).loss, 1e4 * kEps * (1 + loss));
  }
}

TEST(Objective, MicrobatchesChangeOnlyRounding) {
  for (const auto& p : problems()) {
    const std::vector<std::int64_t> batch{4, 0, 6, 1, 5, 3};
    std::vector<double> whole(p.theta.size()), parts(p.theta.size()), again(p.theta.size());
    auto all = p.objective(6);
    const double loss = all.gradient(p.theta, batch, whole);
    for (const std::int64_t microbatch : {1, 2, 3, 5, 0}) {
      auto objective = p.objective(microbatch), twin = p.objective(microbatch);
      EXPECT_NEAR(objective.gradient(p.theta, batch, parts), loss, 1e3 * kEps * loss);
      static_cast<void>(twin.gradient(p.theta, batch, again));
      EXPECT_EQ(parts, again);
      for (std::size_t i = 0; i < whole.size(); ++i)
        EXPECT_NEAR(parts[i], whole[i], 1e4 * kEps * (1 + std::abs(whole[i])) * (1 + loss));
    }
  }
}

TEST(Objective, CutsABatchIntoEqualParts) {
  const auto p = problems().front();
  EXPECT_EQ(p.objective(4, 6).microbatch(), 3);
  EXPECT_EQ(p.objective(100, 6).microbatch(), 6);
  EXPECT_EQ(p.objective(0, 6).microbatch(), 6) << "a model this small fits the cache whole";
  auto wide = small_model();
  wide.seq_len = 64;
  wide.d_hidden = 1 << 13;  // 64 tokens x 2 buffers of 64 KiB each
  const model::Transformer<double> large(wide);
  const auto theta = model::initialise<double>(large.table(), 1);
  const auto data = teacher_split(wide, 6, 2, 0.1);
  EXPECT_EQ(Objective<double>(large, data, theta, 6, 0).microbatch(), 2) << "128 tokens, whatever they need";
}

TEST(Objective, NoiseFloorAtTheTeacher) {
  const auto options = small_model();
  constexpr double kNoise = 0.3;
  const auto data = teacher_split(options, 64, 512, kNoise);
  const model::Transformer<double> model(options);
  const auto optimum = data::teacher_parameters({}, options, 1);
  // In the teacher's own batches of 16 the outputs are the same bits; in others, the same up to rounding.
  Objective<double> same(model, data, optimum, 16, 16), other(model, data, optimum, 16, 5);
  EXPECT_EQ(same.evaluate(optimum, Set::test, 512).excess_risk, 0);
  EXPECT_LT(other.evaluate(optimum, Set::test, 512).excess_risk, 1e-26);
  // Mean of 6144 squared normals: standard error xi^2 sqrt(2/6144); 4 of them: false alarm 6e-5.
  const double error = kNoise * kNoise * std::sqrt(2.0 / (512 * 3 * 4));
  EXPECT_NEAR(same.evaluate(optimum, Set::test, 512).loss, kNoise * kNoise, 4 * error);
}

TEST(Objective, TrivialLoss) {
  const auto all = problems();
  double sum = 0;
  for (const double y : all[0].data.train.y) sum += y * y;
  EXPECT_NEAR(all[0].objective(0).trivial_loss(), sum / static_cast<double>(all[0].data.train.y.size()), 1e-12 * sum);
  EXPECT_DOUBLE_EQ(all[3].objective(0).trivial_loss(), std::log(11.0));
}

}  // namespace
}  // namespace phaselaw::training
