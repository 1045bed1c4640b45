// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/drawing.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/report/programs.h"
#include "report/markup.h"
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

std::string run_error(const Figure& figure) {
  try {
    (void)Drawing(figure).svg();
  } catch (const base::RunError& error) {
    return error.what();
  }
  return "";
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
  EXPECT_NE(markup.text.find("a_b^{2} &lt;i>&amp;'"), std::string::npos) << markup.text;
  EXPECT_NE(markup.text.find("` @x %d ${y} z\ufffd"), std::string::npos) << markup.text;
}

TEST(Figure, PointsWithoutAPlaceAreLeftOutAndCounted) {
  Figure figure = small_figure();
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();
  figure.series = {{"a", {0, 1, 10, 100, 1000, 1e4, kInfinity}, {1, 2, kNan, 3, -1, 4, 5}}};
  EXPECT_EQ(Drawing(figure).caption(), "caption. 4 points are left out: not finite, or not positive on a log axis.");
  EXPECT_EQ(read_markup(Drawing(figure).svg()).problem, "");
  figure.x.log = figure.y.log = false;
  EXPECT_EQ(Drawing(figure).caption(), "caption. 2 points are left out: not finite.");
  figure.series = {{"a", {1, kNan}, {1, 1}}};
  EXPECT_EQ(Drawing(figure).caption(), "caption. 1 point is left out: not finite.");
  figure.series = {{"a", {1, 2}, {1, 1}}};
  EXPECT_EQ(Drawing(figure).caption(), "caption.");
}

// The places of the curve's points in the drawing are linear in the logarithms of the data.
TEST(Figure, ALogAxisPlacesPointsByTheirLogarithm) {
  Figure figure = small_figure();
  figure.series = {{"", {1, 10, 1000}, {8, 4, 1}}};
  const std::string svg = Drawing(figure).svg();
  const std::size_t at = svg.find("rgb(  0, 114, 178)");
  ASSERT_NE(at, std::string::npos);
  double x[3], y[3];
  ASSERT_EQ(std::sscanf(svg.c_str() + svg.find("d='M", at), "d='M%lf,%lf L%lf,%lf L%lf,%lf", x, y, x + 1, y + 1, x + 2,
                        y + 2),
            6);
  // gnuplot writes hundredths of a px, rounded from a raster of the same size.
  EXPECT_NEAR((x[1] - x[0]) / (x[2] - x[0]), 1.0 / 3, 0.04 / (x[2] - x[0]));
  EXPECT_NEAR((y[1] - y[0]) / (y[2] - y[0]), 1.0 / 3, 0.04 / (y[2] - y[0]));
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

TEST(Figure, AMarkOutsideTheFrameIsSaidInWords) {
  Figure figure = small_figure();
  figure.vertical_marks = {{1e9, "bend"}, {10, "inside"}, {-1, "impossible"}};
  EXPECT_EQ(Drawing(figure).caption(),
            "caption. The mark “bend” lies outside the frame. The mark “impossible” lies outside the frame.");
  const std::string text = read_markup(Drawing(figure).svg()).text;
  EXPECT_NE(text.find("inside"), std::string::npos);
}

TEST(Figure, DrawsWhatIsHardlyThere) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  Figure figure = small_figure();
  for (const auto& points : std::vector<std::vector<double>>{{}, {kNan}, {5}, {5, 5}, {1e-300, 1e300}, {-1, 0}}) {
    figure.series = {{"a", points, points}};
    figure.series[0].band_lo = figure.series[0].error_lo = std::vector<double>(points.size(), kNan);
    figure.series[0].band_hi = figure.series[0].error_hi = points;
    for (const bool log : {true, false}) {
      figure.x.log = figure.y.log = log;
      EXPECT_EQ(read_markup(Drawing(figure).svg()).problem, "") << points.size();
    }
  }
}

TEST(Figure, SaysWhichPackageHasGnuplotWhenItIsMissing) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nonexistent", 1);
  const std::string message = run_error(small_figure());
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_NE(message.find("gnuplot-nox"), std::string::npos) << message;
  EXPECT_NE(message.find("not in PATH"), std::string::npos) << message;
}

TEST(Gnuplot, AFailureQuotesItsMessage) {
  try {
    (void)run_gnuplot("set terminal svg\nplot nonsense(\n");
    FAIL();
  } catch (const base::RunError& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("gnuplot failed: ")) << error.what();
    EXPECT_GT(std::string(error.what()).size(), 25u) << error.what();
  }
}

// More than any pipe holds, in and out, so that a deadlock or a lost byte would show; and a program that stops reading.
TEST(Gnuplot, TakesLongScriptsAndSurvivesAnEarlyEnd) {
  std::string script;
  for (int i = 0; i < 60'000; ++i) script += "print 'line " + std::to_string(i) + "'\n";
  EXPECT_EQ(run_gnuplot("set print '-'\n" + script).size(), script.size() - 8u * 60'000);
  EXPECT_EQ(run_gnuplot("exit\n" + script), "");
}

TEST(FigureDeathTest, ArraysOfDifferentLengthAreABug) {
  Figure figure = small_figure();
  figure.series[0].y.pop_back();
  EXPECT_DEATH((void)Drawing(figure).svg(), "size");
}

}  // namespace
}  // namespace phaselaw::report
