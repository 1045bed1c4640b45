// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/leave_one_out.h"

#include <gtest/gtest.h>
#include <Eigen/Dense>

#include "dynamics/risk_cases.h"
#include "phaselaw/base/constants.h"

namespace phaselaw::dynamics {
namespace {

using numerics::Vector;
using testing::RiskCase;

void expect_refits(const RiskCase& c, double ridge, const Folds& folds) {
  const HeldOutRisk found = leave_out_ridge(c.problem(), ridge, folds);
  double sum = 0;
  for (const auto& fold : folds) {
    const auto errors = testing::per_sequence(
        testing::refit_errors(c, fold, [&](double h, double) { return 1 / (h + ridge); }), c.rows_per_sequence);
    for (std::size_t k = 0; k < fold.size(); ++k) {
      EXPECT_NEAR(found.per_sequence[static_cast<std::size_t>(fold[k])], errors[k], 1e-10 * errors[k]);
      sum += errors[k];
    }
  }
  EXPECT_NEAR(found.mean, sum / static_cast<double>(found.per_sequence.size()), 1e-10 * found.mean);
}

TEST(LeaveOneOutRidge, EqualsARefitWithoutTheSequence) {
  for (const std::int64_t rows : {1, 5}) {
    const RiskCase c(7, rows, 60, static_cast<std::uint64_t>(rows));
    for (const double ridge : {1e-3, 0.1, 10.0}) expect_refits(c, ridge, leave_one_out_folds(7));
    expect_refits(c, 0.1, k_folds(7, 3, 1));
  }
  expect_refits(RiskCase(2, 3, 20, 9), 0.1, leave_one_out_folds(2));
  expect_refits(RiskCase(6, 4, 60, 10), 0.0, leave_one_out_folds(6));
}

TEST(LeaveOneOutRidge, TwoNumbersByHand) {
  RiskCase c(2, 1, 1, 1);
  c.kernel << 2, 1, 1, 3;
  c.targets << 5, 7;
  c.outputs.resize(0);
  // Trained on y_1 alone: f_0 = H_01 y_1 / (H_11 + 1) = 7/4; trained on y_0 alone: f_1 = 5/3.
  const HeldOutRisk risk = leave_one_out_ridge(c.problem(), 1);
  EXPECT_NEAR(risk.per_sequence[0], std::pow(5 - 7.0 / 4, 2), 1e-13 * 25);
  EXPECT_NEAR(risk.per_sequence[1], std::pow(7 - 5.0 / 3, 2), 1e-13 * 49);
  EXPECT_NEAR(risk.standard_error, std::abs(risk.per_sequence[0] - risk.per_sequence[1]) / 2, 1e-13 * 25);
  c.clean = Vector<double>::Constant(2, 4);
  EXPECT_NEAR(leave_one_out_ridge(c.problem(), 1).per_sequence[0], std::pow(4 - 7.0 / 4, 2), 1e-13 * 25);
}

TEST(LeaveOneOutRidge, ScalesAndZeroTargets) {
  RiskCase c(5, 3, 30, 4);
  const double risk = leave_one_out_ridge(c.problem(), 0.2).mean;
  c.kernel *= 8;
  EXPECT_NEAR(leave_one_out_ridge(c.problem(), 1.6).mean, risk, 1e-12 * risk);
  c.targets = c.outputs;
  EXPECT_EQ(leave_one_out_ridge(c.problem(), 0.2).mean, 0);
}

TEST(LeaveOneOutRidge, ASingularKernelNeedsARidge) {
  RiskCase c(6, 2, 40, 5);
  // Sequence 5 repeats sequence 4: its rows and columns are the same.
  c.kernel.middleRows(10, 2) = c.kernel.middleRows(8, 2).eval();
  c.kernel.middleCols(10, 2) = c.kernel.middleCols(8, 2).eval();
  const auto call = [&] { (void)leave_one_out_ridge(c.problem(), 0); };
  EXPECT_NE(testing::message_of<base::InputError>(call).find("use a ridge of"), std::string::npos);
  expect_refits(c, 0.1, leave_one_out_folds(6));
  c.kernel.setZero();
  EXPECT_NE(testing::message_of<base::InputError>(call).find("singular"), std::string::npos);
  EXPECT_NEAR(leave_one_out_ridge(c.problem(), 1).mean, std::pow(c.residual_rms(), 2), 1e-14);
}

TEST(LeaveOneOutRidge, BadInput) {
  const RiskCase good(4, 2, 20, 6);
  const auto message = [](const RiskCase& c, double ridge) {
    return testing::message_of<base::InputError>([&] { (void)leave_one_out_ridge(c.problem(), ridge); });
  };
  EXPECT_EQ(message(good, 1), "");
  EXPECT_NE(message(good, -1).find("ridge: expected"), std::string::npos);
  EXPECT_NE(message(good, base::kNaN).find("ridge: expected"), std::string::npos);
  EXPECT_NE(message(RiskCase(1, 2, 20, 6), 1).find("at least 2 sequences"), std::string::npos);
  RiskCase c = good;
  c.targets[3] = base::kNaN;
  EXPECT_NE(message(c, 1).find("targets: found NaN"), std::string::npos);
  c = good;
  c.kernel(1, 2) = base::kNaN;
  EXPECT_NE(message(c, 1).find("kernel: found NaN"), std::string::npos);
  c = good;
  c.rows_per_sequence = 3;
  EXPECT_NE(message(c, 1).find("no whole number"), std::string::npos);
  c = good;
  c.outputs.conservativeResize(7);
  EXPECT_NE(message(c, 1).find("outputs at initialisation: expected"), std::string::npos);
  const auto folded = [&](const Folds& folds) {
    return testing::message_of<base::InputError>([&] { (void)leave_out_ridge(good.problem(), 1, folds); });
  };
  EXPECT_NE(folded({{0, 1}, {2}}).find("each of 4"), std::string::npos);
  EXPECT_NE(folded({{0, 1, 2, 3}}).find("each of 4"), std::string::npos);
  EXPECT_NE(folded({{0, 1}, {2, 4}}).find("found sequence 4"), std::string::npos);
  EXPECT_NE(folded({{0, 1}, {1, 2, 3}}).find("each of 4"), std::string::npos);
  EXPECT_THROW((void)k_folds(4, 5, 0), base::InputError);
  EXPECT_THROW((void)k_folds(4, 1, 0), base::InputError);
}

// docs/dynamics.md, Risk estimates: the estimate agrees with the test risk of transformer kernels within 15 %.
TEST(LeaveOneOutRidge, PredictsTheTestRiskOfTransformerKernels) {
  constexpr std::int64_t kPool = 40;
  constexpr std::uint64_t kSplits = 6;
  const RiskCase pool = testing::transformer_case(kPool, 64, 3);
  const auto rows = pool.rows_per_sequence;
  const double mean_diagonal = pool.kernel.diagonal().mean();
  for (const double relative : {1e-3, 1e-1})
    for (const std::int64_t n : {8, 16}) {
      double ratio = 0;
      for (std::uint64_t split = 0; split < kSplits; ++split) {
        const auto order = numerics::RandomStream(split, "test/split").permutation(kPool);
        const auto train = rows_of({order.begin(), order.begin() + n}, rows);
        const auto held = rows_of({order.begin() + n, order.end()}, rows);
        RiskCase c = pool;
        c.kernel = pool.kernel(train, train);
        c.targets = pool.targets(train);
        c.outputs = pool.outputs(train);
        Eigen::MatrixXd a = c.kernel;
        a.diagonal().array() += relative * mean_diagonal;
        const Eigen::VectorXd alpha = a.llt().solve(Eigen::VectorXd(c.targets - c.outputs));
        const double test = (pool.targets(held) - pool.outputs(held) - pool.kernel(held, train) * alpha).squaredNorm() /
                            static_cast<double>(held.size());
        ratio += leave_one_out_ridge(c.problem(), relative * mean_diagonal).mean / test / kSplits;
      }
      EXPECT_GT(ratio, 0.85) << "n = " << n << ", ridge " << relative;
      EXPECT_LT(ratio, 1.15) << "n = " << n << ", ridge " << relative;
    }
}

}  // namespace
}  // namespace phaselaw::dynamics
