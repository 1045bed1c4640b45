// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/text_plot.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace phaselaw::report {
namespace {

TEST(TextPlot, APowerLawIsAStraightLine) {
  TextSeries series{"loss", '*', {}, {}};
  for (int k = 0; k <= 9; ++k) {
    series.x.push_back(std::pow(10.0, k));
    series.y.push_back(std::pow(10.0, -k));
  }
  const std::string plot = text_plot({series}, "steps", 10, 10);
  EXPECT_EQ(plot.substr(0, plot.rfind("steps (log axes)")),
            "   1 |*\n"
            "     | *\n"
            "     |  *\n"
            "     |   *\n"
            "     |    *\n"
            "     |     *\n"
            "     |      *\n"
            "     |       *\n"
            "     |        *\n"
            "1e-9 |         *\n"
            "      1      1e9  ");
}

TEST(TextPlot, WhatCannotBeDrawnIsLeftOut) {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  const TextSeries series{"loss", '*', {0, 1, 2, 4, 8, nan}, {3, 2, nan, infinity, 1, 1}};
  const std::string plot = text_plot({series}, "steps", 20, 4);
  EXPECT_EQ(std::count(plot.begin(), plot.end(), '*'), 3) << plot;  // two points, and the legend
  EXPECT_EQ(text_plot({{"loss", '*', {1, 2}, {nan, 1}}}, "steps"), "");
  EXPECT_EQ(text_plot({}, "steps"), "");
  const std::string flat = text_plot({{"loss", '*', {1, 2, 3}, {5, 5, 5}}}, "steps");
  EXPECT_NE(flat.find('*'), std::string::npos);
}

}  // namespace
}  // namespace phaselaw::report
