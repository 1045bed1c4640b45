// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "phaselaw/report/layout.h"

// Values under the pointer, without a script: over each point of a figure lies an invisible circle whose title the
// browser shows. Thin lines (single runs among many) get none; long lines get every k-th point, so that a figure holds
// some hundreds of them.
namespace phaselaw::report {

inline constexpr std::size_t kHoverPoints = 400;  // of a figure, at most (plus one a series)

// A <g> to stand in the figure's <svg>, after the drawing; empty when no point is to be shown.
[[nodiscard]] std::string hover_points(const Figure& figure, const Layout& layout);

}  // namespace phaselaw::report
