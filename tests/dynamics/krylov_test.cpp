// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/krylov.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "dynamics/fixed_kernel.h"
#include "kernel/matrix_free_cases.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/dynamics/closed_form.h"

namespace phaselaw::dynamics {
namespace {

using base::testing::contains;
using base::testing::message_of;
using kernel::symmetric_operator;
using numerics::Matrix;
using numerics::Vector;
using testing::Doubles;
using testing::fixed_kernel;
using testing::FixedKernel;
using testing::view;

// Errors of the whole path, relative as the bounds are, against the closed form; each within its bound.
void expect_closed_form(const FixedKernel& k, const Doubles& times, const KrylovFlow& flow, double tolerance) {
  const ClosedForm closed = testing::solved(k);
  const TestOutputs test(closed, k.test, view(k.test_initial));
  const Matrix<double> outputs = closed.outputs(times), tested = test.outputs(times);
  const Matrix<double> dual = closed.flow(times).coefficients * closed.vectors() / closed.unit();
  const Doubles losses = closed.losses(times);
  const double size = closed.start().norm();
  ASSERT_EQ(flow.outputs.rows(), static_cast<Eigen::Index>(times.size()));
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    const double error = (flow.outputs.row(row) - outputs.row(row)).norm() / size;
    const double dual_error = (flow.coefficients.row(row) - dual.row(row)).norm();
    EXPECT_LE(error, flow.errors[i] + 1e-12) << times[i];
    EXPECT_LE(dual_error, (flow.coefficient_errors[i] + 1e-11) * dual.row(row).norm()) << times[i];
    EXPECT_LE(error, tolerance) << times[i];
    const Vector<double> on_test = k.test_initial - k.test * flow.coefficients.row(row).transpose();
    EXPECT_LE((on_test - tested.row(row).transpose()).norm(), tolerance * tested.norm()) << times[i];
    EXPECT_NEAR(flow.losses[i], losses[i], tolerance * losses[0]) << times[i];
  }
}

TEST(Krylov, FlowMatchesTheClosedForm) {
  for (const std::int64_t parameters : {300, 40}) {  // regular, and of rank 40 of 100
    const FixedKernel k = fixed_kernel(10, 10, parameters);
    const Doubles times{0, 0.1, 1, 10, 10, 60};
    const KrylovFlow flow =
        krylov_flow(symmetric_operator(k.train), k.n, view(k.targets), view(k.initial), times, {1e-11, 0});
    ASSERT_EQ(flow.status, KrylovStatus::converged) << flow.reason;
    EXPECT_LT(flow.products, 100) << "the adaptive stop saves products";
    expect_closed_form(k, times, flow, 1e-10);
  }
}

TEST(Krylov, BoundsHoldAndShrinkAsTheSpaceGrows) {
  // A decaying spectrum and a long time: far from converged at first.
  FixedKernel k = fixed_kernel(12, 10, 400);
  const ClosedForm closed = testing::solved(k);
  Vector<double> spectrum(120);
  for (Eigen::Index i = 0; i < 120; ++i) spectrum[i] = std::pow(static_cast<double>(i + 1), -1.5);
  k.train = closed.vectors().transpose() * spectrum.asDiagonal() * closed.vectors();
  const Doubles times{10, 1000, 30000};
  double last = 1e300;
  for (const std::int64_t steps : {10, 20, 30, 40}) {
    const KrylovFlow flow =
        krylov_flow(symmetric_operator(k.train), k.n, view(k.targets), view(k.initial), times, {1e-13, steps});
    EXPECT_EQ(flow.status, KrylovStatus::iteration_limit);
    EXPECT_TRUE(contains(flow.reason, "raise max_steps"));
    EXPECT_EQ(flow.products, steps);
    const ClosedForm exact(k.train, k.n, view(k.targets), view(k.initial));
    const Matrix<double> outputs = exact.outputs(times);
    for (std::size_t i = 0; i < times.size(); ++i) {
      const double error =
          (flow.outputs.row(static_cast<Eigen::Index>(i)) - outputs.row(static_cast<Eigen::Index>(i))).norm() /
          exact.start().norm();
      EXPECT_LE(error, flow.errors[i] * (1 + 1e-9) + 1e-12) << steps << " " << times[i];
      EXPECT_LE(flow.errors[i], 1e3 * error + 1e-7) << "a bound, and a useful one";
    }
    EXPECT_LT(flow.errors[2], last);
    last = flow.errors[2];
  }
}

TEST(Krylov, ATransformersKernelWithoutItsMatrix) {
  const auto c = testing::checked_model(model::Activation::tanh);
  const Matrix<double> jacobian = testing::explicit_jacobian(c);
  auto op = testing::operator_of(c);
  FixedKernel k;
  k.n = c.n;
  k.train = jacobian * jacobian.transpose();
  k.test = k.train.topRows(3);
  k.targets = testing::normal_matrix(op.rows(), 1, 1, "test/targets");
  k.initial = Vector<double>::Zero(op.rows());
  k.test_initial = Vector<double>::Zero(3);
  const double top = k.train.trace();  // at least the largest eigenvalue
  const Doubles times{0, 1 / top, 100 / top, 1e4 / top};
  const KrylovFlow flow = krylov_flow(op.kernel(), k.n, view(k.targets), {}, times);
  ASSERT_EQ(flow.status, KrylovStatus::converged) << flow.reason;
  expect_closed_form(k, times, flow, 1e-9);
}

TEST(Krylov, ExponentialMatchesTheMatrixExponential) {
  const FixedKernel k = fixed_kernel(5, 4, 60);
  const Doubles taus{0.5, 7};
  const auto found = krylov_exponential(symmetric_operator(k.train), view(k.targets), taus);
  for (std::size_t i = 0; i < 2; ++i) {
    const Vector<double> expected = testing::matrix_exponential(-taus[i] * k.train) * k.targets;
    const Vector<double> decayed = found.decayed.row(static_cast<Eigen::Index>(i)).transpose();
    EXPECT_LE((decayed - expected).norm(), 1e-10 * k.targets.norm());
    // H g_tau(H) v = v - exp(-tau H) v.
    const Vector<double> integrated = found.integrated.row(static_cast<Eigen::Index>(i)).transpose();
    EXPECT_LE((k.train * integrated - (k.targets - expected)).norm(), 1e-9 * k.targets.norm());
  }
}

TEST(Krylov, AnInvariantSpaceIsExact) {
  // A start in the span of 3 eigenvectors, with a null one among them.
  Matrix<double> h = Matrix<double>::Zero(50, 50);
  for (Eigen::Index i = 0; i < 49; ++i) h(i, i) = 1 + static_cast<double>(i);
  Doubles v(50, 0.0);
  v[0] = 1;
  v[7] = 2;
  v[49] = 3;
  const Doubles taus{0, 0.3, 1e9};
  const auto found = krylov_exponential(symmetric_operator(h), v, taus);
  EXPECT_TRUE(found.invariant);
  EXPECT_EQ(found.products, 3);
  EXPECT_EQ(found.status, KrylovStatus::converged);
  EXPECT_NEAR(found.decayed(1, 0), std::exp(-0.3), 1e-13);
  EXPECT_NEAR(found.decayed(1, 7), 2 * std::exp(-2.4), 1e-13);
  EXPECT_NEAR(found.decayed(2, 49), 3, 1e-12);
  EXPECT_NEAR(found.decayed(1, 49), 3, 1e-13);
  EXPECT_NEAR(found.integrated(1, 49), 0.9, 1e-12);
  EXPECT_NEAR(found.integrated(1, 7), 2 * -std::expm1(-2.4) / 8, 1e-12);
}

TEST(Krylov, OneRowZeroDuplicatesAndScale) {
  const auto one =
      krylov_exponential(symmetric_operator(Matrix<double>::Constant(1, 1, 2.0)), Doubles{3}, Doubles{0.5});
  EXPECT_NEAR(one.decayed(0, 0), 3 * std::exp(-1), 1e-15);
  const Matrix<double> nothing = Matrix<double>::Zero(4, 4);
  const auto still = krylov_exponential(symmetric_operator(nothing), Doubles{1, 2, 3, 4}, Doubles{0, 1e300});
  EXPECT_EQ(still.status, KrylovStatus::converged);
  EXPECT_NEAR(still.decayed(1, 3), 4, 1e-14);
  EXPECT_NEAR(still.integrated(1, 3), 4e300, 1e286);
  const auto zero = krylov_exponential(symmetric_operator(nothing), Doubles(4, 0.0), Doubles{1});
  EXPECT_EQ(zero.status, KrylovStatus::converged);
  EXPECT_EQ(zero.decayed, (Matrix<double>::Zero(1, 4)));
  FixedKernel k = fixed_kernel(4, 5, 60);
  k.train.row(6) = k.train.row(2);
  k.train.col(6) = k.train.col(2);
  k.test.col(6) = k.test.col(2);
  const Doubles times{0.5, 30};
  const KrylovFlow flow = krylov_flow(symmetric_operator(k.train), 4, view(k.targets), view(k.initial), times);
  ASSERT_EQ(flow.status, KrylovStatus::converged) << flow.reason;
  expect_closed_form(k, times, flow, 1e-9);
  for (const double scale : {0x1p900, 0x1p-900}) {
    const Matrix<double> scaled = scale * k.train;
    const KrylovFlow same = krylov_flow(symmetric_operator(scaled), 4, view(k.targets), view(k.initial),
                                        Doubles{times[0] / scale, times[1] / scale});
    ASSERT_EQ(same.status, KrylovStatus::converged) << same.reason;
    EXPECT_LE((same.outputs - flow.outputs).norm(), 1e-12 * flow.outputs.norm());
  }
}

TEST(Krylov, WhatIsNoKernelIsSaid) {
  const double nan = std::nan("");
  Matrix<double> h = Matrix<double>::Identity(20, 20);
  h(3, 3) = -1;
  const auto indefinite = krylov_exponential(symmetric_operator(h), Doubles(20, 1.0), Doubles{1});
  EXPECT_EQ(indefinite.status, KrylovStatus::indefinite);
  EXPECT_EQ(indefinite.decayed.size(), 0);
  h(3, 3) = nan;
  EXPECT_EQ(krylov_exponential(symmetric_operator(h), Doubles(20, 1.0), Doubles{1}).status, KrylovStatus::not_finite);
  const Matrix<double> unit = Matrix<double>::Identity(20, 20);
  EXPECT_EQ(krylov_exponential(symmetric_operator(unit), Doubles(20, nan), Doubles{1}).status,
            KrylovStatus::not_finite);
  const auto says = [&](const Doubles& v, const Doubles& taus, const KrylovOptions& options) {
    return message_of<base::InputError>(
        [&] { static_cast<void>(krylov_exponential(symmetric_operator(unit), v, taus, options)); });
  };
  const Doubles v(20, 1.0);
  EXPECT_TRUE(contains(says(v, {-1}, {}), "found -1"));
  EXPECT_TRUE(contains(says(v, {2, 1}, {}), "1 after 2"));
  EXPECT_TRUE(contains(says(v, {1, std::numeric_limits<double>::infinity()}, {}), "infinity cannot be used"));
  EXPECT_TRUE(contains(says({1}, {1}, {}), "expected 20 numbers"));
  EXPECT_TRUE(contains(says(v, {1}, {0, 0}), "tolerance"));
  EXPECT_TRUE(contains(message_of<base::InputError>(
                           [&] { static_cast<void>(krylov_flow(symmetric_operator(unit), 0, v, {}, Doubles{1})); }),
                       "n_data"));
}

}  // namespace
}  // namespace phaselaw::dynamics
