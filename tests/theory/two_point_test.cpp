// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/two_point.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"
#include "theory/golden_section.h"

namespace phaselaw::theory {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();
const std::vector<double> kSeparations = {0.1, 0.5, 1, 2, 4, 7};

double normal_density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }

// Trapezoidal sum over the line: exponentially accurate for smooth integrands; O(step^2) where there is a corner.
template <class Function>
double integrate(const Function& f, double step) {
  double sum = 0;
  for (double t = -20; t <= 20; t += step) sum += f(t);
  return sum * step;
}

TEST(TwoPoint, TheStatedBound) {
  for (const double noise : {0.1, 2.0})
    for (const double n_data : {1.0, 100.0, 1e9}) {
      const auto bound = two_point_bound(noise, n_data);
      EXPECT_NEAR(bound.distance / (noise / std::sqrt(n_data)), 1, 4 * kEps);
      EXPECT_EQ(bound.kl, 0.5);
      EXPECT_EQ(bound.tv_pinsker, 0.5);
      EXPECT_NEAR(statistical_lower_bound(noise, n_data) / (noise * noise / (16 * n_data)), 1, 8 * kEps);
      EXPECT_NEAR(bound.risk * n_data / (noise * noise), 0.0771, 5e-5);
    }
}

// KL and TV from their definitions, on the sufficient statistic t ~ N(+-h/2, 1).
TEST(TwoPoint, DivergencesByQuadrature) {
  for (const double h : kSeparations) {
    const auto bound = two_point_bound(0.7, 30, h);
    const auto plus = [&](double t) { return normal_density(t - h / 2); };
    const auto minus = [&](double t) { return normal_density(t + h / 2); };
    EXPECT_NEAR(integrate([&](double t) { return plus(t) * (h * t); }, 0.01), bound.kl, 1e-12);  // ln(p+/p-) = h t
    // TV = 1/2 int |p+ - p-|: a corner at t = 0, a node of the grid up to rounding; error <= step^2/12 jump of slope.
    const double step = 1e-3;
    EXPECT_NEAR(integrate([&](double t) { return std::abs(plus(t) - minus(t)) / 2; }, step), bound.tv, step * step);
    EXPECT_LE(bound.tv, bound.tv_pinsker);
    EXPECT_NEAR(bound.tv, 2 * numerics::normal_cdf(h / 2) - 1, 8 * kEps);
    EXPECT_NEAR(bound.error_sum_min, 1 - bound.tv, 4 * kEps);
  }
}

// The likelihood-ratio test on simulated data attains the bound on the sum of the errors, and no shifted or noisier
// test goes below it: each estimate within 5 standard errors.
TEST(TwoPoint, NoTestBeatsTheErrorBound) {
  constexpr int kTrials = 40000, kData = 5;
  const double noise = 0.7, h = 1.5;
  const auto bound = two_point_bound(noise, kData, h);
  const double value = bound.distance / 2;  // F+- = +- value in every observation
  // Tests: sign of the mean with thresholds 0 (likelihood ratio), 0.1, -0.3; of the median; of the first observation.
  constexpr int kTests = 5;
  double errors[kTests] = {};
  numerics::RandomStream stream(11, "test/two-point");
  for (int trial = 0; trial < kTrials; ++trial)
    for (const double sign : {1.0, -1.0}) {
      std::vector<double> y(kData);
      for (double& v : y) v = sign * value + noise * stream.normal();
      const double mean = numerics::mean(y);
      const double statistics[kTests] = {mean, mean - 0.1, mean + 0.3, numerics::median(y), y[0]};
      for (int i = 0; i < kTests; ++i) errors[i] += statistics[i] * sign < 0 ? 1.0 / kTrials : 0;
    }
  const double five_sigma = 5 * std::sqrt(2 * 0.25 / kTrials);  // two proportions, variance at most 1/4 each
  EXPECT_NEAR(errors[0], bound.error_sum_min, five_sigma);
  for (const double error : errors) EXPECT_GE(error, bound.error_sum_min - five_sigma);
  EXPECT_GT(errors[4], bound.error_sum_min + five_sigma);  // the power to see a worse test
}

// Estimators on simulated data: their worst-case risk over the two points is above both bounds; the posterior mean is
// at the minimax risk, the sample mean at xi^2/n.
TEST(TwoPoint, NoEstimatorBeatsTheRiskBound) {
  constexpr int kTrials = 40000;
  for (const double h : {1.0, 2.4}) {
    const double noise = 0.7, n_data = 6, unit = noise * noise / n_data;
    const auto bound = two_point_bound(noise, n_data, h);
    const double minimax = two_point_minimax_risk(noise, n_data, h), value = bound.distance / 2;
    constexpr int kEstimators = 4;
    double risk[kEstimators][2] = {};
    numerics::RandomStream stream(12, "test/two-point");
    for (int trial = 0; trial < kTrials; ++trial)
      for (const int k : {0, 1}) {
        const double truth = k == 0 ? value : -value;
        const double mean = truth + std::sqrt(unit) * stream.normal();  // of n observations
        const double posterior = value * std::tanh(value * mean / unit);
        const double estimates[kEstimators] = {posterior, mean, std::clamp(mean, -value, value), mean / 2};
        for (int i = 0; i < kEstimators; ++i) risk[i][k] += std::pow(estimates[i] - truth, 2) / kTrials;
      }
    // Squared errors of the bounded estimators are at most 4 value^2, so a mean of them has sigma <= 2 value^2/sqrt(k);
    // the sample mean's has sqrt(2) unit/sqrt(k).
    const double five_sigma = 5 * std::max(2 * value * value, std::sqrt(2.0) * unit) / std::sqrt(double{kTrials});
    EXPECT_NEAR(std::max(risk[0][0], risk[0][1]), minimax, five_sigma);
    EXPECT_NEAR(std::max(risk[1][0], risk[1][1]), unit, five_sigma);
    for (const auto& r : risk) EXPECT_GE(std::max(r[0], r[1]), minimax - five_sigma);
    EXPECT_GT(minimax, bound.risk);
    EXPECT_GE(bound.risk, bound.risk_pinsker);
  }
}

TEST(TwoPoint, MinimaxRiskByAnotherQuadrature) {
  for (const double h : kSeparations) {
    // E[(theta - m(t))^2] over the mixture of both points, from the joint density and Bayes' rule.
    const double s = two_point_bound(0.7, 30, h).distance;
    const double risk = integrate(
        [&](double t) {
          const double plus = normal_density(t - h / 2) / 2, minus = normal_density(t + h / 2) / 2;
          if (plus + minus == 0) return 0.0;
          return s * s * plus * minus / (plus + minus);  // evidence times posterior variance
        },
        0.005);
    EXPECT_NEAR(two_point_minimax_risk(0.7, 30, h), risk, 1e-12 * s * s);
    EXPECT_LE(risk, s * s / 4);
  }
  EXPECT_NEAR(two_point_minimax_risk(1, 1, 1e-4) / (1e-8 / 4), 1, 1e-7);  // indistinguishable: s^2/4 (1 - h^2/4 ..)
}

TEST(TwoPoint, BestSeparation) {
  const double found = golden_section([](double h) { return -two_point_bound(1, 1, h).risk; }, 0.1, 10);
  EXPECT_NEAR(found, kBestSeparation, 1e-6);
  EXPECT_NEAR(two_point_bound(1, 1, kBestSeparation).risk, 0.1657, 5e-5);
}

TEST(TwoPoint, DomainErrors) {
  for (const double bad : {0.0, -1.0, std::nan(""), double{INFINITY}}) {
    EXPECT_THROW((void)two_point_bound(bad, 1), std::domain_error);
    EXPECT_THROW((void)two_point_bound(1, bad), std::domain_error);
    EXPECT_THROW((void)two_point_bound(1, 1, bad), std::domain_error);
    EXPECT_THROW((void)two_point_minimax_risk(bad, 1), std::domain_error);
    EXPECT_THROW((void)statistical_lower_bound(1, bad), std::domain_error);
  }
}

}  // namespace
}  // namespace phaselaw::theory
