// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/running_median.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "gtest/gtest.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::numerics {
namespace {

std::vector<double> plain_running_median(const std::vector<double>& x, std::size_t half) {
  std::vector<double> out;
  const auto n = static_cast<std::ptrdiff_t>(x.size()), h = static_cast<std::ptrdiff_t>(half);
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    std::vector<double> window;
    for (std::ptrdiff_t k = i - h; k <= i + h; ++k)
      window.push_back(x[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(k, 0, n - 1))]);
    std::sort(window.begin(), window.end());
    out.push_back(window[half]);
  }
  return out;
}

TEST(RunningMedian, IsTheMiddleOfEverySortedWindow) {
  for (const std::size_t n : {1U, 2U, 3U, 7U, 40U, 333U})
    for (const std::size_t half : {0U, 1U, 4U, 8U, 9U, 31U, 500U}) {
      std::vector<double> x;
      RandomStream stream(3, "running median", n + half);
      // Rounded: many values are equal.
      for (std::size_t i = 0; i < n; ++i) x.push_back(std::round(4 * stream.normal()));
      EXPECT_EQ(running_median(x, half), plain_running_median(x, half)) << n << " values, half width " << half;
    }
  EXPECT_TRUE(running_median({}, 5).empty());
}

TEST(RunningMedian, KeepsAnIncreasingSequenceInside) {
  std::vector<double> x(200);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i);
  const auto y = running_median(x, 20);
  for (std::size_t i = 20; i < 180; ++i) EXPECT_EQ(y[i], x[i]);
}

}  // namespace
}  // namespace phaselaw::numerics
