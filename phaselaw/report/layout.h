// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "phaselaw/report/axis.h"
#include "phaselaw/report/figure.h"
#include "phaselaw/report/labels.h"
#include "phaselaw/report/path.h"

// Where the parts of a figure stand, in px with y downwards. It places what it is given: margins that hold the labels,
// labels above the frame and to its right pushed apart, names at the ends of their lines where they fit, and the other
// names in a legend below.
namespace phaselaw::report {

// The drawing is made twice: for a page of usual width, and for a phone, where the first would be too small to read.
enum class View { kWide, kNarrow };

struct Canvas {
  double width = 760, height = 480;  // px
  double font = 15;                  // px
  [[nodiscard]] double line_height() const { return 4 * font / 3; }
};
[[nodiscard]] Canvas canvas_of(const Figure& figure, View view);

inline constexpr double kLegendLine = 34, kLegendPoint = 12;  // px, the samples of a legend with and without lines
inline constexpr double kExponentSize = 0.74;                 // of a raised exponent, times the font size
inline constexpr double kTicLength = 6;                       // px, outside the frame

struct LegendEntry {
  const Series* series = nullptr;  // the first of its group
  std::size_t pattern = 0;         // 0 = solid; each group of heavy lines has its own
  std::string text{};              // the label, broken to lines
  double sample = 0;               // px, the width of the sample
  double x = 0, y = 0;             // the left end of the sample, the middle of the entry
};

struct GuideLine {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;  // the part inside the frame, as numbers of the axes
};

struct Span {
  double lo = 0, hi = 0;
};

struct Layout {
  Canvas canvas;
  Scale x, y;  // y.start_px is the lower edge of the frame
  std::vector<LegendEntry> legend;
  std::vector<std::size_t> pattern;     // of each series
  PlacedText x_label, y_label;          // y_label is turned by 90 degrees about its place
  std::vector<PlacedText> texts;        // names at lines, labels of marks, intervals and guides
  std::vector<bool> vertical_inside;    // for each vertical mark, whether it lies in the frame
  std::vector<bool> horizontal_inside;  // for each horizontal mark
  std::vector<Span> intervals;          // shares of the frame's width; lo >= hi or NaN = outside the frame
  std::vector<GuideLine> guides;        // NaN = outside the frame
  [[nodiscard]] Box frame() const { return {x.start_px, y.end_px, x.end_px, y.start_px}; }
};

[[nodiscard]] Layout lay_out(const Figure& figure, const Canvas& canvas);

}  // namespace phaselaw::report
