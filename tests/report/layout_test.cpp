// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/layout.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "report/sample_page.h"

namespace phaselaw::report {
namespace {

// Lines of x = 1 ... 100 that end at the given heights.
Figure lines_to(const std::vector<double>& ends) {
  Figure figure;
  figure.x = {"compute", "FLOP", true};
  figure.y = {"loss", "", false, 0, 10};
  for (std::size_t i = 0; i < ends.size(); ++i)
    figure.series.push_back({"line " + std::to_string(i), {1, 10, 100}, {5, 5, ends[i]}});
  return figure;
}

Layout wide(const Figure& figure) { return lay_out(figure, canvas_of(figure, View::kWide)); }

TEST(Layout, NamesStandAtTheEndsOfLinesWhereTheyFit) {
  const Figure figure = lines_to({2, 5, 8});
  const Layout layout = wide(figure);
  EXPECT_TRUE(layout.legend.empty());
  ASSERT_EQ(layout.texts.size(), 3u);
  for (const PlacedText& text : layout.texts) {
    const std::size_t i = static_cast<std::size_t>(text.text.back() - '0');
    EXPECT_NEAR(text.y, layout.y.px(figure.series[i].y.back()), 1e-9);
    EXPECT_GT(text.x, layout.x.px(100));
    EXPECT_LE(text.x + text_width(text.text, layout.canvas.font), layout.canvas.width);
    EXPECT_TRUE(text.colour.has_value());
  }
}

TEST(Layout, ALegendTakesTheNamesThatWouldCollide) {
  for (const auto& ends : std::vector<std::vector<double>>{{5, 5.1, 5.2, 5.3}, {1, 2, 3, 4, 6, 7, 8, 9}})
    EXPECT_EQ(wide(lines_to(ends)).legend.size(), ends.size());
  Figure shorter = lines_to({2, 8});
  shorter.series[0].x = {1, 2, 3};  // ends far from the right edge
  EXPECT_EQ(wide(shorter).legend.size(), 2u);
}

TEST(Layout, LongNamesStandInTheLegend) {
  Figure figure = lines_to({2, 8});
  figure.series[0].label = "a name that says so much of its line that it would take three lines beside it or even more";
  EXPECT_EQ(wide(figure).legend.size(), 2u);
}

TEST(Layout, TheLabelOfAGuideHidesNoPoints) {
  Figure figure = lines_to({});
  figure.y.log = true;
  figure.y.lo = 0.01;
  figure.series = {{.label = "", .x = {1, 10, 30, 100}, .y = {1, 0.5, 0.1, 0.05}, .style = Style::kPoints}};
  for (const double end : {20.0, 50.0})
    for (const View view : {View::kWide, View::kNarrow}) {
      figure.slope_guides = {{1, 1, end, -1.0 / 1.5, "the slope that the theory states"}};
      const Layout layout = lay_out(figure, canvas_of(figure, view));
      ASSERT_EQ(layout.texts.size(), 1u);
      const TextSize size = size_of(layout.texts[0].text, layout.canvas.font);
      for (std::size_t i = 0; i < 4; ++i) {
        const double x = layout.x.px(figure.series[0].x[i]), y = layout.y.px(figure.series[0].y[i]);
        EXPECT_TRUE(x < layout.texts[0].x || x > layout.texts[0].x + size.width ||
                    std::abs(y - layout.texts[0].y) > size.height / 2)
            << i;
      }
    }
}

TEST(Layout, PointsStayInTheLegend) {
  Figure figure = lines_to({2});
  figure.series.push_back({.label = "measured", .x = {10}, .y = {4}, .style = Style::kPoints});
  const Layout layout = wide(figure);
  ASSERT_EQ(layout.legend.size(), 1u);
  EXPECT_EQ(layout.legend[0].text, "measured");
}

// On both canvases: the frame has room, texts and legend lie inside the drawing, and numbers at an axis do not touch.
TEST(Layout, EverythingLiesInsideTheDrawing) {
  Figure wordy = lines_to({2, 8});
  wordy.x.label = wordy.y.label = "a long label of an axis that has much to say about what it shows and in which unit";
  for (int i = 0; i < 9; ++i) {
    const std::string words = "series of many words, number " + std::to_string(i);
    wordy.series.push_back({words, {1, 2}, {3, 4}});
    wordy.horizontal_marks.push_back({4 + 0.1 * i, words});
    wordy.vertical_marks.push_back({10.0 + i, words});
  }
  Figure linear = lines_to({2});
  linear.x = {"tokens", "", false, 100'000, 900'000};
  for (const Figure& figure : {wordy, linear, sample_two_stage_figure(), sample_points_figure()})
    for (const View view : {View::kWide, View::kNarrow}) {
      const Layout layout = lay_out(figure, canvas_of(figure, view));
      const Canvas& canvas = layout.canvas;
      const Box frame = layout.frame();
      EXPECT_GE(frame.right - frame.left, 0.4 * canvas.width);
      EXPECT_LE(frame.right, canvas.width);
      EXPECT_GE(frame.bottom - frame.top, 0.35 * canvas_of(figure, view).height);
      for (const PlacedText& text : layout.texts) {
        const double width = size_of(text.text, canvas.font).width;
        const double left = text.align == PlacedText::Align::kLeft ? text.x : text.x - width / 2;
        EXPECT_GE(left, 0) << text.text;
        EXPECT_LE(left + width, canvas.width + 1) << text.text;
      }
      for (const LegendEntry& entry : layout.legend)
        EXPECT_LE(entry.x + entry.sample + 8 + size_of(entry.text, canvas.font).width, canvas.width) << entry.text;
      double reach = -1;
      for (const Tic& tic : layout.x.tics) {
        if (tic.label.empty()) continue;
        const double half = text_width(tic.label, canvas.font) / 2;
        EXPECT_GT(layout.x.px(tic.at) - half, reach) << tic.label;
        reach = layout.x.px(tic.at) + half;
      }
    }
}

}  // namespace
}  // namespace phaselaw::report
