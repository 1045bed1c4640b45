// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/lanczos.h"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

#include "kernel/matrix_free_cases.h"
#include "phaselaw/kernel/spectrum.h"

namespace phaselaw::kernel {
namespace {

using numerics::Matrix;

// Eigenvalues known in closed form: the second-difference matrix, 2 - 2 cos(k pi / (n+1)).
SymmetricOperator second_difference(std::int64_t size) {
  return {size, [](std::span<const double> x, std::span<double> y) {
            for (std::size_t i = 0; i < x.size(); ++i)
              y[i] = 2 * x[i] - (i > 0 ? x[i - 1] : 0) - (i + 1 < x.size() ? x[i + 1] : 0);
          }};
}

double exact_value(std::int64_t size, std::int64_t k) {
  return 2 - 2 * std::cos(static_cast<double>(k) * M_PI / static_cast<double>(size + 1));
}

void expect_orthonormal(const Matrix<double>& vectors) {
  const Matrix<double> gram = vectors * vectors.transpose();
  EXPECT_LE((gram - Matrix<double>::Identity(gram.rows(), gram.cols())).norm(), 1e-10);
}

TEST(Lanczos, KnownSpectrum) {
  for (const std::int64_t size : {1, 2, 10, 64, 65, 200}) {
    LanczosOptions options;
    options.count = 4;
    const auto op = second_difference(size);
    const auto top = largest_eigenvalues(op, options);
    ASSERT_EQ(top.status, LanczosStatus::converged) << size << ": " << top.reason;
    ASSERT_EQ(top.values.size(), static_cast<std::size_t>(std::min<std::int64_t>(4, size)));
    for (std::size_t k = 0; k < top.values.size(); ++k) {
      // Weyl: an eigenvalue lies within the residual.
      EXPECT_NEAR(top.values[k], exact_value(size, size - static_cast<std::int64_t>(k)), 4e-10);
      EXPECT_LE(top.residuals[k], 4e-10);
    }
    expect_orthonormal(top.vectors);
  }
}

// kernels.md section 6, check 7.
TEST(Lanczos, TopTenOfEveryLayerMatchTheDenseKernel) {
  const auto c = testing::checked_model(model::Activation::gelu);
  const Matrix<double> jacobian = testing::explicit_jacobian(c);
  auto op = testing::operator_of(c);
  for (std::int64_t layer = 0; layer < c.options.n_layers; ++layer) {
    op.select(select_layer(c.table, layer));
    const auto& first = c.table.at(model::BlockKind::attn_q, layer);
    const auto& last = c.table.at(model::BlockKind::mlp_down, layer);
    const auto part = jacobian.middleCols(first.offset, last.offset + last.size() - first.offset);
    Matrix<double> dense = part * part.transpose();
    const Spectrum exact = spectrum_in_place<double>({dense.data(), dense.rows(), dense.cols()});
    const auto found = largest_eigenvalues(op.kernel());
    ASSERT_EQ(found.status, LanczosStatus::converged) << found.reason;
    ASSERT_EQ(found.values.size(), 10U);
    for (std::size_t k = 0; k < 10; ++k)
      EXPECT_NEAR(found.values[k], exact.eigenvalues[k], 1e-8 * exact.lambda_max) << layer;
    EXPECT_LT(found.products, 150);  // of 192 rows
  }
}

TEST(Lanczos, FloatProductsAreSaidToLimit) {
  const auto c = testing::checked_model(model::Activation::gelu);
  const std::vector<float> theta(c.theta.begin(), c.theta.end()), vectors(c.vectors.begin(), c.vectors.end());
  model::Inputs<float> in;
  in.n = c.n;
  in.vectors = vectors.data();
  TangentOperator<float> op(c.options, theta, in);
  LanczosOptions options;
  options.count = 3;
  options.tolerance = 1e-12;
  const auto strict = largest_eigenvalues(op.kernel(), options);
  EXPECT_NE(strict.status, LanczosStatus::converged);
  options.tolerance = 1e-5;
  const auto loose = largest_eigenvalues(op.kernel(), options);
  EXPECT_EQ(loose.status, LanczosStatus::converged) << loose.reason;
}

TEST(Lanczos, RankDeficientOperatorsHaveZeroBelow) {
  Matrix<double> matrix = Matrix<double>::Zero(100, 100);
  matrix(3, 3) = 5;
  matrix(50, 50) = 2;
  LanczosOptions options;
  options.count = 4;
  const auto top = largest_eigenvalues(symmetric_operator(matrix), options);
  ASSERT_EQ(top.status, LanczosStatus::converged) << top.reason;
  EXPECT_NEAR(top.values[0], 5, 1e-9);
  EXPECT_NEAR(top.values[1], 2, 1e-9);
  EXPECT_NEAR(top.values[2], 0, 1e-9);
}

TEST(Lanczos, AnEarlyStopIsSaidAndStillABound) {
  LanczosOptions options;
  options.count = 2;
  options.restarts = 2;
  const auto found = largest_eigenvalues(second_difference(5000), options);
  EXPECT_EQ(found.status, LanczosStatus::iteration_limit);
  EXPECT_NE(found.reason.find("raise"), std::string::npos);
  ASSERT_EQ(found.values.size(), 2U);
  EXPECT_LE(found.values[0], exact_value(5000, 5000));
}

TEST(Lanczos, NotFiniteAndOutOfDomain) {
  const SymmetricOperator broken{200, [](std::span<const double>, std::span<double> y) {
                                   for (double& v : y) v = std::nan("");
                                 }};
  EXPECT_EQ(largest_eigenvalues(broken).status, LanczosStatus::not_finite);
  EXPECT_THROW((void)largest_eigenvalues(SymmetricOperator{}), std::domain_error);
  LanczosOptions none;
  none.count = 0;
  EXPECT_THROW((void)largest_eigenvalues(second_difference(10), none), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::kernel
