// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/documents/document.h"
#include "phaselaw/fitting/fit.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/tables/rows.h"

// Checkpoints of cosine schedules and finished runs under one law (lr-annealing-params).
namespace phaselaw::fitting {
namespace {

constexpr double kE = 1.8, kA = 20, kAlpha = 0.5, kB = 100, kBeta = 0.3, kK = 1e-4;
constexpr double kBatch = 5e5;  // tokens in a step

struct Run {
  double n_params;
  int steps;
};

// The loss at the end of each tenth of a cosine from 1 to 0.1 with 100 steps of warm-up, by the plain recursions.
std::vector<double> losses_of(const Run& run) {
  std::vector<double> out;
  double s1 = 0, s2 = 0, m = 0, previous = 0;
  for (int i = 0; i <= run.steps; ++i) {
    const double share = i > 100 ? static_cast<double>(i - 100) / (run.steps - 100) : 0;
    const double lr = i < 100 ? (i + 1) / 100.0 : 0.1 + 0.9 * 0.5 * (1 + std::cos(M_PI * share));
    if (i > 0) {
      s1 += previous;
      m = 0.999 * m + (i > 100 ? previous - lr : 0);
      s2 += m;
      if (i % (run.steps / 10) == 0)
        out.push_back(kE + kA * std::pow(s1, -kAlpha) + kB * std::pow(run.n_params, -kBeta) - kK * s2);
    }
    previous = lr;
  }
  return out;
}

// Ten runs with checkpoints at 50, 60, .. 100 % of their steps. No learning rate is recorded.
std::string ten_runs(double noise, std::uint64_t draw) {
  numerics::RandomStream stream(61, "joint law", draw);
  std::string text = "run,n_params,step,tokens,loss\n";
  for (int r = 0; r < 10; ++r) {
    const Run run{5e7 * std::pow(40, r / 9.0), 10 * static_cast<int>(200 * std::pow(20, stream.uniform()))};
    const std::vector<double> losses = losses_of(run);
    for (int c = 4; c < 10; ++c) {
      const double step = run.steps / 10.0 * (c + 1);
      text += fmt::format("r{},{},{},{},{}\n", r, run.n_params, step, step * kBatch,
                          losses[static_cast<std::size_t>(c)] * std::exp(noise * stream.normal()));
    }
  }
  return text;
}

tables::ReadOptions cosine() {
  tables::ReadOptions options;
  options.schedules.stated = {100, tables::Decay::cosine, {}, 0.1};
  return options;
}

Fit fit_of(const char* law, const tables::Rows& rows) {
  FitOptions options;
  options.objective = Objective::l2;
  options.interval = IntervalMethod::none;
  return fit_law(laws::law_from(law), rows.data, options);
}

double predicted(const Fit& fit, const tables::Rows& at) {
  return evaluate(fit.law, at.data.columns, fit.value).back();
}

// A finished run at 10 times the compute of the largest, as a table of its last row.
const Run kLarge{6e9, 130000};
tables::Rows large_run() {
  std::string text = "run,n_params,step,tokens,loss\n";
  const double loss = losses_of(kLarge).back();
  text += fmt::format("x,{},{},{},{}\n", kLarge.n_params, kLarge.steps, kLarge.steps * kBatch, loss);
  return rows_from(documents::read_text(text, "t"), cosine());
}

TEST(JointLaw, CheckpointsWithoutNoiseGiveTheParameters) {
  const Fit fit = fit_of("lr-annealing-params", rows_from(documents::read_text(ten_runs(0, 0), "t"), cosine()));
  EXPECT_TRUE(fit.convergence.certified) << fit.convergence.status;
  const std::vector<std::pair<const char*, double>> truth = {{"E", kE}, {"A", kA},       {"alpha", kAlpha},
                                                             {"B", kB}, {"beta", kBeta}, {"K", kK}};
  for (const auto& [name, value] : truth) EXPECT_NEAR(fit.find(name)->value, value, 1e-6 * value) << name;
}

// The joint law predicts a finished run at 10 times the compute; chinchilla on all checkpoints takes them for finished
// runs and does not.
TEST(JointLaw, PredictsFinishedRunsAndChinchillaOnCheckpointsDoesNot) {
  const tables::Rows large = large_run();
  const double truth = large.data.output.back();
  double joint = 0, wrong = 0, exponent = 0;
  constexpr int kDraws = 12;
  for (int draw = 0; draw < kDraws; ++draw) {
    const std::string text = ten_runs(0.001, static_cast<std::uint64_t>(draw));
    const tables::Rows rows = rows_from(documents::read_text(text, "t"), cosine());
    const Fit fit = fit_of("lr-annealing-params", rows), all = fit_of("chinchilla", rows);
    EXPECT_TRUE(fit.convergence.certified) << draw;
    joint += std::abs(predicted(fit, large) / truth - 1) / kDraws;
    wrong += std::abs(predicted(all, large) / truth - 1) / kDraws;
    exponent += fit.find("alpha")->value / kDraws;
  }
  RecordProperty("joint", fmt::format("{:.4f}", joint));
  RecordProperty("chinchilla", fmt::format("{:.4f}", wrong));
  RecordProperty("alpha", fmt::format("{:.3f}", exponent));
  EXPECT_LT(joint, 0.005);
  EXPECT_GT(wrong, 2 * joint);
  EXPECT_NEAR(exponent, kAlpha, 0.05);
}

TEST(JointLaw, FinishedRunsAloneKeepTheirAnnealing) {
  tables::ReadOptions options = cosine();
  options.last = true;
  const std::string text = ten_runs(0, 3);
  const tables::Rows all = rows_from(documents::read_text(text, "t"), cosine()),
                     last = rows_from(documents::read_text(text, "t"), options);
  ASSERT_EQ(last.n_rows(), 10U);
  for (std::size_t r = 0; r < 10; ++r) {
    EXPECT_EQ(last.data.columns.get("lr_sum")[r], all.data.columns.get("lr_sum")[6 * r + 5]);
    EXPECT_EQ(last.data.columns.get("lr_drop")[r], all.data.columns.get("lr_drop")[6 * r + 5]);
  }
}

}  // namespace
}  // namespace phaselaw::fitting
