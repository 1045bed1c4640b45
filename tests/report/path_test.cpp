// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/path.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "report/path_reader.h"

namespace phaselaw::report {
namespace {

constexpr Box kBox{0, 0, 100, 50};

TEST(PathData, IsShortAndExactToHundredths) {
  PathData data;
  data.move({1, 2.5});
  data.line({1.25, 2});
  data.line({4, 2});
  data.close();
  data.move({0, -0.001});
  data.line({10, 0});
  EXPECT_EQ(data.text(), "M1 2.5l.25-.5 2.75 0zM0 0l10 0");
}

TEST(PathData, RoundingErrorsDoNotAddUp) {
  PathData data;
  std::vector<Point> points;
  for (int i = 0; i < 2000; ++i) points.push_back({i / 3.0, 100 * std::sin(0.01 * i)});
  data.move(points[0]);
  for (std::size_t i = 1; i < points.size(); ++i) data.line(points[i]);
  const auto read = read_path(data.text());
  ASSERT_EQ(read.size(), points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_NEAR(read[i].x, points[i].x, 0.005 + 1e-9);
    EXPECT_NEAR(read[i].y, points[i].y, 0.005 + 1e-9);
  }
}

TEST(Polyline, IsCutAtTheBoxAndKeepsItsSlope) {
  PathData data;
  add_polyline({{-100, 0}, {100, 40}, {120, 1e9}, {130, 20}, {50, 20}}, kBox, data);
  const auto read = read_path(data.text());
  ASSERT_EQ(read.size(), 4u);
  EXPECT_NEAR(read[0].x, 0, 0.006);
  EXPECT_NEAR(read[0].y, 20, 0.006);  // half way
  EXPECT_NEAR(read[1].y, 40, 0.006);
  EXPECT_NEAR(read[2].x, 100, 0.006);
  EXPECT_NEAR(read[3].x, 50, 0.006);
  EXPECT_EQ(std::count(data.text().begin(), data.text().end(), 'M'), 2);
}

TEST(Thinning, KeepsShortLinesAndTheExtremesOfLongOnes) {
  std::vector<Point> points;
  for (int i = 0; i < 50'000; ++i) points.push_back({i * 0.01, std::sin(0.37 * i) * (i % 1000 == 777 ? 40 : 1)});
  const std::vector<Point> kept = thinned_line(points);
  EXPECT_LE(kept.size(), 4u * 500);
  const auto y = [](const Point& a, const Point& b) { return a.y < b.y; };
  for (int column = 0; column < 500; ++column) {  // the lowest and the highest of each column of px
    const auto first = points.begin() + 100 * column;
    const auto inside = [&](const Point& p) { return std::floor(p.x) == column; };
    std::vector<Point> here;
    std::copy_if(kept.begin(), kept.end(), std::back_inserter(here), inside);
    ASSERT_FALSE(here.empty());
    EXPECT_EQ(std::min_element(here.begin(), here.end(), y)->y, std::min_element(first, first + 100, y)->y);
    EXPECT_EQ(std::max_element(here.begin(), here.end(), y)->y, std::max_element(first, first + 100, y)->y);
  }
  points.resize(kThinFrom);
  EXPECT_EQ(thinned_line(points).size(), kThinFrom);
}

TEST(Thinning, PointsOnTheSamePxAreDrawnOnce) {
  std::vector<Point> points;
  for (int i = 0; i < 5000; ++i) points.push_back({(i % 10) * 10 + 0.1 * std::sin(i), 20});
  EXPECT_EQ(thinned_points(points).size(), 10u);
}

TEST(PointShape, EachColourHasItsOwn) {
  std::set<std::pair<std::string, bool>> shapes;
  for (std::size_t i = 0; i < kColours; ++i) {
    const auto colour = static_cast<Colour>(i);
    EXPECT_TRUE(shapes.emplace(point_shape(colour, 4), point_is_filled(colour)).second) << i;
  }
}

}  // namespace
}  // namespace phaselaw::report
