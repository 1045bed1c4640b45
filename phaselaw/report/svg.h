// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

// What gnuplot draws, made fit to stand in a page beside others.
namespace phaselaw::report {

// `drawing` is an SVG document by gnuplot. The result is one <svg> element without XML prolog, fixed size, font names
// or empty groups; its <title> and <desc> are the given texts, and every id and every reference to one begins with
// `id`-. RunError when `drawing` is not what gnuplot writes.
[[nodiscard]] std::string finish_svg(const std::string& drawing, const std::string& id, const std::string& title,
                                     const std::string& description);

}  // namespace phaselaw::report
