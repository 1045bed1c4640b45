// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "phaselaw/report/layout.h"

// What gnuplot draws, made fit to stand in a page beside others, and the values of its points.
namespace phaselaw::report {

// `drawing` is an SVG document by gnuplot. The result is one <svg> element without XML prolog, fixed size, font names
// or empty groups; its <title> and <desc> are the given texts, and every id and every reference to one begins with
// `id`-. RunError when `drawing` is not what gnuplot writes.
[[nodiscard]] std::string finish_svg(const std::string& drawing, const std::string& id, const std::string& title,
                                     const std::string& description);

// Values under the pointer, without a script: over each point of a figure lies an invisible circle whose title the
// browser shows. Thin lines (single runs among many) get none; long lines get every k-th point, so that a figure holds
// some hundreds of them.
inline constexpr std::size_t kHoverPoints = 400;  // of a figure, at most (plus one a series)

// A <g> to stand in the figure's <svg>, after the drawing; empty when no point is to be shown.
[[nodiscard]] std::string hover_points(const Figure& figure, const Layout& layout);

}  // namespace phaselaw::report
