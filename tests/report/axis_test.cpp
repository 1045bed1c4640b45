// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/axis.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace phaselaw::report {
namespace {

std::vector<std::string> labels(const std::vector<Tic>& tics) {
  std::vector<std::string> result;
  for (const Tic& tic : tics)
    if (!tic.label.empty()) result.push_back(tic.exponent.empty() ? tic.label : tic.label + "^" + tic.exponent);
  return result;
}

TEST(Tics, KnownAxes) {
  EXPECT_EQ(labels(log_tics(0.01, 10)), (std::vector<std::string>{"10^−2", "10^−1", "10^0", "10^1"}));
  EXPECT_EQ(labels(log_tics(3, 40)), (std::vector<std::string>{"5", "10", "20"}));
  EXPECT_EQ(labels(log_tics(1.1e-5, 6e-5)),
            (std::vector<std::string>{"1.5·10^−5", "2·10^−5", "3·10^−5", "4·10^−5", "5·10^−5", "6·10^−5"}));
  EXPECT_EQ(labels(linear_tics(0, 1)), (std::vector<std::string>{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}));
  EXPECT_EQ(labels(linear_tics(-0.1, 0.1)), (std::vector<std::string>{"−0.10", "−0.05", "0.00", "0.05", "0.10"}));
}

// Over all magnitudes and widths: inside the axis, no place twice, enough labels and not too many, no label twice.
TEST(Tics, EveryAxisIsReadable) {
  for (double lo = 1.3e-12; lo < 1e18; lo *= 7.3)
    for (double ratio = 1.02; ratio < 1e30; ratio *= 1.37) {
      for (const bool log : {true, false}) {
        const double hi = lo * ratio;
        const auto tics = log ? log_tics(lo, hi) : linear_tics(lo, hi);
        const auto words = labels(tics);
        std::set<double> places;
        for (const Tic& tic : tics) {
          EXPECT_GE(tic.at, lo - 1e-6 * (hi - lo));
          EXPECT_LE(tic.at, hi + 1e-6 * (hi - lo));
          EXPECT_TRUE(places.insert(tic.at).second) << lo << " " << hi;
        }
        EXPECT_GE(words.size(), ratio > 1.1 || !log ? 2u : 1u) << lo << " " << hi << " log " << log;
        EXPECT_LE(words.size(), 11u) << lo << " " << hi << " log " << log;
        EXPECT_EQ(std::set<std::string>(words.begin(), words.end()).size(), words.size()) << lo << " " << hi;
      }
    }
}

// Values that agree to nine digits, a single value, zero, the ends of double: an axis of some width, and labels that differ.
TEST(Scale, HasWidthWhateverTheValues) {
  for (const double value : {0.0, 0.1, 0.7, 2.0, 3.3, -5.0, 6.02e23, 1e-320, 1e308, -1e308})
    for (const double spread : {0.0, 2e-16, 1e-12, 9e-9, 3e-8, 1e-3})
      for (const bool log : {false, true}) {
        const Axis axis{.log = log};
        Range data;
        for (const double v : {value, value * (1 + spread)})
          if (drawable(v, axis)) data.include(v);
        const Scale scale = scale_of(axis, data, {});
        ASSERT_LT(scale.lo, scale.hi) << value << " " << spread;
        EXPECT_TRUE(std::isfinite(scale.share(value)) || !drawable(value, axis)) << value << " " << spread;
        const auto words = labels(log ? log_tics(scale.lo, scale.hi) : linear_tics(scale.lo, scale.hi));
        EXPECT_GE(words.size(), 1u) << value << " " << spread << " " << log;
        EXPECT_LE(words.size(), 16u) << value << " " << spread << " " << log;
        EXPECT_EQ(std::set<std::string>(words.begin(), words.end()).size(), words.size())
            << value << " " << spread << " " << log << ": " << ::testing::PrintToString(words);
      }
}

TEST(Scale, KeepsTheLimitsThatItIsGiven) {
  Range data;
  data.include(1);
  data.include(8);
  const Scale both = scale_of({.lo = 0, .hi = 9}, data, {});
  EXPECT_EQ(both.lo, 0);
  EXPECT_EQ(both.hi, 9);
  const Scale low = scale_of({.lo = 20}, data, {});  // above the data
  EXPECT_EQ(low.lo, 20);
  EXPECT_LT(low.lo, low.hi);
  const Scale high = scale_of({.log = true, .hi = 0.5}, data, {});  // below the data
  EXPECT_EQ(high.hi, 0.5);
  EXPECT_LT(high.lo, high.hi);
  const Scale equal = scale_of({.lo = 3, .hi = 3}, data, {});
  EXPECT_EQ(equal.lo, 3);
  EXPECT_LT(equal.lo, equal.hi);
}

TEST(Scale, MapsTheEndsOfTheAxisToTheirPx) {
  for (const bool log : {false, true}) {
    const Scale scale{log, 2, 200, 50, 450};
    EXPECT_DOUBLE_EQ(scale.px(2), 50);
    EXPECT_DOUBLE_EQ(scale.px(200), 450);
    EXPECT_NEAR(scale.px(log ? 20 : 101), 250, 1e-10);
  }
}

}  // namespace
}  // namespace phaselaw::report
