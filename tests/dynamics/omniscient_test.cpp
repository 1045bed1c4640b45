// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/omniscient.h"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>
#include <Eigen/Dense>

#include "dynamics/risk_cases.h"
#include "phaselaw/dynamics/gradient_flow_risk.h"
#include "phaselaw/dynamics/row_estimates.h"

namespace phaselaw::dynamics {
namespace {

using numerics::Matrix;
using numerics::Vector;
using testing::PowerLawFeatures;

Population power_law() {
  const PowerLawFeatures features;
  Population p;
  p.eigenvalues.assign(features.lambda.begin(), features.lambda.end());
  for (const double w : features.w) p.coefficients.push_back(w * w);
  p.noise_variance = PowerLawFeatures::kNoise;
  return p;
}

// All eigenvalues 1: kappa is the root of a quadratic.
TEST(Omniscient, FlatSpectrumInClosedForm) {
  const double p = 50, n = 30, ridge = 2;
  const Population flat{std::vector<double>(50, 1.0), std::vector<double>(50, 0.1), 0.3};
  // n kappa (1 + kappa) = p kappa + ridge (1 + kappa)
  const double b = n - p - ridge, kappa = (-b + std::sqrt(b * b + 4 * n * ridge)) / (2 * n);
  const double l = 1 / (1 + kappa), e0 = n / (n - p * l * l);
  const double test = e0 * (p * std::pow(1 - l, 2) * 0.1 + 0.3);
  const OmniscientRisk found = omniscient_ridge(flat, n, ridge);
  EXPECT_NEAR(found.kappa, kappa, 1e-13 * kappa);
  EXPECT_NEAR(found.test, test, 1e-12 * test);
  EXPECT_NEAR(found.train, std::pow(ridge / (n * kappa), 2) * test, 1e-12 * test);
}

TEST(Omniscient, WithoutRidge) {
  const Population flat{std::vector<double>(20, 2.0), std::vector<double>(20, 0.5), 0.3};
  // Ordinary least squares: sigma^2 n/(n - p), residual sigma^2 (n - p)/n.
  const OmniscientRisk above = omniscient_ridge(flat, 30, 0);
  EXPECT_EQ(above.kappa, 0);
  EXPECT_NEAR(above.test, 0.3 * 30 / 10, 1e-13);
  EXPECT_NEAR(above.train, 0.3 * 10 / 30, 1e-13);
  // Below the rank it interpolates: bias 10 of 20 * 0.5 and n/(p - n) amplification, train 0.
  const OmniscientRisk below = omniscient_ridge(flat, 10, 0);
  EXPECT_NEAR(below.kappa, 2.0, 1e-13);
  EXPECT_EQ(below.train, 0);
  EXPECT_NEAR(below.test, 2 * (20 * 0.25 * 0.5 + 0.3), 1e-12);
  EXPECT_THROW((void)omniscient_ridge(flat, 20, 0), std::domain_error);
  EXPECT_NEAR(omniscient_ridge(flat, 10, INFINITY).test, 10.3, 1e-13);
  EXPECT_NEAR(omniscient_ridge(flat, 10, 1e12).test, 10.3, 1e-9);
}

TEST(Omniscient, ComplexRidges) {
  const Population p = power_law();
  for (const double size : {1e-4, 0.1, 10.0, 1e4})
    for (const double angle : {0.3, 1.5, 2.5, 3.0}) {
      const std::complex<double> ridge = std::polar(size, angle);
      const auto kappa = effective_ridge(p.eigenvalues, 120, ridge);
      std::complex<double> left = ridge / kappa - 120.0;
      for (const double h : p.eigenvalues) left += h / (h + kappa);
      EXPECT_LE(std::abs(left), 1e-8) << size << ' ' << angle;
      EXPECT_GT(kappa.imag(), 0);
      const auto mirrored = effective_ridge(p.eigenvalues, 120, std::conj(ridge));
      EXPECT_LE(std::abs(mirrored - std::conj(kappa)), 1e-10 * std::abs(kappa));
    }
  EXPECT_NEAR(effective_ridge(p.eigenvalues, 120, std::complex<double>(0.1)).real(),
              effective_ridge(p.eigenvalues, 120, 0.1), 1e-14);
}

TEST(Omniscient, FiniteWidthLimits) {
  const Population p = power_law();
  for (const double ridge : {1e-3, 0.1, 1.0}) {
    const double wide = finite_width_ridge(p, 120, 1e9, ridge).test, infinite = omniscient_ridge(p, 120, ridge).test;
    EXPECT_NEAR(wide, infinite, 1e-5 * infinite);
    double previous = 1e300;
    for (const double width : {1000.0, 4000.0, 16000.0}) {
      const double gap = std::abs(finite_width_ridge(p, 120, width, ridge).test - infinite);
      EXPECT_LT(gap, 0.35 * previous);  // 1/width: a quarter a step
      previous = gap;
    }
  }
  EXPECT_GT(finite_width_ridge(p, 120, 80, 0).test, 0);
  EXPECT_THROW((void)finite_width_ridge(p, 120, 120, 0), std::domain_error);
  EXPECT_THROW((void)finite_width_ridge(p, 120, 0, 1), std::domain_error);
}

TEST(Omniscient, Domain) {
  const Population p = power_law();
  for (const double n : {0.0, -1.0, std::nan(""), static_cast<double>(INFINITY)})
    EXPECT_THROW((void)omniscient_ridge(p, n, 1), std::domain_error) << n;
  EXPECT_THROW((void)omniscient_ridge(p, 10, -1), std::domain_error);
  EXPECT_THROW((void)omniscient_ridge(p, 10, std::nan("")), std::domain_error);
  EXPECT_THROW((void)omniscient_ridge({{1}, {1, 2}, 0}, 10, 1), std::domain_error);
  EXPECT_THROW((void)omniscient_ridge({{1}, {-1}, 0}, 10, 1), std::domain_error);
  EXPECT_THROW((void)omniscient_ridge({{std::nan("")}, {1}, 0}, 10, 1), std::domain_error);
  EXPECT_THROW((void)gradient_flow_risk(p, 10, -1), std::domain_error);
  EXPECT_THROW((void)gradient_flow_risk(p, 10, INFINITY), std::domain_error);
  const double h[] = {4, -1e-17}, c[] = {2, 6};
  const Population pool = population_of_pool(h, c, 0.5);
  EXPECT_EQ(pool.eigenvalues[0], 2);
  EXPECT_EQ(pool.eigenvalues[1], 0);
  EXPECT_EQ(pool.coefficients[1], 3);
  EXPECT_EQ(omniscient_ridge({{0, 0}, {1, 1}, 0}, 3, 1).test, 2);
}

TEST(GradientFlowRisk, LimitsInTime) {
  const Population p = power_law();
  double power = p.noise_variance;
  for (const double w : p.coefficients) power += w;
  EXPECT_NEAR(gradient_flow_risk(p, 120, 0).test, power, 1e-12);
  EXPECT_NEAR(gradient_flow_risk(p, 120, 1e-7).test, power, 1e-4 * power);
  EXPECT_NEAR(gradient_flow_risk(p, 120, 1e-7).train, power, 1e-4 * power);
  // Late: interpolation.
  const double ridgeless = omniscient_ridge(p, 120, 0).test;
  EXPECT_NEAR(gradient_flow_risk(p, 120, 1e6).test, ridgeless, 1e-3 * ridgeless);
  EXPECT_LE(std::abs(gradient_flow_risk(p, 120, 1e6).train), 1e-6);
  // One row sees E y^2 (1 - ...) for a single flat direction: n >> p is the population's flow exp(-2 n lambda t).
  const Population one{{1.0}, {1.0}, 0};
  const double time = 1e-5, n = 1e5;
  EXPECT_NEAR(gradient_flow_risk(one, n, time).test, std::exp(-2 * n * time), 1e-4);
}

// docs/dynamics.md, Risk estimates. 120 trials: the mean of each simulated risk is known to about 1 %, that of GCV
// (standard deviation 0.14 to 0.22 of it) to 2 %.
TEST(GradientFlowRisk, FormulasAgreeWithSimulatedRegression) {
  constexpr std::uint64_t kTrials = 120;
  const PowerLawFeatures features;
  const Population population = power_law();
  const std::vector<double> ridges = {1e-3, 0.1, 1}, times = {1, 10, 100};
  std::vector<double> test(6, 0.0), train(6, 0.0), gcv(3, 0.0);
  for (std::uint64_t trial = 0; trial < kTrials; ++trial) {
    const auto sample = features.draw(trial);
    const Matrix<double> scaled = sample.phi * features.lambda.cwiseSqrt().asDiagonal();
    const Matrix<double> kernel = scaled * scaled.transpose();
    const EigenSystem system = eigen_system({kernel.data(), kernel.rows(), kernel.cols()});
    const Vector<double> along = system.vectors * sample.y;
    const auto add = [&](std::size_t k, auto&& filter) {
      Vector<double> filtered = along, left = along;
      for (Eigen::Index i = 0; i < along.size(); ++i) {
        const double h = system.spectrum.eigenvalues[static_cast<std::size_t>(i)];
        filtered[i] *= filter(h);
        left[i] *= 1 - h * filter(h);
      }
      const Vector<double> w =
          (scaled.transpose() * (system.vectors.transpose() * filtered)).cwiseProduct(features.lambda.cwiseSqrt());
      test[k] += ((w - features.w).squaredNorm() + PowerLawFeatures::kNoise) / kTrials;
      train[k] += left.squaredNorm() / static_cast<double>(along.size()) / kTrials;
    };
    for (std::size_t k = 0; k < 3; ++k) {
      add(k, [&](double h) { return 1 / (h + ridges[k]); });
      add(3 + k, [&](double h) { return -std::expm1(-h * times[k]) / h; });
      gcv[k] += row_estimates(system, testing::span_of(sample.y), ridges[k]).gcv / kTrials;
    }
  }
  const double n = PowerLawFeatures::kRows;
  for (std::size_t k = 0; k < 3; ++k) {
    const OmniscientRisk ridge = omniscient_ridge(population, n, ridges[k]);
    const FlowRisk flow = gradient_flow_risk(population, n, times[k]);
    EXPECT_NEAR(ridge.test / test[k], 1, 0.04) << "ridge " << ridges[k];
    EXPECT_NEAR(ridge.train / train[k], 1, 0.04) << "ridge " << ridges[k];
    EXPECT_NEAR(gcv[k] / test[k], 1, 0.04) << "ridge " << ridges[k];
    EXPECT_NEAR(flow.test / test[3 + k], 1, 0.04) << "time " << times[k];
    // At t = 100 the training risk is 1e-8 and depends on the smallest eigenvalue of the sample, which the limit
    // n -> inf does not contain.
    if (times[k] <= 10) {
      EXPECT_NEAR(flow.train / train[3 + k], 1, 0.04) << "time " << times[k];
    }
  }
}

TEST(Omniscient, FiniteWidthAgreesWithSimulatedRandomFeatures) {
  constexpr std::uint64_t kTrials = 60;
  const PowerLawFeatures features;
  const Population population = power_law();
  for (const Eigen::Index width : {80, 400}) {
    const std::vector<double> ridges = {0.01, 0.3};
    std::vector<double> test(2, 0.0);
    for (std::uint64_t trial = 0; trial < kTrials; ++trial) {
      const auto sample = features.draw(trial);
      // Random features z = F^T sqrt(lambda) phi / sqrt k of the kernel.
      const Matrix<double> mix = features.lambda.cwiseSqrt().asDiagonal() *
                                 testing::random_matrix(PowerLawFeatures::kFeatures, width, 70000 + trial) /
                                 std::sqrt(static_cast<double>(width));
      const Matrix<double> z = sample.phi * mix;
      for (std::size_t k = 0; k < 2; ++k) {
        Eigen::MatrixXd a = z * z.transpose();
        a.diagonal().array() += ridges[k];
        const Eigen::VectorXd w = mix * (z.transpose() * a.llt().solve(Eigen::VectorXd(sample.y)));
        test[k] += ((w - features.w).squaredNorm() + PowerLawFeatures::kNoise) / kTrials;
      }
    }
    for (std::size_t k = 0; k < 2; ++k)
      EXPECT_NEAR(
          finite_width_ridge(population, PowerLawFeatures::kRows, static_cast<double>(width), ridges[k]).test / test[k],
          1, 0.05)
          << "width " << width << ", ridge " << ridges[k];
  }
}

}  // namespace
}  // namespace phaselaw::dynamics
