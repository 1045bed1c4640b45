// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "phaselaw/report/layout.h"

// The series of a figure as SVG, and their looks, which the legend shares.
namespace phaselaw::report {

inline constexpr double kBandOpacity = 0.22;
[[nodiscard]] double point_radius(const Canvas& canvas);  // px

// Attributes of a <path> for the line or for the points of the series.
[[nodiscard]] std::string line_look(const Series& series, std::size_t pattern, double width, double opacity);
[[nodiscard]] std::string point_look(const Series& series, double opacity);

// First all bands, then each series in its order: line, error bars, points. All is clipped to a little more than the frame.
// "" when there is nothing to draw.
[[nodiscard]] std::string svg_of_series(const Figure& figure, const Layout& layout);

}  // namespace phaselaw::report
