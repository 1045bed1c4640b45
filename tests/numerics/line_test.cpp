// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/line.h"

#include <cmath>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/numerics/random.h"

namespace phaselaw::numerics {
namespace {

TEST(Line, KnownValues) {
  // x = 1..4, y = 2, 3, 5, 6: slope 1.4, intercept 0.5, rest 0.2; t_{0.975}(2) = 4.302652730.
  const std::vector<double> x = {1, 2, 3, 4}, y = {2, 3, 5, 6};
  const Line line = least_squares_line(x, y);
  EXPECT_NEAR(line.slope, 1.4, 1e-14);
  EXPECT_NEAR(line.intercept, 0.5, 1e-14);
  EXPECT_NEAR(line.hi - line.slope, 4.302652730 * std::sqrt(0.2 / 2 / 5), 1e-8);
  EXPECT_NEAR(line.slope - line.lo, line.hi - line.slope, 1e-13);
}

TEST(Line, APowerIsALineOfLogarithms) {
  const std::vector<double> x = {1, 10, 100, 1000};
  std::vector<double> y;
  for (const double value : x) y.push_back(3 * std::pow(value, -0.25));
  const Line line = least_squares_power(x, y);
  EXPECT_NEAR(line.slope, -0.25, 1e-13);
  EXPECT_NEAR(std::exp(line.intercept), 3, 1e-12);
}

// The interval holds the slope in 95 % of 4000 draws: 5 standard errors of that proportion are 1.7 %.
TEST(Line, TheIntervalCovers) {
  const std::vector<double> x = {0, 1, 2, 5, 9};
  RandomStream stream(3, "test/line");
  int held = 0;
  constexpr int kDraws = 4000;
  for (int draw = 0; draw < kDraws; ++draw) {
    std::vector<double> y;
    for (const double value : x) y.push_back(1 - 0.3 * value + stream.normal());
    const Line line = least_squares_line(x, y);
    held += line.lo <= -0.3 && -0.3 <= line.hi ? 1 : 0;
  }
  EXPECT_NEAR(held / double{kDraws}, 0.95, 5 * std::sqrt(0.95 * 0.05 / kDraws));
}

TEST(Line, TooFewPointsAreUnknown) {
  EXPECT_TRUE(std::isnan(least_squares_line(std::vector<double>{1}, std::vector<double>{1}).slope));
  EXPECT_TRUE(std::isnan(least_squares_line(std::vector<double>{1, 1}, std::vector<double>{1, 2}).slope));
  const Line two = least_squares_line(std::vector<double>{1, 2}, std::vector<double>{1, 3});
  EXPECT_EQ(two.slope, 2);
  EXPECT_TRUE(std::isnan(two.lo));
  EXPECT_THROW((void)least_squares_line(std::vector<double>{1}, std::vector<double>{}), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::numerics
