// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/layout.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace phaselaw::report {
namespace {

std::vector<std::string> labels(const std::vector<Tic>& tics) {
  std::vector<std::string> result;
  for (const Tic& tic : tics)
    if (!tic.label.empty()) result.push_back(tic.label);
  return result;
}

TEST(Tics, KnownAxes) {
  EXPECT_EQ(labels(log_tics(0.01, 10)), (std::vector<std::string>{"10^{−2}", "10^{−1}", "10^{0}", "10^{1}"}));
  EXPECT_EQ(labels(log_tics(3, 40)), (std::vector<std::string>{"5", "10", "20"}));
  EXPECT_EQ(labels(log_tics(1.1e-5, 6e-5)),
            (std::vector<std::string>{"1.5·10^{−5}", "2·10^{−5}", "3·10^{−5}", "4·10^{−5}", "5·10^{−5}", "6·10^{−5}"}));
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

}  // namespace
}  // namespace phaselaw::report
