// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/row_estimates.h"

#include <limits>

#include <gtest/gtest.h>
#include <Eigen/Dense>

#include "dynamics/risk_cases.h"
#include "phaselaw/dynamics/leave_one_out.h"

namespace phaselaw::dynamics {
namespace {

using numerics::Vector;
using testing::RiskCase;

RowEstimates estimates(const RiskCase& c, double ridge) {
  const Vector<double> r = c.targets - c.outputs;
  return row_estimates(eigen_system(c.problem().kernel), testing::span_of(r), ridge);
}

TEST(RowEstimates, EqualTheirDefinitions) {
  const RiskCase c(10, 4, 100, 1);
  const double ridge = 0.3, m = 40;
  Eigen::MatrixXd a = c.kernel;
  a.diagonal().array() += ridge;
  const Eigen::MatrixXd inverse = a.inverse();
  const Eigen::VectorXd r = c.targets - c.outputs, alpha = inverse * r;
  const RowEstimates found = estimates(c, ridge);
  EXPECT_NEAR(found.train, (r - c.kernel * alpha).squaredNorm() / m, 1e-10 * found.train);
  const double gcv = (ridge * alpha).squaredNorm() / m / std::pow(ridge / m * inverse.trace(), 2);
  EXPECT_NEAR(found.gcv, gcv, 1e-10 * gcv);
  RiskCase by_row = c;
  by_row.rows_per_sequence = 1;
  EXPECT_NEAR(found.leave_one_row_out, leave_one_out_ridge(by_row.problem(), ridge).mean, 1e-10 * found.gcv);
}

TEST(RowEstimates, LimitsOfTheRidge) {
  const RiskCase c(10, 4, 100, 2);
  const double power = std::pow(c.residual_rms(), 2);
  EXPECT_NEAR(estimates(c, INFINITY).gcv, power, 1e-14 * power);
  EXPECT_NEAR(estimates(c, 1e9).gcv, power, 1e-6 * power);
  EXPECT_NEAR(estimates(c, 1e9).leave_one_row_out, power, 1e-6 * power);
  EXPECT_EQ(estimates(c, 0).train, 0);
  EXPECT_NEAR(estimates(c, 0).gcv, estimates(c, 1e-9).gcv, 1e-5 * estimates(c, 0).gcv);
  EXPECT_EQ(equivalent_ridge(8, 2), 2);
  EXPECT_EQ(equivalent_ridge(8, 0), INFINITY);
  EXPECT_EQ(equivalent_ridge(8, INFINITY), 0);
}

// On transformer kernels the rows of a sequence are dependent, so these estimates are too low. Their error is larger than
// that of leave-one-sequence-out (docs/dynamics.md, Risk estimates: 0.60 to 0.85 of the test risk).
TEST(RowEstimates, AreLowOnTransformerKernels) {
  constexpr std::int64_t kTrain = 12, kTest = 24;
  double gcv = 0, by_row = 0, by_sequence = 0;
  for (const std::uint64_t seed : {3U, 4U, 5U}) {
    const RiskCase pool = testing::transformer_case(kTrain + kTest, 64, seed);
    const auto rows = static_cast<Eigen::Index>(kTrain * pool.rows_per_sequence);
    RiskCase c = pool;
    c.kernel = pool.kernel.topLeftCorner(rows, rows);
    c.targets = pool.targets.head(rows);
    c.outputs = pool.outputs.head(rows);
    const double ridge = 1e-1 * c.kernel.diagonal().mean();
    Eigen::MatrixXd a = c.kernel;
    a.diagonal().array() += ridge;
    const Eigen::VectorXd alpha = a.llt().solve(Eigen::VectorXd(c.targets - c.outputs));
    const auto held = pool.targets.size() - rows;
    const double test =
        (pool.targets.tail(held) - pool.outputs.tail(held) - pool.kernel.bottomLeftCorner(held, rows) * alpha)
            .squaredNorm() /
        static_cast<double>(held);
    const RowEstimates found = estimates(c, ridge);
    gcv += found.gcv / test / 3;
    by_row += found.leave_one_row_out / test / 3;
    by_sequence += leave_one_out_ridge(c.problem(), ridge).mean / test / 3;
  }
  EXPECT_LT(gcv, 0.9);
  EXPECT_LT(by_row, 0.9);
  EXPECT_GT(gcv, 0.4);
  EXPECT_LT(std::abs(by_sequence - 1), std::abs(gcv - 1));
  RecordProperty("gcv_over_test", std::to_string(gcv));
  RecordProperty("leave_one_row_out_over_test", std::to_string(by_row));
  RecordProperty("leave_one_sequence_out_over_test", std::to_string(by_sequence));
}

TEST(RowEstimates, BadInput) {
  const RiskCase singular(10, 4, 12, 3);
  const auto message = [&](double ridge) {
    return testing::message_of<base::InputError>([&] { (void)estimates(singular, ridge); });
  };
  EXPECT_NE(message(0).find("use a ridge above"), std::string::npos);
  EXPECT_NE(message(-1).find("expected a number >= 0"), std::string::npos);
  EXPECT_NE(message(std::nan("")).find("expected a number >= 0"), std::string::npos);
  EXPECT_EQ(message(0.1), "");
  EXPECT_THROW((void)equivalent_ridge(3, -1), base::InputError);
}

}  // namespace
}  // namespace phaselaw::dynamics
