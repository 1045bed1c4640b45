// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/drawing.h"

#include <cmath>
#include <filesystem>
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "phaselaw/report/palette.h"
#include "report/markup.h"
#include "report/path_reader.h"
#include "report/sample_page.h"

namespace phaselaw::report {
namespace {

Figure small_figure() {
  Figure figure;
  figure.title = "title";
  figure.caption = "caption.";
  figure.x = {"compute", "FLOP", true};
  figure.y = {"loss", "", true};
  figure.series = {{"a", {1, 10, 100}, {3, 2, 1}}};
  return figure;
}

Figure small_figure_of(const std::vector<double>& values) {
  Figure figure = small_figure();
  figure.series = {{"a", values, values}};
  return figure;
}

TEST(Figure, IsWellFormedScalableAndItsIdsAreItsOwn) {
  for (const Figure& figure : {small_figure(), sample_two_stage_figure(), sample_points_figure(), Figure{}}) {
    const std::string svg = Drawing(figure, "f7").svg();
    const Markup markup = read_markup(svg);
    EXPECT_EQ(markup.problem, "");
    EXPECT_EQ(markup.elements.at(0).name, "svg");
    EXPECT_EQ(markup.elements.at(0).attributes.at("viewBox"), "0 0 760 480");
    EXPECT_EQ(markup.elements.at(0).attributes.count("width"), 0u);
    EXPECT_EQ(markup.elements.at(0).attributes.count("height"), 0u);
    EXPECT_EQ(markup.elements.at(0).attributes.at("aria-labelledby"), "f7-title f7-desc");
    std::set<std::string> ids;
    for (const auto& id : markup.values_of("id")) {
      EXPECT_TRUE(ids.insert(id).second) << id;
      EXPECT_TRUE(id.starts_with("f7-")) << id;
    }
    for (const auto& target : markup.values_of("href")) {
      EXPECT_EQ(target[0], '#') << target;
      EXPECT_EQ(ids.count(target.substr(1)), 1u) << target;
    }
    EXPECT_EQ(markup.count("script") + markup.count("image"), 0u);
    EXPECT_EQ(markup.count("title"), 1u);
    EXPECT_EQ(markup.count("desc"), 1u);
  }
}

TEST(Figure, TextIsShownAsGivenAndNeverExecuted) {
  Figure figure = small_figure();
  const std::string trap = (std::filesystem::temp_directory_path() / "phaselaw-trap").string();
  std::filesystem::remove(trap);
  const std::string text = "a_b^{2} <i>&'\"\\ `touch " + trap + "` @x %d ${y}\nz\xff";
  figure.title = figure.x.label = figure.series[0].label = text;
  figure.vertical_marks = {{10, text}};
  figure.horizontal_marks = {{2, text}};
  figure.x_intervals = {{2, 20, text}};
  figure.slope_guides = {{1, 3, 100, -0.2, text}};
  const Markup markup = read_markup(Drawing(figure).svg());
  EXPECT_EQ(markup.problem, "");
  EXPECT_FALSE(std::filesystem::exists(trap));
  EXPECT_NE(markup.text.find("a_b^{2} &lt;i&gt;&amp;&#39;"), std::string::npos) << markup.text;
  EXPECT_NE(markup.text.find("` @x %d ${y} z\ufffd"), std::string::npos) << markup.text;
}

TEST(Figure, PointsWithoutAPlaceAreLeftOutAndCounted) {
  Figure figure = small_figure();
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();
  figure.series = {{"a", {0, 1, 10, 100, 1000, 1e4, kInfinity}, {1, 2, kNan, 3, -1, 4, 5}}};
  EXPECT_EQ(Drawing(figure).caption(),
            "caption. 4 points are left out because they are not finite, or not positive on a log axis.");
  EXPECT_EQ(read_markup(Drawing(figure).svg()).problem, "");
  figure.x.log = figure.y.log = false;
  EXPECT_EQ(Drawing(figure).caption(), "caption. 2 points are left out because they are not finite.");
  figure.series = {{"a", {1, kNan}, {1, 1}}};
  EXPECT_EQ(Drawing(figure).caption(), "caption. 1 point is left out because it is not finite.");
  figure.series = {{"a", {1, 2}, {1, 1}}};
  EXPECT_EQ(Drawing(figure).caption(), "caption.");
}

// The places of the curve's points in the drawing are linear in the logarithms of the data.
TEST(Figure, ALogAxisPlacesPointsByTheirLogarithm) {
  Figure figure = small_figure();
  figure.series = {{"", {1, 10, 1000}, {8, 4, 1}}};
  const std::string svg = Drawing(figure).svg();
  const std::size_t at = svg.find(fmt::format("stroke=\"{}\"", line_paint(Colour::kBlue).light));
  ASSERT_NE(at, std::string::npos);
  const std::size_t data = svg.find(" d=\"", at) + 4;
  const std::vector<Point> points = read_path(svg.substr(data, svg.find('"', data) - data));
  ASSERT_EQ(points.size(), 3u);
  double x[3], y[3];
  for (std::size_t i = 0; i < 3; ++i) x[i] = points[i].x, y[i] = points[i].y;
  // Each place is rounded to hundredths of a px.
  EXPECT_NEAR((x[1] - x[0]) / (x[2] - x[0]), 1.0 / 3, 0.02 / (x[2] - x[0]));
  EXPECT_NEAR((y[1] - y[0]) / (y[2] - y[0]), 1.0 / 3, 0.02 / (y[2] - y[0]));
  EXPECT_GT(y[2], y[0]);  // downwards on the screen
}

TEST(Figure, AGroupHasOneLegendEntry) {
  Figure figure = small_figure();
  figure.series = {{"runs", {1, 10}, {3, 2}}, {"runs", {1, 10}, {4, 2}}, {"law", {1, 10}, {3, 2}}};
  const std::string text = read_markup(Drawing(figure).svg()).text;
  EXPECT_NE(text.find("runs"), std::string::npos);
  EXPECT_EQ(text.find("runs"), text.rfind("runs"));
  EXPECT_NE(text.find("law"), std::string::npos);
}

TEST(Figure, TheCaptionNamesMarksOutsideTheFrame) {
  Figure figure = small_figure();
  figure.vertical_marks = {{1e9, "bend"}, {10, "inside"}, {-1, "impossible"}};
  EXPECT_EQ(Drawing(figure).caption(),
            "caption. The mark “bend” lies outside the frame. The mark “impossible” lies outside the frame.");
  const std::string text = read_markup(Drawing(figure).svg()).text;
  EXPECT_NE(text.find("inside"), std::string::npos);
}

TEST(Figure, DrawsWhatIsHardlyThere) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const auto& points : std::vector<std::vector<double>>{{},
                                                             {kNan},
                                                             {5},
                                                             {5, 5},
                                                             {1e-300, 1e300},
                                                             {-1, 0},
                                                             {0.1, 0.1, 0.1},
                                                             {2.5, 2.5 * (1 + 1e-15)},
                                                             {6e23, 6e23}}) {
    Figure figure = small_figure_of(points);
    figure.series[0].band_lo = figure.series[0].error_lo = std::vector<double>(points.size(), kNan);
    figure.series[0].band_hi = figure.series[0].error_hi = points;
    for (const bool log : {true, false}) {
      figure.x.log = figure.y.log = log;
      const std::string svg = Drawing(figure).svg();
      EXPECT_EQ(read_markup(svg).problem, "") << points.size();
      EXPECT_EQ(svg.find("nan"), std::string::npos);
      EXPECT_EQ(svg.find("inf"), std::string::npos);
    }
  }
}

// The two drawings of a page and the file: one in light and in dark, wide and narrow.
TEST(Figure, StandsInAPageTwiceAndInAFileOnce) {
  const Figure figure = sample_two_stage_figure();
  const Drawing drawing(figure, "f7");
  const Markup wide = read_markup(drawing.page_svg(View::kWide)), narrow = read_markup(drawing.page_svg(View::kNarrow));
  EXPECT_EQ(wide.problem + narrow.problem, "");
  EXPECT_EQ(wide.count("style") + narrow.count("style"), 0u);  // the page has it
  EXPECT_GT(wide.count("circle"), 100u);                       // values under the pointer
  EXPECT_EQ(narrow.count("circle"), 0u);
  EXPECT_TRUE(narrow.elements.at(0).attributes.at("viewBox").starts_with("0 0 360 "));
  for (const auto& id : narrow.values_of("id")) EXPECT_TRUE(id.starts_with("f7-narrow-")) << id;
  const Markup file = read_markup(drawing.svg());
  EXPECT_EQ(file.count("style"), 1u);
  EXPECT_EQ(file.count("circle"), 0u);
}

// Two curves of a hundred thousand points, one of them with noise in every pixel.
TEST(Figure, LongLinesAreThinnedOut) {
  Figure figure = small_figure();
  Series line{"long", {}, {}}, points{"points", {}, {}, Style::kPoints};
  for (int i = 1; i <= 100'000; ++i) {
    line.x.push_back(i);
    line.y.push_back(2 + wobble(1, i));
    points.x.push_back(i);
    points.y.push_back(3);
  }
  figure.series = {line, points};
  EXPECT_LT(Drawing(figure).svg().size(), 120'000u);
}

TEST(Figure, PowersOfTenHaveRaisedExponents) {
  const Figure figure = small_figure_of({1, 1e8});
  const std::string svg = Drawing(figure).svg();
  EXPECT_NE(svg.find(">10<tspan font-size="), std::string::npos);
  EXPECT_EQ(svg.find("10^"), std::string::npos);
}

TEST(FigureDeathTest, ArraysOfDifferentLengthAreABug) {
  Figure figure = small_figure();
  figure.series[0].y.pop_back();
  EXPECT_DEATH((void)Drawing(figure).svg(), "size");
}

}  // namespace
}  // namespace phaselaw::report
