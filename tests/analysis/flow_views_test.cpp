// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/analysis/flow_views.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/message_of.h"
#include "dynamics/fixed_kernel.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/value.h"
#include "phaselaw/dynamics/sgd_moments.h"
#include "phaselaw/dynamics/shuffled_sgd.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/training/batches.h"

namespace phaselaw::analysis {
namespace {

sweep::Experiment experiment(double output_scale) {
  auto e = sweep::experiment_from(base::parse_toml(
      "seed = 3\n[model]\nn_layers = 2\nd_model = 4\nd_hidden = 32\nn_heads = 2\nd_head = 2\nseq_len = 3\n"
      "activation = \"gelu\"\ninit_scale = 0.0\n"
      "[data]\nn_data = 4\nn_test = 8\nnoise = 0.1\nteacher_seed = 5\n"
      "[training]\noptimizer = \"sgd\"\nbatch = 2\nsteps = 200\n"
      "[flow]\npoints = 12\nrecords = 4\nrtol = 1e-7\natol = 1e-10\n",
      "test"));
  e.model.output_scale = output_scale;
  return e;
}

double worst_difference(const ViewCurve& a, const ViewCurve& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.time.size(); ++i)
    worst = std::max(worst, std::abs(a.test_loss[i] - b.test_loss[i]) / b.test_loss[i]);
  return worst;
}

TEST(FlowViews, TheViewsAgreeWhereTheModelIsLazyAndPartWhereItIsNot) {
  const PreparedExperiment lazy(experiment(100)), rich(experiment(1));
  const auto a = flow_views(lazy, 1), b = flow_views(rich, 1);
  const std::set<std::string> expected = {"kernel", "gd", "sgd", "sgd_epochs", "flow", "trained"};
  std::set<std::string> views;
  for (const auto& curve : a.curves) views.insert(curve.view);
  EXPECT_EQ(views, expected);
  ASSERT_EQ(a.find("kernel")->time, a.find("flow")->time);
  // The drift is proportional to the residual over the output scale: a hundredfold between the two.
  const double near = worst_difference(*a.find("kernel"), *a.find("flow")),
               far = worst_difference(*b.find("kernel"), *b.find("flow"));
  EXPECT_LT(near, 0.03);
  EXPECT_GT(far, 3 * near);
  EXPECT_FALSE(a.kernel_leaves_flow.time) << a.kernel_leaves_flow.reason;
  ASSERT_FALSE(a.flow_laziness.empty());
  EXPECT_LT(a.flow_laziness.back().total.drift, 0.1 * b.flow_laziness.back().total.drift);
}

TEST(FlowViews, CurvesAreConsistentWithEachOther) {
  const PreparedExperiment s(experiment(30));
  const auto v = flow_views(s, 2);
  ASSERT_TRUE(v.dense);
  EXPECT_EQ(v.n_rows, 4 * 3 * 4);
  EXPECT_NEAR(v.step_limit, 4 / v.spectrum.lambda_max, 1e-12 * v.step_limit);
  // SGD's mean is gradient descent, so its expected training loss is no smaller.
  const auto &gd = *v.find("gd"), &sgd = *v.find("sgd");
  ASSERT_EQ(gd.time.size(), sgd.time.size());
  for (std::size_t i = 0; i < gd.time.size(); ++i) EXPECT_GE(sgd.train_loss[i], gd.train_loss[i] * (1 - 1e-9));
  // Excess risk and test loss differ by the noise and its cross term with the residual.
  const auto& kernel = *v.find("kernel");
  for (std::size_t i = 0; i < kernel.time.size(); ++i) {
    const double sum = kernel.excess_risk[i], noise = 0.01 * 1.5;
    EXPECT_LE(kernel.test_loss[i], std::pow(std::sqrt(sum) + std::sqrt(noise), 2));
  }
  EXPECT_LE(v.train_loss_at_infinity, kernel.train_loss.back());
  EXPECT_NE(trajectories_csv(v).find("\ntrained,"), std::string::npos);
  EXPECT_NE(drift_csv(v).find("\nflow,0,total,0,"), std::string::npos);
  const auto json = to_value(s, v);
  for (const char* key : {"curves", "step_limit", "kernel_leaves_flow", "flow_signature", "trained_laziness"})
    EXPECT_NE(json.find(key), nullptr) << key;
}

// The batches of the trainer on a fixed kernel: seven sequences and batches of three, so that most batches end one epoch
// and begin the next.
TEST(FlowViews, TheTrainersBatchesHaveTheExpectedLossOfShuffledEpochs) {
  const auto k = testing::fixed_kernel(7, 2, 9, 6);
  const dynamics::ClosedForm closed = testing::solved(k);
  const double step = 0.6 * dynamics::sgd_step_limit(closed, 3).step;
  constexpr std::int64_t kSteps = 20, kRuns = 4000;
  std::vector<double> losses;
  for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
    training::Batches batches(seed, 7, 3);
    numerics::Vector<double> r = k.initial - k.targets;
    for (std::int64_t s = 0; s < kSteps; ++s) {
      const numerics::Vector<double> before = r;
      for (const std::int64_t i : batches.next())
        r -= 2 * step / 3 * k.train.middleCols(2 * i, 2) * before.segment(2 * i, 2);
    }
    losses.push_back(r.squaredNorm() / 7);
  }
  dynamics::ShuffledSgd shuffled(closed, {.step = step, .batch = 3, .replicates = kRuns, .seed = 3});
  shuffled.advance(kSteps);
  dynamics::SgdMoments independent(closed, {.step = step, .batch = 3});
  independent.advance(kSteps);
  const auto found = shuffled.expected_loss();
  const double error = numerics::standard_deviation(losses) / std::sqrt(static_cast<double>(kRuns));
  EXPECT_NEAR(numerics::mean(losses), found.mean, 4 * std::hypot(error, found.standard_error));
  EXPECT_GT(independent.expected_loss(), numerics::mean(losses) + 4 * error) << "the test must see the difference";
}

TEST(FlowViews, SgdIsShownWithBothKindsOfBatches) {
  const auto v = flow_views(PreparedExperiment(experiment(100)), 1);
  const auto &independent = *v.find("sgd"), &shuffled = *v.find("sgd_epochs"), &trained = *v.find("trained");
  ASSERT_EQ(independent.time, shuffled.time);
  ASSERT_EQ(shuffled.train_loss_error.size(), shuffled.time.size());
  EXPECT_TRUE(independent.train_loss_error.empty());
  EXPECT_LT(shuffled.train_loss.back() + 4 * shuffled.train_loss_error.back(), independent.train_loss.back());
  EXPECT_NE(v.sgd_leaves_trained.reason, "not compared");
  EXPECT_EQ(trained.train_loss_error.size(), 0U);
  EXPECT_NE(trajectories_csv(v).find("\nsgd_epochs,"), std::string::npos);
  auto full = experiment(100);
  full.training.batch = 4;
  EXPECT_EQ(flow_views(PreparedExperiment(full), 1).find("sgd_epochs"), nullptr);
}

TEST(FlowViews, KrylovSaysWhatTheDenseKernelSays) {
  auto e = experiment(30);
  const auto dense = flow_views(PreparedExperiment(e), 1);
  e.flow.max_rows = 1;
  const auto free = flow_views(PreparedExperiment(e), 1);
  EXPECT_FALSE(free.dense);
  const auto &a = *dense.find("kernel"), &b = *free.find("kernel");
  ASSERT_EQ(a.time.size(), b.time.size());
  for (std::size_t i = 0; i < a.time.size(); ++i) {
    EXPECT_NEAR(b.train_loss[i], a.train_loss[i], 1e-5 * a.train_loss.front());
    EXPECT_NEAR(b.test_loss[i], a.test_loss[i], 1e-5 * a.test_loss.front());
  }
}

TEST(FlowViews, AStepBeyondTheLimitIsNamed) {
  auto e = experiment(30);
  e.training.learning_rate = 1e3;
  e.training.steps = 20;
  e.flow.time = 1e-3;
  const auto v = flow_views(PreparedExperiment(e), 1);
  EXPECT_EQ(v.find("gd"), nullptr);
  const auto named = std::any_of(v.warnings.begin(), v.warnings.end(), [&](const std::string& warning) {
    return warning.find(base::format_number(v.step_limit, 4)) != std::string::npos;
  });
  EXPECT_TRUE(named);
  EXPECT_EQ(v.trained_signature.signature, dynamics::Signature::instability);
}

TEST(FlowViews, AnExhaustedBudgetKeepsWhatWasIntegrated) {
  auto e = experiment(1);
  e.flow.budget = 1e-4;
  e.flow.time = 1e6;
  const auto v = flow_views(PreparedExperiment(e), 1);
  EXPECT_EQ(v.find("flow")->status, "budget");
  EXPECT_LT(v.find("flow")->time.size(), v.times.size());
}

TEST(FlowViews, CrossEntropyHasALinearisedView) {
  const auto file = std::filesystem::temp_directory_path() / "phaselaw-flow-text.txt";
  std::ofstream(file) << std::string(40, 'a') +
                             "the quick brown fox jumps over the lazy dog, again and again and again";
  const auto e = sweep::experiment_from(base::parse_toml(
      "[model]\nreadout = \"tokens\"\nvocab = 256\nn_layers = 1\nd_model = 8\nd_hidden = 16\nn_heads = 1\n"
      "d_head = 8\nseq_len = 4\nactivation = \"gelu\"\noutput_scale = 20.0\ninit_scale = 0.0\n"
      "[data]\nsource = \"text\"\ntarget = \"tokens\"\nn_data = 4\nn_test = 2\npath = \"" +
          file.string() +
          "\"\n[training]\noptimizer = \"gd\"\nsteps = 20\nlearning_rate = 0.01\n[flow]\npoints = 5\nrecords = 2\n",
      "test"));
  const auto v = flow_views(PreparedExperiment(e), 1);
  const auto &kernel = *v.find("kernel"), &flow = *v.find("flow");
  ASSERT_EQ(kernel.time, flow.time);
  EXPECT_NEAR(kernel.train_loss.front(), std::log(256.0), 0.05);
  EXPECT_LT(kernel.train_loss.back(), kernel.train_loss.front());
  for (std::size_t i = 0; i < kernel.time.size(); ++i) EXPECT_NEAR(kernel.train_loss[i] / flow.train_loss[i], 1, 0.05);
  std::filesystem::remove(file);
}

TEST(PreparedExperiment, NeedsATargetAtEveryPosition) {
  const auto prepare = [](const std::string& source) {
    const PreparedExperiment s(sweep::experiment_from(base::parse_toml(
        "[model]\nreadout = \"tokens\"\nvocab = 8\nn_layers = 1\nd_model = 8\nd_hidden = 8\nn_heads = 1\nd_head = 8\n"
        "seq_len = 4\n[data]\nassociations_contexts = 20\nn_data = 4\nn_test = 2\nsource = \"" +
            source + "\"\n",
        "test")));
  };
  EXPECT_NO_THROW(prepare("token_teacher"));
  for (const char* source : {"associations", "markov"}) {
    const auto message = base::testing::message_of<base::InputError>([&] { prepare(source); });
    EXPECT_NE(message.find("data.source: the flow needs a target at every position"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace phaselaw::analysis
