// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/data/markov.h"
#include "phaselaw/data/teacher.h"
#include "phaselaw/model/reference/loss.h"
#include "phaselaw/training/batches.h"
#include "phaselaw/training/objective.h"
#include "training/small_run.h"

// The excess risk of token models, KL(p* || p_theta) in nats per token, on sources of known p*.
namespace phaselaw::training {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

data::DataOptions source(data::Source kind, std::int64_t n_test) {
  data::DataOptions options;
  options.source = kind;
  options.n_data = 8;
  options.n_test = n_test;
  return options;
}

template <class T>
typename Objective<T>::Losses test_losses(const model::ModelOptions& options, const data::Split& split,
                                          const std::vector<T>& theta) {
  const model::Transformer<T> model(options);
  Objective<T> objective(model, split, theta, 4, 3);
  return objective.evaluate(theta, Objective<T>::Set::test, split.test.n);
}

TEST(TokenRisk, IsZeroForAModelEqualToItsSource) {
  auto options = token_model();
  options.n_layers = 2;
  options.seq_len = 6;
  for (const double noise : {0.0, 0.3}) {
    auto data = source(data::Source::token_teacher, 40);
    data.token_noise = noise;
    const auto split = data::make_split(data, options, 5);
    const auto teacher = data::teacher_parameters(data, options, 5);
    const auto losses = test_losses(options, split, teacher);
    if (noise == 0) {
      EXPECT_LT(std::abs(losses.excess_risk), 1e-13);
    } else {
      EXPECT_GT(losses.excess_risk, 1e-3);  // the noise belongs to p*
    }
    const std::vector<float> rounded(teacher.begin(), teacher.end());
    // Logits of magnitude 10 with errors of a few eps(float), with an average over positions.
    EXPECT_NEAR(test_losses(options, split, rounded).excess_risk, losses.excess_risk, 1e-6);
    const auto other = model::initialise<double>(model::ParameterTable(options), 99);
    EXPECT_GT(test_losses(options, split, other).excess_risk, 0.01);
  }
}

// loss - H(p*) - KL is the error of the sampled targets: its mean is 0, and its standard deviation follows from p*.
TEST(TokenRisk, LossIsEntropyPlusRiskUpToTheSamplingOfTargets) {
  auto options = token_model();
  options.seq_len = 5;
  for (const auto kind : {data::Source::markov, data::Source::token_teacher, data::Source::associations}) {
    const auto split = data::make_split(source(kind, 2000), options, 3);
    const auto theta = model::initialise<double>(model::ParameterTable(options), 1);
    const auto losses = test_losses(options, split, theta);
    // Log probabilities of this model lie within a range of 10, so their variance is below 25.
    const auto scored = static_cast<double>(model::reference::scored(split.test.next_tokens));
    EXPECT_NEAR(losses.loss, split.target_entropy + losses.excess_risk, 5 * 5 / std::sqrt(scored));
    EXPECT_GT(losses.excess_risk, 0.01);
  }
}

// A chain of order 1 over 32 symbols and a model that sees one symbol: all 32 contexts can be enumerated.
TEST(TokenRisk, IsTheEnumerationOverAllContextsOfAChain) {
  auto options = token_model();
  options.seq_len = 1;
  options.vocab = 32;
  auto data = source(data::Source::markov, 20000);
  data.markov_order = 1;
  const auto split = data::make_split(data, options, 8);
  const model::Transformer<double> model(options);
  const auto theta = model::initialise<double>(model.table(), 2);
  std::vector<std::int32_t> contexts(32);
  for (int c = 0; c < 32; ++c) contexts[static_cast<std::size_t>(c)] = c;
  std::vector<double> logits(32 * 32), risk(32), count(32);
  model::Transformer<double>::Workspace workspace(model, 32);
  model.forward(theta, {32, nullptr, contexts.data()}, workspace, logits.data());
  data::MarkovChain chain(data, 32, 8);
  for (std::size_t c = 0; c < 32; ++c) {
    const auto log_p = model::reference::log_softmax(model::reference::row_of(logits, c, 32));
    const auto row = chain.row(c);
    for (std::size_t v = 0; v < 32; ++v) risk[c] += row[v] > 0 ? row[v] * (std::log(row[v]) - log_p[v]) : 0;
  }
  for (const auto token : split.test.tokens) ++count[static_cast<std::size_t>(token)];
  double expected = 0, stationary = 0, largest = 0;
  for (std::size_t c = 0; c < 32; ++c) expected += risk[c] * count[c] / 20000;
  const auto measured = test_losses(options, split, theta).excess_risk;
  EXPECT_NEAR(measured, expected, 1000 * kEps * expected);

  // The same weighted with the stationary distribution, by 200 steps of the chain from one symbol; the error of the
  // test contexts is at most that of the largest risk in 20,000 independent sequences.
  std::vector<double> pi(32), moved(32);
  pi[0] = 1;
  for (int step = 0; step < 200; ++step) {
    std::fill(moved.begin(), moved.end(), 0.0);
    for (std::size_t c = 0; c < 32; ++c)
      for (std::size_t v = 0; v < 32; ++v) moved[v] += pi[c] * chain.row(c)[v];
    pi = moved;
  }
  for (std::size_t c = 0; c < 32; ++c) stationary += pi[c] * risk[c], largest = std::max(largest, risk[c]);
  EXPECT_NEAR(measured, stationary, 5 * largest / std::sqrt(20000.0));
}

TEST(TokenRisk, OnePassNeverRepeatsASequence) {
  constexpr std::int64_t kBatch = 6, kSteps = 50;
  Batches batches(3, kBatch * kSteps, kBatch);
  std::set<std::int64_t> seen;
  for (std::int64_t step = 0; step < kSteps; ++step)
    for (const auto i : batches.next()) EXPECT_TRUE(seen.insert(i).second);
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kBatch * kSteps));
}

}  // namespace
}  // namespace phaselaw::training
