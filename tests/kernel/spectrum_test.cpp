// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/spectrum.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

#include "kernel/matrix_free_cases.h"

namespace phaselaw::kernel {
namespace {

using numerics::Matrix;
using numerics::Vector;

// Second differences: eigenvalues 2 - 2 cos(k pi / (n+1)), eigenvectors sin(i k pi / (n+1)).
template <class T>
Matrix<T> second_difference(Eigen::Index n) {
  Matrix<T> matrix = Matrix<T>::Zero(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    matrix(i, i) = 2;
    if (i > 0) matrix(i, i - 1) = matrix(i - 1, i) = -1;
  }
  return matrix;
}

template <class T>
void check_known_spectrum(double eps) {
  for (const Eigen::Index n : {1, 2, 3, 17, 64, 101}) {
    for (const bool vectors : {false, true}) {
      Matrix<T> matrix = second_difference<T>(n);
      const Matrix<T> original = matrix;
      const Spectrum s = spectrum_in_place<T>({matrix.data(), n, n}, vectors);
      const auto size = static_cast<double>(n);
      const double tolerance = 10 * size * eps * 4;
      ASSERT_EQ(s.eigenvalues.size(), static_cast<std::size_t>(n));
      for (Eigen::Index k = 0; k < n; ++k)
        EXPECT_NEAR(s.eigenvalues[static_cast<std::size_t>(k)],
                    2 - 2 * std::cos(static_cast<double>(n - k) * M_PI / (size + 1)), tolerance);
      EXPECT_NEAR(s.trace, 2 * size, size * tolerance);
      EXPECT_NEAR(s.trace_of_square, 6 * size - 2, 8 * size * tolerance);
      EXPECT_NEAR(s.effective_rank, 4 * size * size / (6 * size - 2), size * tolerance);
      EXPECT_NEAR(s.intrinsic_dimension, 2 * size / s.lambda_max, size * tolerance);
      EXPECT_EQ(s.numerical_rank, n);
      if (!vectors) continue;
      const Matrix<T> gram = matrix * matrix.transpose();
      EXPECT_LE((gram - Matrix<T>::Identity(n, n)).norm(), 10 * size * eps);
      for (Eigen::Index k = 0; k < n; ++k) {
        const Vector<T> v = matrix.row(k).transpose();
        EXPECT_LE((original * v - static_cast<T>(s.eigenvalues[static_cast<std::size_t>(k)]) * v).norm(), tolerance);
      }
    }
  }
}

TEST(Spectrum, KnownEigenvaluesAndVectors) {
  check_known_spectrum<double>(2.3e-16);
  check_known_spectrum<float>(1.2e-7);
}

TEST(Spectrum, FiguresOfSimpleSpectra) {
  const Spectrum identity = summarise(std::vector<double>(5, 3.0), 1e-16);
  EXPECT_DOUBLE_EQ(identity.effective_rank, 5);
  EXPECT_DOUBLE_EQ(identity.intrinsic_dimension, 5);
  EXPECT_DOUBLE_EQ(identity.condition_number, 1);
  const Spectrum one = summarise({0, 0, 7, 0}, 1e-16);
  EXPECT_DOUBLE_EQ(one.effective_rank, 1);
  EXPECT_DOUBLE_EQ(one.intrinsic_dimension, 1);
  EXPECT_EQ(one.numerical_rank, 1);
  EXPECT_TRUE(std::isinf(one.condition_number));
  EXPECT_EQ(one.eigenvalues.front(), 7);
  const Spectrum negative = summarise({1, -1e-3}, 1e-16);  // not a kernel, or one with large rounding: seen, not hidden
  EXPECT_EQ(negative.lambda_min, -1e-3);
  EXPECT_TRUE(std::isinf(negative.condition_number));
  const Spectrum zero = summarise({0, 0}, 1e-16);
  EXPECT_EQ(zero.effective_rank, 0);
  EXPECT_EQ(zero.intrinsic_dimension, 0);
  EXPECT_EQ(zero.numerical_rank, 0);
}

TEST(Spectrum, ReadsTheLowerTriangleOnly) {
  Matrix<double> matrix = second_difference<double>(9);
  const Spectrum whole = [&] {
    Matrix<double> copy = matrix;
    return spectrum_in_place<double>({copy.data(), 9, 9});
  }();
  matrix.triangularView<Eigen::StrictlyUpper>().setConstant(1e9);
  EXPECT_EQ(spectrum_in_place<double>({matrix.data(), 9, 9}).eigenvalues, whole.eigenvalues);
}

// Signed zeros and entries beyond the safe range, which LAPACK scales first, included.
template <class T>
void check_the_matrix_is_kept() {
  for (const Eigen::Index n : {1, 2, 3, 64, 65, 200})
    for (const double scale : {1.0, 1e-30, 1e30, 0.0}) {
      Matrix<T> matrix(n, n);
      const auto values = testing::random_rows(n * (n + 1) / 2, static_cast<std::uint64_t>(n));
      std::size_t at = 0;
      for (Eigen::Index i = 0; i < n; ++i)
        for (Eigen::Index j = 0; j <= i; ++j) matrix(i, j) = matrix(j, i) = static_cast<T>(-scale * values[at++]);
      const Matrix<T> original = matrix;
      Matrix<T> destroyed = matrix;
      const Spectrum kept = spectrum<T>({matrix.data(), n, n});
      EXPECT_EQ(std::memcmp(matrix.data(), original.data(), sizeof(T) * static_cast<std::size_t>(n * n)), 0)
          << n << " rows, scale " << scale;
      EXPECT_EQ(kept.eigenvalues, spectrum_in_place<T>({destroyed.data(), n, n}).eigenvalues);
    }
}

TEST(Spectrum, LeavesTheMatrixAsItWasToTheBit) {
  check_the_matrix_is_kept<double>();
  check_the_matrix_is_kept<float>();
  Matrix<double> broken = second_difference<double>(5);
  broken(1, 3) = broken(3, 1) = std::nan("");
  const Matrix<double> original = broken;
  EXPECT_THROW((void)spectrum<double>({broken.data(), 5, 5}), std::domain_error);
  EXPECT_EQ(std::memcmp(broken.data(), original.data(), sizeof(double) * 25), 0);
}

TEST(Spectrum, DualHasTheSameNonZeroEigenvalues) {
  auto c = testing::checked_model(model::Activation::tanh, 1);
  c.options.d_hidden = 5;
  testing::fill(c, 2);
  auto op = testing::operator_of(c);
  op.select(select_block(c.table, "mlp.up"));
  ASSERT_EQ(op.selected_parameters(), 40);
  const Matrix<double> jacobian = testing::explicit_jacobian(c);
  const auto& up = c.table.at(model::BlockKind::mlp_up, 0);
  const auto part = jacobian.middleCols(up.offset, up.size());
  const Matrix<double> dual = dual_matrix(op), exact = part.transpose() * part;
  EXPECT_LE((dual - exact).norm(), 1e-12 * exact.norm());
  EXPECT_EQ((dual - dual.transpose()).norm(), 0);
  Matrix<double> primal = part * part.transpose();
  const Spectrum from_primal = spectrum_in_place<double>({primal.data(), primal.rows(), primal.cols()});
  const Spectrum from_dual = dual_spectrum(op);
  ASSERT_EQ(from_dual.eigenvalues.size(), from_primal.eigenvalues.size());
  for (std::size_t k = 0; k < from_dual.eigenvalues.size(); ++k)
    EXPECT_NEAR(from_dual.eigenvalues[k], from_primal.eigenvalues[k], 1e-13 * 192 * from_primal.lambda_max);
  EXPECT_EQ(from_dual.numerical_rank, 40);
  EXPECT_TRUE(std::isinf(from_dual.condition_number));
  EXPECT_NEAR(from_dual.trace, from_primal.trace, 1e-12 * from_primal.trace);
}

TEST(Spectrum, DualOfMoreParametersThanRowsHasAsManyValuesAsRows) {
  const auto c = testing::checked_model(model::Activation::tanh, 1);
  auto op = testing::operator_of(c);
  ASSERT_GT(op.selected_parameters(), op.rows());
  const Spectrum s = dual_spectrum(op);
  EXPECT_EQ(static_cast<std::int64_t>(s.eigenvalues.size()), op.rows());
  EXPECT_NEAR(s.trace, testing::explicit_jacobian(c).squaredNorm(), 1e-11 * s.trace);
}

TEST(Spectrum, TargetCoefficientsAddUpToTheTarget) {
  const Eigen::Index n = 30;
  Matrix<double> matrix = second_difference<double>(n);
  const std::vector<double> y = testing::random_rows(n, 1);
  (void)spectrum_in_place<double>({matrix.data(), n, n}, true);
  const auto squares = target_coefficients(matrix, y);
  double sum = 0;
  for (const double c : squares) sum += c;
  EXPECT_NEAR(sum, std::pow(testing::norm(y), 2), 1e-12 * sum);
  // A target that is an eigenvector has one coefficient.
  const std::vector<double> v(matrix.row(7).begin(), matrix.row(7).end());
  EXPECT_NEAR(target_coefficients(matrix, v)[7], 1, 1e-13);
  EXPECT_NEAR(target_coefficients(matrix, v)[3], 0, 1e-26);
}

TEST(Spectrum, OutOfDomain) {
  Matrix<double> matrix = Matrix<double>::Zero(2, 3);
  EXPECT_THROW((void)spectrum_in_place<double>({matrix.data(), 2, 3}), std::domain_error);
  EXPECT_THROW((void)spectrum_in_place<double>({matrix.data(), 0, 0}), std::domain_error);
  matrix = Matrix<double>::Constant(2, 2, std::nan(""));
  EXPECT_THROW((void)spectrum_in_place<double>({matrix.data(), 2, 2}), std::domain_error);
  EXPECT_THROW((void)summarise({}, 1e-16), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::kernel
