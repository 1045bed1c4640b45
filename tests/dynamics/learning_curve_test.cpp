// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/learning_curve.h"

#include <cmath>

#include <gtest/gtest.h>
#include <Eigen/Dense>

#include "dynamics/risk_cases.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/dynamics/leave_one_out_flow.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::dynamics {
namespace {

using numerics::Matrix;
using numerics::Vector;
using testing::RiskCase;

using base::kInfinity;

Pool pool_of(const RiskCase& c) {
  return {sequence_kernel({c.kernel.data(), c.kernel.rows(), c.kernel.cols()}, c.rows_per_sequence),
          testing::span_of(c.targets), testing::span_of(c.outputs), testing::span_of(c.clean)};
}

SurfaceOptions grid(std::vector<std::int64_t> n, std::vector<double> times) {
  SurfaceOptions options;
  options.n_data = std::move(n);
  options.times = std::move(times);
  options.resamples = 100;
  return options;
}

TEST(RiskSurface, AllOfThePoolIsLeaveOneOutItself) {
  const RiskCase c(9, 3, 60, 1);
  const std::vector<double> times = {0, 0.3, 5, kInfinity};
  const RiskSurface surface = risk_surface(pool_of(c), Estimator::leave_one_out, grid({4, 8, 9}, times));
  const LeaveOutFlow flow = leave_one_out_flow(c.problem(), times);
  for (const Eigen::Index n : {1, 2})  // 8 and 9: nine sequences, eight trained on
    for (std::size_t t = 0; t < times.size(); ++t)
      EXPECT_NEAR(surface.risk(n, static_cast<Eigen::Index>(t)), flow.at[t].mean, 1e-8 * flow.at[t].mean);
  EXPECT_EQ(surface.trained_on, (std::vector<double>{4, 8, 8}));
  EXPECT_TRUE((surface.lo.array() <= surface.risk.array()).all());
  EXPECT_TRUE((surface.hi.array() >= surface.risk.array()).all());
  EXPECT_NE(surface.method.find("percentile interval"), std::string::npos);
  SurfaceOptions folded = grid({8}, times);
  folded.folds = 3;
  EXPECT_EQ(risk_surface(pool_of(c), Estimator::leave_one_out, folded).trained_on.front(), 6);
}

TEST(RiskSurface, SubSamplingEqualsTheFlowWrittenOut) {
  const RiskCase c(7, 2, 40, 2);
  SurfaceOptions options = grid({3}, {0.7, kInfinity});
  options.subsets = 1;
  const RiskSurface surface = risk_surface(pool_of(c), Estimator::sub_sampling, options);
  ASSERT_EQ(surface.held_out.size(), 1U);
  const auto& tested = surface.held_out.front().sequences;
  ASSERT_EQ(tested.size(), 4U);
  const auto rows = rows_of(tested, 2), kept = testing::rows_outside(tested, 7, 2);
  const Eigen::MatrixXd h = c.kernel(kept, kept);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(h);
  const Vector<double> r = c.targets - c.outputs;
  const Eigen::VectorXd decay = (-2 * 0.7 / 3 * solver.eigenvalues().array()).exp();
  const Eigen::VectorXd fitted = r(kept) - solver.eigenvectors() * decay.asDiagonal() *
                                               solver.eigenvectors().transpose() * Eigen::VectorXd(r(kept));
  const Eigen::VectorXd left = r(rows) - c.kernel(rows, kept) * h.llt().solve(fitted);
  EXPECT_NEAR(surface.risk(0, 0), left.squaredNorm() / 8, 1e-9);
  const Eigen::VectorXd end = r(rows) - c.kernel(rows, kept) * h.llt().solve(Eigen::VectorXd(r(kept)));
  EXPECT_NEAR(surface.risk(0, 1), end.squaredNorm() / 8, 1e-8 * (1 + end.squaredNorm()));
}

TEST(RiskSurface, ATestSetAndACallbackGiveTheSameNumbers) {
  const RiskCase c(10, 2, 40, 3);
  // The last four sequences as a test set of a pool of six.
  RiskCase train = c;
  const Matrix<double> cross = c.kernel.bottomLeftCorner(8, 12);
  train.kernel = c.kernel.topLeftCorner(12, 12);
  train.targets = c.targets.head(12);
  train.outputs = c.outputs.head(12);
  const TestSet test{sequence_kernel({cross.data(), 8, 12}, 2), testing::span_of(c.targets).subspan(12),
                     testing::span_of(c.outputs).subspan(12)};
  Pool pool = pool_of(train);
  const SurfaceOptions options = grid({2, 6}, {0.1, 10});
  const RiskSurface surface = risk_surface(pool, Estimator::sub_sampling, options, &test);
  const auto& all = surface.held_out.back();
  EXPECT_EQ(all.n_index, 1U);
  EXPECT_EQ(all.sequences, (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_NEAR(surface.risk(1, 1), all.errors.row(1).mean(), 1e-14);
  int calls = 0;
  const auto whole = pool.kernel.block;
  pool.kernel.block = [&](auto rows, auto columns, auto block) {
    ++calls;
    whole(rows, columns, block);
  };
  EXPECT_EQ(risk_surface(pool, Estimator::sub_sampling, options, &test).risk, surface.risk);
  EXPECT_EQ(calls, 5);  // four subsets of two sequences, one of all six
}

// Independent rows (R = 1): every estimate within 5 % of the risk of a flow on fresh rows, averaged over the grid.
TEST(RiskSurface, EstimatorsAgreeWhereRowsAreIndependent) {
  const testing::PowerLawFeatures features;
  const auto sample = features.draw(0, 600);
  RiskCase c(1, 1, 1, 0);
  const Matrix<double> scaled = sample.phi * features.lambda.cwiseSqrt().asDiagonal();
  c.kernel = scaled * scaled.transpose();
  c.targets = sample.y;
  c.outputs.resize(0);
  const std::vector<double> times = {30, 300, 3000};  // 2 t / n about 1 .. 100
  SurfaceOptions options = grid({60}, times);
  options.subsets = 12;
  options.resamples = 0;
  const RiskSurface truth = risk_surface(pool_of(c), Estimator::sub_sampling, options);
  for (const auto estimator : {Estimator::leave_one_out, Estimator::omniscient, Estimator::two_point, Estimator::gcv}) {
    const RiskSurface found = risk_surface(pool_of(c), estimator, options);
    // A ridge is not a flow: at the equivalent ridge risks differ by up to a quarter.
    const bool by_ridge = estimator == Estimator::omniscient || estimator == Estimator::gcv;
    for (Eigen::Index t = 0; t < 3; ++t)
      EXPECT_NEAR(found.risk(0, t) / truth.risk(0, t), 1, by_ridge ? 0.25 : 0.1)
          << base::enum_name(estimator) << " t = " << times[static_cast<std::size_t>(t)];
    EXPECT_EQ(assumes_independent_rows(estimator), found.method.find("usually too low") != std::string::npos);
  }
}

TEST(RiskSurface, ReplicatesAreReproducibleAndSpreadLikeTheStandardError) {
  RiskCase c(40, 1, 100, 5);
  const RiskSurface surface = risk_surface(pool_of(c), Estimator::leave_one_out, grid({40}, {1}));
  EXPECT_EQ(replicate_risk(surface, 1, 2), replicate_risk(surface, 1, 2));
  std::vector<double> values;
  for (std::uint64_t b = 0; b < 2000; ++b) values.push_back(replicate_risk(surface, 1, b)(0, 0));
  const double times[] = {1};
  const HeldOutRisk risk = leave_one_out_flow(c.problem(), times).at[0];
  // The bootstrap's variance is (n - 1)/n of the standard error's; 2000 draws know it to 1.6 %, the ratio estimator
  // and the skewness of squares add a few per cent.
  EXPECT_NEAR(numerics::standard_deviation(values) / risk.standard_error, 1, 0.12);
  EXPECT_NEAR(numerics::mean(values), risk.mean, 4 * risk.standard_error / std::sqrt(2000.0) + 0.01 * risk.mean);
}

TEST(RiskSurface, CleanTargetsRemoveTheNoise) {
  RiskCase c(12, 3, 60, 6);
  c.clean = c.targets;
  c.targets += 0.5 * testing::random_matrix(36, 1, 99);
  // Before any training the excess risk is that of f0 against the clean targets; the noise adds about 0.25.
  const SurfaceOptions options = grid({11}, {1e-9, 1});
  RiskCase noisy = c;
  noisy.clean.resize(0);
  const auto excess = risk_surface(pool_of(c), Estimator::leave_one_out, options);
  const auto total = risk_surface(pool_of(noisy), Estimator::leave_one_out, options);
  EXPECT_NEAR(excess.risk(0, 0), (c.clean - c.outputs).squaredNorm() / 36, 1e-6);
  EXPECT_NEAR(total.risk(0, 0), (c.targets - c.outputs).squaredNorm() / 36, 1e-6);
  // The test sets differ from the pool's targets in the same way.
  SurfaceOptions some = grid({6}, {1e-9});
  some.subsets = 1;
  const auto held = risk_surface(pool_of(c), Estimator::sub_sampling, some);
  const auto rows = rows_of(held.held_out.front().sequences, 3);
  EXPECT_NEAR(held.risk(0, 0), (c.clean(rows) - c.outputs(rows)).squaredNorm() / static_cast<double>(rows.size()),
              1e-6);
}

TEST(RiskSurface, BadInput) {
  const RiskCase c(6, 2, 30, 4);
  const auto message = [&](const RiskCase& data, Estimator estimator, const SurfaceOptions& options) {
    return testing::message_of<base::InputError>([&] { (void)risk_surface(pool_of(data), estimator, options); });
  };
  const auto loo = Estimator::leave_one_out;
  EXPECT_NE(message(c, loo, grid({7}, {1})).find("expected 1 .. 6"), std::string::npos);
  EXPECT_NE(message(c, loo, grid({0}, {1})).find("expected 1 .. 6"), std::string::npos);
  EXPECT_NE(message(c, loo, grid({3, 2}, {1})).find("increasing"), std::string::npos);
  EXPECT_NE(message(c, loo, grid({3}, {2, 1})).find("increasing"), std::string::npos);
  EXPECT_NE(message(c, loo, grid({3}, {-1})).find("times: expected"), std::string::npos);
  EXPECT_NE(message(c, loo, grid({}, {1})).find("at least one n"), std::string::npos);
  EXPECT_NE(message(c, Estimator::sub_sampling, grid({6}, {1})).find("leaves none"), std::string::npos);
  EXPECT_NE(message(RiskCase(1, 2, 30, 4), loo, grid({1}, {1})).find("at least 2"), std::string::npos);
  RiskCase bad = c;
  bad.targets[0] = std::nan("");
  for (const auto estimator : {loo, Estimator::sub_sampling, Estimator::omniscient, Estimator::gcv}) {
    EXPECT_NE(message(bad, estimator, grid({3}, {1})).find("pool targets: found NaN"), std::string::npos);
    bad = c;
    bad.kernel(3, 3) = std::nan("");
    EXPECT_NE(message(bad, estimator, grid({5}, {1})).find("NaN"), std::string::npos) << base::enum_name(estimator);
    bad = c;
    bad.targets[0] = std::nan("");
  }
  EXPECT_THROW((void)sequence_kernel({c.kernel.data(), 12, 12}, 5), base::InputError);
  RiskCase zero = c;
  zero.targets = zero.outputs;
  for (const auto estimator :
       {loo, Estimator::sub_sampling, Estimator::omniscient, Estimator::two_point, Estimator::gcv})
    EXPECT_NEAR(risk_surface(pool_of(zero), estimator, grid({4}, {1, 100})).risk.norm(), 0, 1e-12);
}

}  // namespace
}  // namespace phaselaw::dynamics
