// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/closed_form.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <Eigen/Cholesky>
#include <Eigen/QR>

#include "base/message_of.h"
#include "dynamics/fixed_kernel.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::dynamics {
namespace {

using base::testing::contains;
using base::testing::message_of;
using numerics::Matrix;
using numerics::Vector;
using testing::Doubles;
using testing::fixed_kernel;
using testing::FixedKernel;
using testing::solved;
using testing::view;

using base::kInfinity;
constexpr double kEps = std::numeric_limits<double>::epsilon();

TEST(ClosedForm, TrajectoriesMatchTheMatrixExponential) {
  for (const std::int64_t parameters : {90, 12}) {  // regular, and of rank 12 of 30
    const FixedKernel k = fixed_kernel(6, 5, parameters);
    const ClosedForm closed = solved(k);
    const TestOutputs test(closed, k.test, view(k.test_initial));
    const Doubles times{0, 0.01, 0.3, 2, 2, 20, 100};
    const Matrix<double> outputs = closed.outputs(times), tested = test.outputs(times);
    const Doubles losses = closed.losses(times);
    // The squarings of the second route amplify rounding by 8 ||A||_F, at most 8 * 2 * 100/6 * ||H||_F (about 10).
    const double tolerance = 3e3 * 30 * kEps * (k.initial - k.targets).norm();
    for (std::size_t i = 0; i < times.size(); ++i) {
      const auto row = static_cast<Eigen::Index>(i);
      const auto [residual, on_test] = testing::flow_by_exponential(k, times[i]);
      EXPECT_LE((outputs.row(row).transpose() - k.targets - residual).norm(), tolerance) << times[i];
      // Null modes of the second route gather 2 t/n times the rounding of H.
      EXPECT_LE((tested.row(row).transpose() - on_test).norm(), tolerance * (1 + times[i])) << times[i];
      EXPECT_NEAR(losses[i], residual.squaredNorm() / 6, tolerance) << times[i];
    }
  }
}

TEST(ClosedForm, ATimeAloneEqualsTheSameTimeAmongMany) {
  const FixedKernel k = fixed_kernel(4, 6, 60);
  const ClosedForm closed = solved(k);
  const TestOutputs test(closed, k.test, view(k.test_initial));
  const Doubles times{0, 0.5, 3, kInfinity};
  const Matrix<double> many = closed.outputs(times), many_test = test.outputs(times);
  const SpectralPath path = closed.flow(times);
  EXPECT_LE((closed.outputs(path) - many).norm(), 1e-13 * many.norm());
  const Doubles from_path = closed.losses(path), direct = closed.losses(times);
  const Doubles test_losses = test.losses(path, view(k.test_targets), 5);
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    const Doubles one{times[i]};
    EXPECT_LE((closed.outputs(one).row(0) - many.row(row)).norm(), 1e-13 * many.norm());
    EXPECT_LE((test.outputs(one).row(0) - many_test.row(row)).norm(), 1e-13 * many_test.norm());
    EXPECT_NEAR(from_path[i], direct[i], 1e-13 * direct[0]);
    EXPECT_NEAR(test_losses[i], (many_test.row(row).transpose() - k.test_targets).squaredNorm() / 5,
                1e-13 * test_losses[0]);
  }
}

// docs/dynamics.md, A fixed kernel: t = infinity.
TEST(ClosedForm, InfinityIsKernelRegressionByCholesky) {
  const FixedKernel k = fixed_kernel(8, 4, 96);
  const ClosedForm closed = solved(k);
  const TestOutputs test(closed, k.test, view(k.test_initial));
  const Doubles end{kInfinity};
  const Vector<double> dual = k.train.llt().solve(k.targets - k.initial);
  const Vector<double> expected = k.test_initial + k.test * dual;
  EXPECT_LE((test.outputs(end).row(0).transpose() - expected).norm(), 1e-12 * expected.norm());
  EXPECT_LE((closed.outputs(end).row(0).transpose() - k.targets).norm(), 1e-13 * k.targets.norm());
  EXPECT_EQ(closed.losses(end)[0], 0);
  EXPECT_EQ(closed.null_loss(), 0);
  EXPECT_EQ(closed.rank(), 32);
  EXPECT_EQ(test.null_overlap(), 0);
}

TEST(ClosedForm, ASingularKernelKeepsItsNullComponent) {
  FixedKernel k = fixed_kernel(5, 4, 7);  // rank 7 of 20
  k.train.row(19) = k.train.row(3);       // and one input twice, with another label
  k.train.col(19) = k.train.col(3);
  k.test.col(19) = k.test.col(3);
  const ClosedForm closed = solved(k);
  ASSERT_EQ(closed.rank(), 7);
  const TestOutputs test(closed, k.test, view(k.test_initial));
  EXPECT_FALSE(test.null_excess());
  EXPECT_LE(test.null_overlap(), 1e-13);
  const Vector<double> start = k.initial - k.targets;
  const Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> inverse(k.train);
  const Vector<double> pseudo = inverse.solve(start), null = start - k.train * pseudo;
  EXPECT_LE((closed.null_residual() - null).norm(), 1e-12 * start.norm());
  EXPECT_NEAR(closed.null_loss(), null.squaredNorm() / 5, 1e-12 * start.squaredNorm());
  const Doubles times{1e12, kInfinity};
  const Matrix<double> outputs = closed.outputs(times), tested = test.outputs(times);
  for (Eigen::Index row = 0; row < 2; ++row) {
    EXPECT_LE((outputs.row(row).transpose() - k.targets - null).norm(), 1e-12 * start.norm());
    EXPECT_LE((tested.row(row).transpose() - (k.test_initial - k.test * pseudo)).norm(), 1e-11 * start.norm());
    EXPECT_NEAR(closed.losses(times)[static_cast<std::size_t>(row)], closed.null_loss(), 1e-15);
  }
  // Neither label of the doubled input is reached: both outputs agree.
  EXPECT_NEAR(outputs(1, 3) - outputs(1, 19), k.initial[3] - k.initial[19], 1e-12);
}

TEST(ClosedForm, ModesCutByTheNoiseFloorThatTestRowsSeeAreReported) {
  Matrix<double> kernel = Matrix<double>::Zero(2, 2), on_test(1, 2);
  kernel(0, 0) = 1;
  on_test << 1, 0.25;  // no positive semi-definite kernel has this row beside a zero diagonal entry
  const ClosedForm closed(kernel, 2, Doubles{1, 1});
  const TestOutputs test(closed, on_test);
  EXPECT_TRUE(test.null_excess());
  EXPECT_NEAR(test.null_overlap(), 0.25 / std::hypot(1, 0.25), 4 * kEps);
  const Doubles times{3, kInfinity};  // 1 - exp(-3) + 0.25 * 2 * 3/2; pseudo-inverse
  EXPECT_NEAR(test.outputs(times)(0, 0), -std::expm1(-3) + 0.75, 4 * kEps);
  EXPECT_NEAR(test.outputs(times)(1, 0), 1, 4 * kEps);
}

TEST(ClosedForm, LossFallsAtTheRateOfItsDefinition) {
  const FixedKernel k = fixed_kernel(6, 3, 40);
  const ClosedForm closed = solved(k);
  const Vector<double> start = k.initial - k.targets;
  const double expected = -(4.0 / 36) * start.dot(k.train * start);
  const Doubles times{0, 0.7, kInfinity};
  const Doubles rates = closed.loss_rates(times);
  EXPECT_NEAR(rates[0], expected, 1e-13 * std::abs(expected));
  EXPECT_EQ(rates[2], 0);
  // Central difference: error h^2 |Loss'''|/6 <= h^2 (4 h_max/n)^3 Loss/6 + eps Loss/h.
  const double h = 1e-5;
  const Doubles around = closed.losses(Doubles{0.7 - h, 0.7 + h});
  const double third = std::pow(4 * closed.spectrum().lambda_max / 6, 3) * around[0];
  EXPECT_NEAR(rates[1], (around[1] - around[0]) / (2 * h), h * h * third / 6 + 8 * kEps * around[0] / h);
}

TEST(ClosedForm, OneModeByHand) {
  // M = 1, n = 1: f = y + (f0 - y) exp(-2 h t); h t = 1.
  const ClosedForm closed(Matrix<double>::Constant(1, 1, 0.5), 1, Doubles{3}, Doubles{1});
  const TestOutputs test(closed, Matrix<double>::Constant(1, 1, 0.25), Doubles{7});
  const Doubles times{0, 2, kInfinity};
  const double e2 = 0.1353352832366127;  // exp(-2)
  EXPECT_NEAR(closed.outputs(times)(1, 0), 3 - 2 * e2, 4 * kEps);
  EXPECT_EQ(closed.outputs(times)(0, 0), 1);
  EXPECT_EQ(closed.outputs(times)(2, 0), 3);
  EXPECT_NEAR(closed.losses(times)[1], 4 * e2 * e2, 4 * kEps);
  EXPECT_NEAR(test.outputs(times)(1, 0), 7 + 0.5 * 2 * (1 - e2), 8 * kEps);
  EXPECT_EQ(test.outputs(times)(2, 0), 8);
}

TEST(ClosedForm, TheZeroKernelLearnsNothing) {
  const ClosedForm closed(Matrix<double>::Zero(4, 4), 2, Doubles{1, 2, 3, 4});
  const TestOutputs test(closed, Matrix<double>::Zero(1, 4), Doubles{9});
  const Doubles times{0, 1e300, kInfinity};
  EXPECT_EQ(closed.rank(), 0);
  EXPECT_EQ(closed.outputs(times), (Matrix<double>::Zero(3, 4)));
  EXPECT_EQ(test.outputs(times), (Matrix<double>::Constant(3, 1, 9)));
  EXPECT_NEAR(closed.losses(times)[2], 15, 16 * kEps * 15);
  EXPECT_NEAR(closed.null_loss(), 15, 16 * kEps * 15);
  EXPECT_EQ(closed.loss_rates(times)[0], 0);
  EXPECT_EQ(closed.excess_risks(times, Doubles{1, 2, 3, 4}, 1)[2].d_eff, 0);
}

TEST(ClosedForm, OnlyKernelTimesTimeCounts) {
  // H -> s H with t -> t/s changes nothing, up to the rounding of a denormal kernel (about 2^-1074/1e-310 = 5e-14).
  const FixedKernel k = fixed_kernel(3, 4, 36);
  const ClosedForm plain = solved(k);
  const TestOutputs plain_test(plain, k.test, view(k.test_initial));
  const Doubles times{0, 0.5, 40, kInfinity};
  const Matrix<double> outputs = plain.outputs(times), tested = plain_test.outputs(times);
  for (const double scale : {0x1p1000, 0x1p-1000, 1e-310}) {
    FixedKernel scaled = k;
    scaled.train *= scale;
    scaled.test *= scale;
    const Doubles scaled_times{0, 0.5 / scale, 40 / scale, kInfinity};
    if (std::isinf(scaled_times[1])) {
      // Such times do not exist; those that do cannot move anything, the end is where it was.
      const ClosedForm closed = solved(scaled);
      const TestOutputs test(closed, scaled.test, view(k.test_initial));
      EXPECT_LE((closed.outputs(Doubles{1}).row(0).transpose() - k.initial).norm(), 1e-14 * outputs.norm());
      EXPECT_LE((test.outputs(Doubles{kInfinity}).row(0) - tested.row(3)).norm(), 1e-10 * tested.norm());
      continue;
    }
    const ClosedForm closed = solved(scaled);
    const TestOutputs test(closed, scaled.test, view(k.test_initial));
    EXPECT_EQ(closed.rank(), 12);
    EXPECT_LE((closed.outputs(scaled_times) - outputs).norm(), 1e-13 * outputs.norm()) << scale;
    EXPECT_LE((test.outputs(scaled_times) - tested).norm(), 1e-12 * tested.norm()) << scale;
    EXPECT_TRUE(test.outputs(scaled_times).allFinite());
  }
}

TEST(ClosedForm, GainsKeepTheirDigitsWhereExponentialsCancel) {
  // h t/n = 1e-14: (1 - exp(-x))/h by subtraction has an error of 1 %.
  const ClosedForm closed(Matrix<double>::Constant(1, 1, 1.0), 1, Doubles{1});
  EXPECT_NEAR(closed.outputs(Doubles{5e-15})(0, 0), 1e-14, 1e-27);
  const TestOutputs test(closed, Matrix<double>::Constant(1, 1, 1.0));
  EXPECT_NEAR(test.outputs(Doubles{5e-15})(0, 0), 1e-14, 1e-27);
}

TEST(ClosedForm, ExcessRiskSplitsAsTheNoiseDrawsSay) {
  const FixedKernel k = fixed_kernel(5, 4, 14, 3);  // rank 14 of 20
  ClosedForm closed = solved(k);
  const Vector<double> truth = testing::normal_matrix(20, 1, 4, "test/truth");
  const double noise = 0.7;
  const Doubles times{0, 0.4, 5, 200, kInfinity};
  const auto risks = closed.excess_risks(times, view(truth), noise);
  EXPECT_NEAR(risks[0].bias, (truth - k.initial).squaredNorm() / 5, 1e-12);
  EXPECT_EQ(risks[0].variance, 0);
  EXPECT_EQ(risks[4].d_eff, 14);
  // No noise: a draw is its own expectation.
  closed.set_targets(view(truth), view(k.initial));
  const Doubles clean = closed.excess_of_draw(times, view(truth));
  for (std::size_t t = 0; t < times.size(); ++t)
    EXPECT_NEAR(clean[t], closed.excess_risks(times, view(truth), 0)[t].total(), 1e-13 * clean[0]);

  constexpr int kDraws = 4000;
  std::vector<Doubles> excess(times.size()), loss(times.size());
  std::vector<Matrix<double>> sum(times.size(), Matrix<double>::Zero(20, 1));
  for (int draw = 0; draw < kDraws; ++draw) {
    const Vector<double> y =
        truth + noise * testing::normal_matrix(20, 1, static_cast<std::uint64_t>(draw), "test/noise draw");
    closed.set_targets(view(y), view(k.initial));
    const Doubles of_draw = closed.excess_of_draw(times, view(truth)), losses = closed.losses(times);
    for (std::size_t t = 0; t < times.size(); ++t) {
      excess[t].push_back(of_draw[t]);
      loss[t].push_back(losses[t]);
    }
  }
  // 9 comparisons at 4 standard errors: a false alarm in 2000 seeds.
  for (std::size_t t = 0; t < times.size(); ++t) {
    const double root = std::sqrt(static_cast<double>(kDraws));
    EXPECT_NEAR(numerics::mean(excess[t]), risks[t].total(),
                4 * numerics::standard_deviation(excess[t]) / root + 1e-12 * risks[0].bias)
        << times[t];
    EXPECT_NEAR(numerics::mean(loss[t]), risks[t].expected_train_loss, 4 * numerics::standard_deviation(loss[t]) / root)
        << times[t];
  }
}

TEST(ClosedForm, EffectiveDimensionIsTheTraceOfTheSquaredSmoother) {
  const FixedKernel k = fixed_kernel(4, 3, 20);
  const ClosedForm closed = solved(k);
  for (const double t : {0.3, 4.0}) {
    const Matrix<double> smoother = Matrix<double>::Identity(12, 12) - testing::matrix_exponential(k.train * (-t / 2));
    EXPECT_NEAR(closed.excess_risks(Doubles{t}, view(k.targets), 1)[0].d_eff, smoother.squaredNorm(), 1e-12);
  }
}

TEST(ClosedForm, BadInputIsOneClearLine) {
  const FixedKernel k = fixed_kernel(2, 3, 18);
  const ClosedForm closed = solved(k);
  const double nan = std::nan("");
  const auto says = [](auto&& action) { return message_of<base::InputError>(action); };
  EXPECT_TRUE(contains(says([&] { static_cast<void>(closed.losses(Doubles{0, -1})); }), "found -1 at place 2"));
  EXPECT_TRUE(contains(says([&] { static_cast<void>(closed.outputs(Doubles{2, 1})); }), "found 1 after 2; sort them"));
  EXPECT_TRUE(contains(says([&] { static_cast<void>(closed.flow(Doubles{nan})); }), "found nan"));
  EXPECT_TRUE(contains(says([&] { ClosedForm(k.train, 4, view(k.targets)); }), "divisor of the kernel's 6 rows"));
  EXPECT_TRUE(contains(says([&] { ClosedForm(k.train, 0, view(k.targets)); }), "found 0"));
  EXPECT_TRUE(contains(says([&] { ClosedForm(k.train, 2, Doubles{1}); }), "targets: expected 6 numbers"));
  EXPECT_TRUE(contains(says([&] { ClosedForm(k.train, 2, view(k.targets), Doubles{1}); }), "initial outputs"));
  EXPECT_TRUE(contains(says([&] { ClosedForm(k.test, 2, view(k.targets)); }), "square matrix, found 5 x 6"));
  Matrix<double> bad = k.train;
  bad(3, 1) = nan;
  EXPECT_TRUE(contains(says([&] { ClosedForm(bad, 2, view(k.targets)); }), "kernel: expected finite entries"));
  bad = -k.train;
  EXPECT_TRUE(contains(says([&] { ClosedForm(bad, 2, view(k.targets)); }), "positive semi-definite"));
  EXPECT_TRUE(contains(says([&] { TestOutputs(closed, k.train.leftCols(5)); }), "6 columns"));
  EXPECT_TRUE(
      contains(says([&] { static_cast<void>(closed.excess_risks(Doubles{1}, view(k.targets), -1)); }), "noise"));
}

TEST(ClosedForm, AFloatKernelIsTakenAtItsOwnPrecision) {
  const FixedKernel k = fixed_kernel(5, 4, 7);
  const Matrix<double> rounded = k.train.cast<float>().cast<double>();
  const double float_eps = std::numeric_limits<float>::epsilon();
  EXPECT_EQ(ClosedForm(rounded, 5, view(k.targets), {}, float_eps).rank(), 7);
  EXPECT_THROW(ClosedForm(rounded, 5, view(k.targets)), base::InputError);  // eigenvalues near -1e-8
}

}  // namespace
}  // namespace phaselaw::dynamics
