// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/conjugate_gradient.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>
#include <Eigen/Cholesky>

#include "kernel/matrix_free_cases.h"

namespace phaselaw::kernel {
namespace {

using numerics::Matrix;
using numerics::Vector;
using Doubles = std::vector<double>;

Matrix<double> diagonal(const Doubles& entries) {
  return Eigen::Map<const Vector<double>>(entries.data(), static_cast<Eigen::Index>(entries.size())).asDiagonal();
}

Doubles spread(std::size_t size, double condition) {
  Doubles entries;
  for (std::size_t i = 0; i < size; ++i)
    entries.push_back(std::pow(condition, -static_cast<double>(i) / static_cast<double>(size - 1)));
  return entries;
}

bool all_finite(const ConjugateGradientResult& result) {
  for (const double x : result.x)
    if (!std::isfinite(x)) return false;
  for (const double r : result.residuals)
    if (!std::isfinite(r)) return false;
  return std::isfinite(result.residual);
}

// Ridge regression with the kernel against Cholesky (docs/kernel.md, Checks).
TEST(ConjugateGradient, KernelRidgeRegressionMatchesCholesky) {
  const auto c = testing::checked_model(model::Activation::tanh);
  const Matrix<double> jacobian = testing::explicit_jacobian(c);
  auto op = testing::operator_of(c);
  const Doubles y = testing::random_rows(op.rows(), 3);
  const double mean_diagonal = jacobian.squaredNorm() / static_cast<double>(jacobian.rows());
  for (const double ridge : {1e-3, 1e-1}) {
    ConjugateGradientOptions options;
    options.ridge = ridge * mean_diagonal;
    Matrix<double> a = jacobian * jacobian.transpose();
    a.diagonal().array() += options.ridge;
    const Vector<double> exact =
        a.llt().solve(Eigen::Map<const Vector<double>>(y.data(), static_cast<Eigen::Index>(y.size())));
    const auto found = conjugate_gradient(op.kernel(), y, options);
    ASSERT_EQ(found.status, SolveStatus::converged) << found.reason;
    EXPECT_LE(testing::distance(found.x, {exact.begin(), exact.end()}), 1e-6 * exact.norm());
    EXPECT_LE(found.residual, 2e-10);
  }
}

TEST(ConjugateGradient, IterationsFollowTheSquareRootOfTheConditionNumber) {
  // Chebyshev: residual norm <= 2 sqrt(cond) q^k, q = (sqrt cond - 1)/(sqrt cond + 1).
  for (const double condition : {10.0, 100.0, 1000.0}) {
    const Matrix<double> matrix = diagonal(spread(400, condition));
    const auto found = conjugate_gradient(symmetric_operator(matrix), Doubles(400, 1.0));
    ASSERT_EQ(found.status, SolveStatus::converged) << found.reason;
    const double q = (std::sqrt(condition) - 1) / (std::sqrt(condition) + 1);
    for (std::size_t k = 0; k < found.residuals.size(); ++k)
      EXPECT_LE(found.residuals[k], 2 * std::sqrt(condition) * std::pow(q, static_cast<double>(k)) + 1e-12);
    EXPECT_EQ(found.products, static_cast<std::int64_t>(found.residuals.size()));  // one an iteration, one to check
  }
}

TEST(ConjugateGradient, FiniteTerminationAndTrivialCases) {
  const Matrix<double> matrix = diagonal({4, 3, 2});
  const auto found = conjugate_gradient(symmetric_operator(matrix), Doubles{4, 6, 8});
  EXPECT_EQ(found.status, SolveStatus::converged);
  EXPECT_LE(found.residuals.size(), 4U);
  EXPECT_LE(testing::distance(found.x, {1, 2, 4}), 1e-12);
  const auto zero = conjugate_gradient(symmetric_operator(matrix), Doubles(3, 0.0));
  EXPECT_EQ(zero.status, SolveStatus::converged);
  EXPECT_EQ(zero.x, Doubles(3, 0.0));
}

TEST(ConjugateGradient, APreconditionerSavesIterations) {
  const Doubles entries = spread(300, 1e8);
  const Matrix<double> matrix = diagonal(entries);
  ConjugateGradientOptions options;
  options.max_iterations = 3000;
  const Doubles y(300, 1.0);
  const auto plain = conjugate_gradient(symmetric_operator(matrix), y, options);
  options.preconditioner = [&](std::span<const double> r, std::span<double> z) {
    for (std::size_t i = 0; i < r.size(); ++i) z[i] = r[i] / (entries[i] * (1 + 0.1 * static_cast<double>(i % 3)));
  };
  const auto quick = conjugate_gradient(symmetric_operator(matrix), y, options);
  ASSERT_EQ(quick.status, SolveStatus::converged) << quick.reason;
  EXPECT_LE(quick.residuals.size(), 20U);
  EXPECT_GT(plain.residuals.size(), 10 * quick.residuals.size());
}

TEST(ConjugateGradient, SingularIndefiniteAndBrokenAreSaid) {
  struct Bad {
    Doubles diagonal_entries, y;
    SolveStatus status;
  };
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  const Bad cases[] = {
      {{2, 0, 1}, {1, 1, 1}, SolveStatus::singular},     {{0, 0, 0}, {1, 1, 1}, SolveStatus::singular},
      {{2, -1, 1}, {1, 1, 1}, SolveStatus::indefinite},  {{-1, -1, -1}, {1, 1, 1}, SolveStatus::indefinite},
      {{2, nan, 1}, {1, 1, 1}, SolveStatus::not_finite}, {{1, 2, 3}, {1, nan, 1}, SolveStatus::not_finite},
      {{1, 2, 3}, {1, inf, 1}, SolveStatus::not_finite}, {{1, 2, 3}, {1e300, 1e300, 1e300}, SolveStatus::not_finite}};
  for (const auto& bad : cases) {
    const Matrix<double> matrix = diagonal(bad.diagonal_entries);
    const auto found = conjugate_gradient(symmetric_operator(matrix), bad.y);
    EXPECT_EQ(found.status, bad.status) << found.reason;
    EXPECT_FALSE(found.reason.empty());
    EXPECT_TRUE(all_finite(found)) << found.reason;
  }
}

TEST(ConjugateGradient, AConsistentSingularSystemIsSolved) {
  // y has no part in the null space: the minimum-norm solution is reached without meeting it.
  const Matrix<double> matrix = diagonal({2, 0, 1});
  const auto found = conjugate_gradient(symmetric_operator(matrix), Doubles{2, 0, 3});
  ASSERT_EQ(found.status, SolveStatus::converged) << found.reason;
  EXPECT_LE(testing::distance(found.x, {1, 0, 3}), 1e-12);
}

TEST(ConjugateGradient, WhatRoundingForbidsIsNotClaimed) {
  const Matrix<double> matrix = diagonal(spread(60, 1e14));
  ConjugateGradientOptions options;
  options.tolerance = 1e-15;
  options.max_iterations = 100000;
  const auto found = conjugate_gradient(symmetric_operator(matrix), Doubles(60, 1.0), options);
  EXPECT_NE(found.status, SolveStatus::converged) << found.reason;
  EXPECT_NE(found.status, SolveStatus::indefinite) << found.reason;
  EXPECT_TRUE(all_finite(found));
  EXPECT_LE(found.residual, 1.0 + 1e-12);
}

TEST(ConjugateGradient, LimitAndDomain) {
  const Matrix<double> matrix = diagonal(spread(100, 1e4));
  const auto op = symmetric_operator(matrix);
  ConjugateGradientOptions options;
  options.max_iterations = 5;
  const auto found = conjugate_gradient(op, Doubles(100, 1.0), options);
  EXPECT_EQ(found.status, SolveStatus::iteration_limit);
  EXPECT_EQ(found.residuals.size(), 6U);
  EXPECT_THROW((void)conjugate_gradient(op, Doubles(99, 1.0)), std::domain_error);
  options.ridge = -1;
  EXPECT_THROW((void)conjugate_gradient(op, Doubles(100, 1.0), options), std::domain_error);
  options.ridge = 0;
  options.tolerance = 0;
  EXPECT_THROW((void)conjugate_gradient(op, Doubles(100, 1.0), options), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::kernel
