// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/line.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "phaselaw/reproduce/line.h"

namespace phaselaw::reproduce {
namespace {

TEST(Line, RecoversALineAndItsIntervalByHand) {
  // x = 0, 1, 2, 3; y = 1 + 2 x + (1, -1, -1, 1): slope 2, squares 4, variance of the slope (4/2)/5.
  const auto line =
      numerics::least_squares_line(std::vector<double>{0, 1, 2, 3, NAN}, std::vector<double>{2, 2, 4, 8, 1});
  EXPECT_EQ(line.points, 4u);
  EXPECT_NEAR(line.slope, 2, 1e-14);
  EXPECT_NEAR(line.intercept, 1, 1e-14);
  EXPECT_NEAR(line.hi - line.slope, 4.302652729911275 * std::sqrt(0.4), 1e-9);  // t of 2 degrees of freedom
  EXPECT_TRUE(std::isnan(numerics::least_squares_line(std::vector<double>{1, 1}, std::vector<double>{1, 2}).slope));
}

TEST(Share, IsTheExactInterval) {
  EXPECT_NEAR(share_of(10, 10).lo, std::pow(0.025, 0.1), 1e-9);  // p^n = 0.025
  EXPECT_EQ(share_of(10, 10).hi, 1);
  EXPECT_NEAR(share_of(0, 10).hi, 1 - std::pow(0.025, 0.1), 1e-9);
}

}  // namespace
}  // namespace phaselaw::reproduce
