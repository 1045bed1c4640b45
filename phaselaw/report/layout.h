// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "phaselaw/report/figure.h"

// Where the parts of a figure stand, in px of the drawing with y upwards. It places what it is given: margins that hold
// the labels, labels above the frame and to its right pushed apart, legend entries flowing in rows below.
namespace phaselaw::report {

inline constexpr double kFontSize = 15;
inline constexpr double kLineHeight = 20;
inline constexpr double kEdge = 10;            // free space at the edge of the drawing
inline constexpr double kLegendSample = 34;    // length of a legend's line
inline constexpr double kAxisLabelBelow = 48;  // centre of the x axis label below the frame

// Where an axis is marked. Labels are in gnuplot's markup: "10^{3}" is a power of ten.
struct Tic {
  double at = 0;
  std::string label;   // "" = unlabelled
  bool minor = false;  // short and with a fainter grid line
};

// Log axis, 0 < lo < hi: powers of ten (every second, third, ... so that at most nine are labelled), with 2 to 9
// between them; where the axis holds less than two decades 1, 2, 5 and more are labelled, so that there are three
// labels at least.
[[nodiscard]] std::vector<Tic> log_tics(double lo, double hi);

// Linear axis, lo < hi: steps of 1, 2 or 5 times a power of ten, four to ten labels.
[[nodiscard]] std::vector<Tic> linear_tics(double lo, double hi);

// One direction: a number of the axis to px and back to a share of the frame.
struct Scale {
  bool log = false;
  double lo = 0, hi = 1;            // ends of the axis
  double start_px = 0, end_px = 1;  // their places
  std::vector<Tic> tics{};
  [[nodiscard]] double share(double at) const;  // 0 at lo, 1 at hi
  [[nodiscard]] double px(double at) const { return start_px + share(at) * (end_px - start_px); }
};

struct PlacedText {
  std::string text;
  double x = 0, y = 0;  // px
  enum class Align { kLeft, kCentre } align = Align::kLeft;
};

struct LegendEntry {
  const Series* series = nullptr;  // the first of its group
  std::size_t pattern = 0;         // 0 = solid; distinct for each group of heavy lines
  double x = 0, y = 0;             // left end of the sample
};

struct GuideLine {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;  // the part inside the frame
};

struct Span {  // shares of the frame's width
  double lo = 0, hi = 0;
};

struct Layout {
  Scale x, y;
  std::vector<LegendEntry> legend;
  std::vector<std::size_t> pattern;     // of each series
  std::vector<PlacedText> texts;        // labels of marks, intervals and guides
  std::vector<bool> vertical_inside;    // of each vertical mark: whether it lies in the frame
  std::vector<bool> horizontal_inside;  // of each horizontal mark
  std::vector<Span> intervals;          // the part inside the frame; lo >= hi or NaN = nothing
  std::vector<GuideLine> guides;        // NaN = outside the frame
};

[[nodiscard]] bool drawable(double value, const Axis& axis);
[[nodiscard]] double text_width(const std::string& text);  // estimate, px
[[nodiscard]] Layout lay_out(const Figure& figure);

}  // namespace phaselaw::report
