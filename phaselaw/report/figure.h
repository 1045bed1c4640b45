// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

#include "phaselaw/base/constants.h"

// A figure as plain data; drawing.h makes its picture. Nothing is computed from the data: fits, bands and envelopes are
// given.
//
// All text is plain UTF-8 (no markup). Points that cannot be drawn (NaN, infinite, or not positive on a log axis) break
// the line, are left out, and the caption says how many.
namespace phaselaw::report {

inline constexpr double kNotGiven = base::kNaN;

struct Axis {
  std::string label{};
  std::string unit{};  // "" = a pure number; printed as "label (unit)"
  bool log = false;
  double lo = kNotGiven;  // limits; not given = from the data, with a small margin
  double hi = kNotGiven;
};

enum class Style { kLine, kDashed, kPoints, kLinePoints };

// Safe for colour-blind eyes, on light and on dark cards (palette.h). Each group of lines has its own dash pattern and
// each colour its own point shape, so that prints in grey can be read.
enum class Colour { kBlack, kOrange, kSkyBlue, kGreen, kYellow, kBlue, kVermillion, kPurple, kGrey };
inline constexpr std::size_t kColours = 9;
// Of the i-th of many series: the colours that differ most come first; no yellow; again from the start after 8.
[[nodiscard]] inline Colour series_colour(std::size_t i) {
  constexpr Colour kMostDifferent[] = {Colour::kVermillion, Colour::kBlue,    Colour::kGreen, Colour::kOrange,
                                       Colour::kPurple,     Colour::kSkyBlue, Colour::kGrey,  Colour::kBlack};
  return kMostDifferent[i % std::size(kMostDifferent)];
}

struct Series {
  std::string label{};  // series that share a label have one legend entry; "" = none
  std::vector<double> x{};
  std::vector<double> y{};
  Style style = Style::kLine;
  Colour colour = Colour::kBlue;
  double width = 2;                            // of the line, in px at full size; thin runs: 0.8
  double opacity = 1;                          // many runs: 0.35
  std::vector<double> band_lo{}, band_hi{};    // shaded band about the line, as long as x, or empty
  std::vector<double> error_lo{}, error_hi{};  // ends of the error bars in y, as long as x, or empty
};

struct Mark {
  double at = 0;
  std::string label{};
  Colour colour = Colour::kBlack;
};

struct Interval {  // shaded over the whole height
  double lo = 0;
  double hi = 0;
  std::string label{};
  Colour colour = Colour::kYellow;
};

// The straight line y = y0 (x/x0)^slope on log axes (y0 + slope (x - x0) where neither axis is log) from x0 to x1.
struct SlopeGuide {
  double x0 = 1;
  double y0 = 1;
  double x1 = 10;
  double slope = 0;
  std::string label{};  // printed at the end x1
};

struct Figure {
  std::string title{};
  std::string caption{};   // what is seen and what to read from it
  std::string alt_text{};  // for readers who cannot see it; "" = the caption
  Axis x;
  Axis y;
  std::vector<Series> series{};  // drawn in this order: runs first, then envelope, then law
  std::vector<Mark> vertical_marks{};
  std::vector<Mark> horizontal_marks{};
  std::vector<Interval> x_intervals{};
  std::vector<SlopeGuide> slope_guides{};
  double width = 760;  // px of the wide drawing; the page scales it to its column
  double height = 480;
};

}  // namespace phaselaw::report
