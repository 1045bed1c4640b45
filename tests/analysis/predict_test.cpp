// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/analysis/predict.h"

#include <gtest/gtest.h>

#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/value.h"

namespace phaselaw::analysis {
namespace {

sweep::Experiment experiment() {
  return sweep::experiment_from(base::parse_toml(
      "seed = 3\n[model]\nn_layers = 2\nd_model = 4\nd_hidden = 64\nn_heads = 2\nd_head = 2\nseq_len = 3\n"
      "activation = \"gelu\"\nreadout = \"linear\"\nd_out = 1\ninit_scale = 0.0\noutput_scale = 50.0\n"
      "[data]\nn_data = 32\nn_test = 256\nnoise = 0.1\nteacher_seed = 5\n"
      "[training]\noptimizer = \"sgd\"\nbatch = 8\nsteps = 400\n[flow]\npoints = 10\n",
      "test"));
}

TEST(Predict, AgreesWithTrainingInTheLazySetting) {
  const PreparedExperiment s(experiment());
  PredictOptions options;
  options.resamples = 20;
  options.check = true;
  options.threads = 1;
  const auto p = predict(s, options);
  ASSERT_TRUE(p.check);
  EXPECT_EQ(p.check->runs.size(), p.surfaces.front().n_data.size());
  // The bound is 10 % for a pool of 128; here the pool is 32 and the test set 256 sequences.
  EXPECT_LT(p.check->median_error, 0.2);
  EXPECT_LT(p.check->kernel_drift, 0.1);
  EXPECT_GT(p.envelope.exponent, 0);
}

TEST(Predict, MoreDataAndMoreTimeHelpAtTheStart) {
  const PreparedExperiment s(experiment());
  const auto p = predict(s, {.n_data = {4, 8, 16, 32}, .resamples = 0});
  const auto& risk = p.surfaces.front().risk;
  ASSERT_EQ(risk.rows(), 4);
  EXPECT_LT(risk(3, risk.cols() - 1), risk(0, risk.cols() - 1));
  for (numerics::Index i = 0; i < risk.rows(); ++i) EXPECT_LT(risk.row(i).minCoeff(), risk(i, 0));
  EXPECT_NE(predicted_csv(p).find("leave"), std::string::npos);
}

TEST(Predict, BadInput) {
  const PreparedExperiment s(experiment());
  EXPECT_THROW((void)predict(s, {.n_data = {64}}), base::InputError);
  EXPECT_THROW((void)predict(s, {.n_data = {1, 8}}), base::InputError);
  auto e = experiment();
  e.data.n_data = 1;
  EXPECT_THROW((void)predict(PreparedExperiment(e), {}), base::InputError);
}

}  // namespace
}  // namespace phaselaw::analysis
