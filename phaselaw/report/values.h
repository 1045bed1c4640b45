// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "phaselaw/report/layout.h"

// Values under the pointer, without a script: an invisible circle lies over each point of a figure, and the browser shows
// its title. Thin lines (single runs among many) have none, and long lines have every k-th point, so that a figure holds
// some hundreds of circles.
namespace phaselaw::report {

inline constexpr std::size_t kHoverPoints = 400;  // of a figure, at most (plus one for each series)

// A <g> to stand in the figure's <svg> after the drawing; empty when no point is to be shown.
[[nodiscard]] std::string hover_points(const Figure& figure, const Layout& layout);

}  // namespace phaselaw::report
