// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/figure_data.h"

#include <gtest/gtest.h>

namespace phaselaw::report {
namespace {

Figure runs() {
  Figure figure;
  figure.x = {"compute", "FLOP", true};
  figure.y = {"loss"};
  figure.series = {{"runs, \"all\"", {1.0 / 3, 1e-300}, {0.1, kNotGiven}}};
  figure.series[0].band_lo = {0.05, 0.06};
  figure.series[0].band_hi = {0.15, 0.16};
  figure.series.push_back({"points", {7}, {8}});
  figure.series[1].error_lo = {7.5};
  figure.series[1].error_hi = {8.5};
  return figure;
}

std::string decoded(const std::string& uri) {
  std::string out;
  for (std::size_t i = uri.find(',') + 1; i < uri.size(); ++i) {
    if (uri[i] != '%') {
      out += uri[i];
      continue;
    }
    out += static_cast<char>(std::stoi(uri.substr(i + 1, 2), nullptr, 16));
    i += 2;
  }
  return out;
}

TEST(FigureData, TheTableHoldsEveryNumberToTheLastDigit) {
  EXPECT_EQ(figure_csv(runs()),
            "series,\"compute (FLOP)\",\"loss\",band_lo,band_hi,error_lo,error_hi\n"
            "\"runs, \"\"all\"\"\",0.3333333333333333,0.1,0.05,0.15,,\n"
            "\"runs, \"\"all\"\"\",1e-300,,0.06,0.16,,\n"
            "\"points\",7,8,,,7.5,8.5\n");
}

TEST(FigureData, TheLinkHoldsTheTable) {
  Figure figure = runs();
  figure.series[0].label = "50 % <of> 'ξ'&\n#";
  const DataLink link = figure_data_link(figure, 10'000);
  EXPECT_EQ(link.every, 1u);
  EXPECT_TRUE(link.uri.starts_with("data:text/csv;charset=utf-8,series,%22compute%20(FLOP)%22"));
  EXPECT_EQ(link.uri.find_first_of("<>\"'& \n#"), std::string::npos);
  EXPECT_EQ(decoded(link.uri), figure_csv(figure));
}

TEST(FigureData, ALongTableIsThinnedUntilItFits) {
  Figure figure = runs();
  Series& s = figure.series[0];
  s.band_lo = s.band_hi = {};
  s.x.resize(10'000, 1.25);
  s.y.resize(10'000, 0.1);
  s.x.back() = 77;
  const DataLink link = figure_data_link(figure, 20'000);
  EXPECT_GT(link.every, 1u);
  EXPECT_LE(link.uri.size(), 20'000u);
  EXPECT_GT(link.uri.size(), 8'000u);
  EXPECT_EQ(decoded(link.uri), figure_csv(figure, link.every));
  EXPECT_NE(link.uri.find(",77,"), std::string::npos);  // the last point stays
  EXPECT_EQ(figure_data_link(figure, 100).uri, "");
}

}  // namespace
}  // namespace phaselaw::report
