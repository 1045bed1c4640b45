// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/density.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>
#include <Eigen/QR>

#include "kernel/matrix_free_cases.h"
#include "phaselaw/kernel/spectrum.h"

namespace phaselaw::kernel {
namespace {

using numerics::Matrix;

// A random orthogonal basis with the given eigenvalues, so that signs see no structure.
Matrix<double> matrix_with(const std::vector<double>& eigenvalues, std::uint64_t seed) {
  const auto size = static_cast<Eigen::Index>(eigenvalues.size());
  numerics::RandomStream stream(seed, "test/basis");
  Eigen::MatrixXd g(size, size);
  for (auto& x : g.reshaped()) x = stream.normal();
  const Eigen::MatrixXd q = Eigen::HouseholderQR<Eigen::MatrixXd>(g).householderQ();
  return q * Eigen::Map<const numerics::Vector<double>>(eigenvalues.data(), size).asDiagonal() * q.transpose();
}

// sup |F - F_exact|. Between two eigenvalues F_exact is constant and F monotone, so the ends of each gap suffice.
double kolmogorov(const SpectralDensity& density, const std::vector<double>& descending) {
  double worst = 0;
  const auto size = static_cast<double>(descending.size());
  const double beside = 1e-9 * descending.front();
  for (std::size_t i = 0; i < descending.size(); ++i) {
    const auto above = static_cast<double>(i);
    worst = std::max({worst, std::abs(density.cdf(descending[i] + beside).value - (size - above) / size),
                      std::abs(density.cdf(descending[i] - beside).value - (size - above - 1) / size)});
  }
  return worst;
}

// docs/kernel.md, Checks: 20 probes, 60 steps.
TEST(Density, TransformerKernelWithinTheStatedErrors) {
  for (const auto activation : {model::Activation::relu, model::Activation::tanh}) {
    const auto c = testing::checked_model(activation);
    const Matrix<double> jacobian = testing::explicit_jacobian(c);
    Matrix<double> dense = jacobian * jacobian.transpose();
    const Spectrum exact = spectrum_in_place<double>({dense.data(), dense.rows(), dense.cols()});
    auto op = testing::operator_of(c);
    const SpectralDensity density = spectral_density(op.kernel());
    EXPECT_NEAR(density.trace().value, exact.trace, 0.02 * exact.trace);
    EXPECT_NEAR(density.trace_of_square().value, exact.trace_of_square, 0.04 * exact.trace_of_square);
    EXPECT_LE(kolmogorov(density, exact.eigenvalues), 0.03);
    EXPECT_NEAR(density.effective_rank().value, exact.effective_rank, 0.06 * exact.effective_rank);
    EXPECT_NEAR(density.highest_node(), exact.lambda_max, 1e-9 * exact.lambda_max);
    EXPECT_GE(density.lowest_node(), exact.lambda_min - 1e-12 * exact.lambda_max);
    EXPECT_LE(density.products(), 20 * 60 + 200);
  }
}

// The error bars are right: over many seeds (value - truth)/error has variance about 1.
TEST(Density, ErrorBarsAreCalibrated) {
  constexpr int kSeeds = 100, kProbes = 12;
  std::vector<double> eigenvalues;
  for (int i = 1; i <= 90; ++i) eigenvalues.push_back(std::pow(i, -1.0));
  const Matrix<double> matrix = matrix_with(eigenvalues, 3);
  const auto op = symmetric_operator(matrix);
  double trace = 0, square = 0;
  for (const double h : eigenvalues) trace += h, square += h * h;
  double z_trace = 0, z_square = 0, z_cdf = 0, z_rank = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    DensityOptions options;
    options.probes = kProbes;
    options.steps = 30;
    options.deflate = seed % 2 == 0 ? 5 : 0;
    options.seed = static_cast<std::uint64_t>(seed);
    const auto density = spectral_density(op, options);
    const auto squared_score = [](const Estimate& e, double truth) {
      return std::pow((e.value - truth) / e.standard_error, 2) / kSeeds;
    };
    z_trace += squared_score(density.trace(), trace);
    z_square += squared_score(density.trace_of_square(), square);
    z_rank += squared_score(density.effective_rank(), trace * trace / square);
    z_cdf += squared_score(density.cdf(0.0185), 37.0 / 90);  // 1/54 and more: 54 eigenvalues above or equal
  }
  // The square of Student's t with 11 degrees of freedom: mean 11/9, variance 2.4^2; 100 seeds: 5 sd are 1.3. Shared
  // probes across quantities do not matter, each is judged alone. The CDF adds quadrature bias: above only.
  for (const double z : {z_trace, z_square, z_rank}) {
    EXPECT_GT(z, 0.4);
    EXPECT_LT(z, 2.5);
  }
  EXPECT_GT(z_cdf, 0.2);
  EXPECT_LT(z_cdf, 6);
}

TEST(Density, ExactWhenTheKrylovSpaceIsTheWhole) {
  // With steps = size the rule is exact for each probe, so ||z||^2 sum tau^2 f(theta) is z^T f(A) z.
  std::vector<double> eigenvalues = {9, 7, 4, 2.5, 1, 0.5, 0.1};
  const Matrix<double> matrix = matrix_with(eigenvalues, 5);
  DensityOptions options;
  options.deflate = 0;
  options.probes = 3;
  const auto density = spectral_density(symmetric_operator(matrix), options);
  for (const auto& probe : density.probes()) {
    ASSERT_EQ(probe.nodes.size(), 7U);
    double total = 0;
    for (std::size_t k = 0; k < 7; ++k) {
      EXPECT_NEAR(probe.nodes[k], eigenvalues[6 - k], 1e-12 * 9);
      EXPECT_TRUE(probe.converged[k]);
      total += probe.weights[k];
    }
    EXPECT_NEAR(total, 1, 1e-13);
    EXPECT_NEAR(probe.squared_norm, 7, 1e-13);
  }
}

TEST(Density, IntegratesToOneAndCountsDeflatedValues) {
  std::vector<double> eigenvalues;
  for (int i = 1; i <= 120; ++i) eigenvalues.push_back(1.0 / i);
  const Matrix<double> matrix = matrix_with(eigenvalues, 6);
  const auto density = spectral_density(symmetric_operator(matrix));
  ASSERT_EQ(density.exact().size(), 10U);
  for (std::size_t k = 0; k < 10; ++k) EXPECT_NEAR(density.exact()[k], eigenvalues[k], 1e-10);
  EXPECT_NEAR(density.cdf(2).value, 1, 1e-12);
  EXPECT_NEAR(density.cdf(-1).value, 0, 1e-12);
  // Above the 11th eigenvalue the count is exact.
  EXPECT_NEAR(density.cdf(0.3).value, 117.0 / 120, 1e-12);
  double mass = 0;
  constexpr double kStep = 1e-3;
  for (double x = -0.5; x < 1.5; x += kStep) mass += kStep * density.density(x, 0.02).value;
  EXPECT_NEAR(mass, 1, 1e-6);
  EXPECT_THROW((void)density.density(0, 0), std::domain_error);
}

TEST(Density, ANullSpaceStaysAtZero) {
  // 40 of 100 eigenvalues are zero: the mass at zero must not be smeared below it.
  std::vector<double> eigenvalues(100, 0.0);
  for (std::size_t i = 0; i < 60; ++i) eigenvalues[i] = 1 + static_cast<double>(i) / 60;
  const Matrix<double> matrix = matrix_with(eigenvalues, 7);
  const auto density = spectral_density(symmetric_operator(matrix));
  EXPECT_NEAR(density.cdf(-1e-6).value, 0, 1e-9);
  EXPECT_NEAR(density.cdf(1e-6).value, 0.4, 5 * density.cdf(1e-6).standard_error);
  EXPECT_LT(density.cdf(1e-6).standard_error, 0.03);
}

TEST(Density, SameSeedSameNumbersAndDomain) {
  const Matrix<double> matrix = matrix_with({3, 2, 1, 0.5, 0.25, 0.1, 0.05, 0.01}, 8);
  const auto op = symmetric_operator(matrix);
  EXPECT_EQ(spectral_density(op).trace().value, spectral_density(op).trace().value);
  DensityOptions options;
  options.probes = 1;
  EXPECT_THROW((void)spectral_density(op, options), std::domain_error);
  EXPECT_THROW((void)spectral_density(SymmetricOperator{}), std::domain_error);
  const SymmetricOperator broken{8, [](std::span<const double>, std::span<double> y) {
                                   for (double& v : y) v = std::nan("");
                                 }};
  EXPECT_THROW((void)spectral_density(broken), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::kernel
