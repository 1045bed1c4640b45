// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/rational_exponential.h"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

namespace phaselaw::dynamics {
namespace {

double sum_at(const std::vector<ExponentialPole>& poles, double x) {
  double sum = 0;
  for (const auto& [weight, pole] : poles) sum += 2 * (weight / (x + pole)).real();
  return sum;
}

double worst_error(int count) {
  const auto poles = exponential_poles(count);
  double worst = std::abs(sum_at(poles, 0) - 1);
  for (double x = 1e-8; x < 1e8; x *= 1.1) worst = std::max(worst, std::abs(sum_at(poles, x) - std::exp(-x)));
  return worst;
}

TEST(RationalExponential, TwentyPolesAreRightToTwelveDigits) {
  EXPECT_LE(worst_error(20), 5e-12);
  EXPECT_LE(worst_error(24), 2e-13);
  EXPECT_EQ(exponential_poles(20).size(), 10U);
  for (const auto& [weight, pole] : exponential_poles(20)) EXPECT_GT(pole.imag(), 0);
}

TEST(RationalExponential, ErrorFallsAsPublished) {
  // Trefethen, Weideman, Schmelzer 2006: 3.89^-N.
  const double rate = std::pow(worst_error(6) / worst_error(18), 1.0 / 12);
  EXPECT_NEAR(rate, 3.89, 0.2);
}

TEST(RationalExponential, FlowAsRidges) {
  for (const double rate : {1e-3, 1.0, 1e4})
    for (const double h : {0.0, 1e-6, 1e-2, 1.0, 1e3}) {
      const double exact = h > 0 ? -std::expm1(-rate * h) / h : rate;
      EXPECT_NEAR(sum_at(flow_as_ridges(rate), h), exact, 1e-11 * rate) << rate << ' ' << h;
    }
}

TEST(RationalExponential, Domain) {
  EXPECT_THROW((void)exponential_poles(0), std::domain_error);
  EXPECT_THROW((void)exponential_poles(7), std::domain_error);
  EXPECT_THROW((void)exponential_poles(34), std::domain_error);
  EXPECT_THROW((void)flow_as_ridges(0), std::domain_error);
  EXPECT_THROW((void)flow_as_ridges(std::nan("")), std::domain_error);
  EXPECT_THROW((void)flow_as_ridges(INFINITY), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::dynamics
