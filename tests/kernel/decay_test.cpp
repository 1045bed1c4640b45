// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/decay.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

#include "phaselaw/numerics/random.h"

namespace phaselaw::kernel {
namespace {

std::vector<double> power_law(std::int64_t size, double amplitude, double exponent) {
  std::vector<double> values;
  for (std::int64_t i = 1; i <= size; ++i) values.push_back(amplitude * std::pow(static_cast<double>(i), -exponent));
  return values;
}

TEST(Decay, ExactPowerLawsAreRecovered) {
  for (const double exponent : {0.3, 1.0, 1.7, 3.0})
    for (const std::int64_t size : {64, 1000}) {
      const auto values = power_law(size, 42, exponent);
      for (const DecayExponent& found : {eigenvalue_decay(values), coefficient_decay(values)}) {
        ASSERT_EQ(found.status, DecayStatus::estimated) << found.method;
        // Rounding of logarithms and of a 2 x 2 solve, 1e3 points.
        EXPECT_NEAR(found.value, exponent, 1e-8);
        EXPECT_NEAR(found.log_amplitude, std::log(42.0), 1e-7);
        EXPECT_NEAR(found.r_squared, 1, 1e-9);
        EXPECT_LE(found.hi - found.lo, 1e-6);
        EXPECT_EQ(found.first, 4);
        EXPECT_EQ(found.last, size == 64 ? 32 : 250);
      }
    }
}

TEST(Decay, TheWindowIsWhatCounts) {
  auto values = power_law(400, 1, 1.5);
  for (std::size_t i = 0; i < 9; ++i) values[i] *= 3;                                            // a head with no law
  for (std::size_t i = 200; i < 400; ++i) values[i] = 1e-30 * (400.0 - static_cast<double>(i));  // noise
  DecayOptions options;
  options.noise_floor = 1e-12;
  options.first = 10;
  const auto found = eigenvalue_decay(values, options);
  EXPECT_NEAR(found.value, 1.5, 1e-9);
  EXPECT_EQ(found.last, 50);  // a quarter of the 200 above the floor
  options.last = 400;
  EXPECT_EQ(eigenvalue_decay(values, options).last, 200);  // never below the floor
  EXPECT_NE(found.method.find("ranks 10 to 50"), std::string::npos);
}

// Coefficients: chi-squared scatter around the law; intervals cover at about their level, and the estimate is unbiased.
TEST(Decay, ScatteredCoefficientsAreCovered) {
  constexpr int kTrials = 300;
  constexpr double kExponent = 1.4;
  int covered = 0;
  double sum = 0, squares = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    numerics::RandomStream stream(7, "test/decay", static_cast<std::uint64_t>(trial));
    auto values = power_law(2000, 2, kExponent);
    for (double& v : values) v *= std::pow(stream.normal(), 2);
    const auto found = coefficient_decay(values);
    ASSERT_EQ(found.status, DecayStatus::estimated);
    covered += found.lo <= kExponent && kExponent <= found.hi ? 1 : 0;
    sum += found.value - kExponent;
    squares += std::pow(found.value - kExponent, 2);
  }
  const double mean = sum / kTrials, sd = std::sqrt(squares / kTrials - mean * mean);
  // The mean within 5 standard errors (plus the O(1/n) bias of a ratio estimate); coverage not below 95 % by more than
  // 5 standard deviations of a binomial (1.3 % each): a jackknife with unequal blocks is conservative, never liberal.
  EXPECT_LE(std::abs(mean), 5 * sd / std::sqrt(double{kTrials}) + 0.01);
  EXPECT_GE(covered, static_cast<int>(0.885 * kTrials));
  // The Fisher information bound: var >= 2 / (sum of squared deviations of log i) = 2 / 500 about; not far above.
  EXPECT_LE(sd, 1.3 * std::sqrt(2.0 / 490));
}

TEST(Decay, ScatteredEigenvaluesAreCovered) {
  constexpr int kTrials = 300;
  int covered = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    numerics::RandomStream stream(8, "test/decay", static_cast<std::uint64_t>(trial));
    auto values = power_law(1000, 1, 1.8);
    for (double& v : values) v *= std::exp(0.1 * stream.normal());
    std::sort(values.begin(), values.end(), std::greater<>());
    const auto found = eigenvalue_decay(values);
    covered += found.lo <= 1.8 && 1.8 <= found.hi ? 1 : 0;
  }
  EXPECT_GE(covered, static_cast<int>(0.885 * kTrials));
}

TEST(Decay, ABendWidensTheInterval) {
  auto straight = power_law(1000, 1, 1.0), bent = straight;
  for (std::size_t i = 0; i < bent.size(); ++i)
    bent[i] = std::exp(-std::pow(std::log(static_cast<double>(i + 1)), 2) / 5);
  const auto a = eigenvalue_decay(straight), b = eigenvalue_decay(bent);
  EXPECT_GT(b.hi - b.lo, 0.2);
  EXPECT_LT(a.hi - a.lo, 1e-6);
  EXPECT_LT(b.r_squared, 0.999);
}

TEST(Decay, TooLittleIsSaid) {
  EXPECT_EQ(eigenvalue_decay(power_law(9, 1, 1)).status, DecayStatus::too_few_ranks);
  EXPECT_TRUE(std::isnan(eigenvalue_decay(power_law(9, 1, 1)).value));
  EXPECT_EQ(eigenvalue_decay(std::vector<double>{}).status, DecayStatus::too_few_ranks);
  EXPECT_EQ(coefficient_decay(std::vector<double>(100, 0.0)).status, DecayStatus::no_convergence);
  EXPECT_THROW((void)eigenvalue_decay(std::vector<double>{1, 2}), std::domain_error);
  EXPECT_THROW((void)eigenvalue_decay(std::vector<double>{1, std::nan("")}), std::domain_error);
  EXPECT_THROW((void)coefficient_decay(std::vector<double>{1, -1}), std::domain_error);
  DecayOptions options;
  options.last = 11;
  EXPECT_THROW((void)eigenvalue_decay(power_law(10, 1, 1), options), std::domain_error);
  options.last = 5;
  options.first = 6;
  EXPECT_THROW((void)eigenvalue_decay(power_law(10, 1, 1), options), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::kernel
