// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "phaselaw/report/layout.h"

// The picture of a figure as SVG, from the figure and its layout.
namespace phaselaw::report {

struct SvgText {
  std::string id{};           // every id of the drawing begins with it, so that several may stand in one page
  std::string title{};        // for readers who cannot see the drawing
  std::string description{};  // the same, in sentences
};

// One <svg> element with a viewBox and no fixed size, with <title> and <desc>. `for_a_file`: it brings its own background
// and the style for dark screens, which a page has once for all of its figures. `values`: with hover_points() (values.h).
// Drawn from back to front: intervals, grid, marks, axes, series (svg_series.h), guides, texts, legend.
[[nodiscard]] std::string svg_of(const Figure& figure, const Layout& layout, const SvgText& text, bool for_a_file,
                                 bool values);

}  // namespace phaselaw::report
