// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/polygamma.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

#include <gtest/gtest.h>

namespace phaselaw::numerics {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

TEST(Polygamma, KnownValuesAndRecurrence) {
  EXPECT_NEAR(digamma(1), -std::numbers::egamma, 4 * kEps);
  EXPECT_NEAR(trigamma(1), std::numbers::pi * std::numbers::pi / 6, 8 * kEps);
  EXPECT_NEAR(trigamma(0.5), std::numbers::pi * std::numbers::pi / 2, 32 * kEps);
  for (const double x : {0.3, 1.7, 12.0}) {
    EXPECT_NEAR(digamma(x + 1) - digamma(x), 1 / x, 16 * kEps / x) << x;
    EXPECT_NEAR(trigamma(x) - trigamma(x + 1), 1 / (x * x), 16 * kEps * trigamma(x)) << x;
    // Central difference: error h^2/6 times the third derivative, about 2/x^3 + 6/x^4, and eps/h from rounding.
    const double h = 1e-5 * x;
    EXPECT_NEAR((digamma(x + h) - digamma(x - h)) / (2 * h), trigamma(x), 1e-9 * trigamma(x)) << x;
  }
}

TEST(Polygamma, InverseTrigamma) {
  for (const double y : {1e-6, 0.02, 1.0, 40.0, 1e6}) EXPECT_NEAR(trigamma(inverse_trigamma(y)) / y, 1, 1e-11) << y;
  EXPECT_THROW((void)inverse_trigamma(0), std::domain_error);
  EXPECT_THROW((void)trigamma(0), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::numerics
