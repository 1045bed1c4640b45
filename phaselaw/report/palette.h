// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "phaselaw/report/figure.h"

// The colours of figures, on a light and on a dark card. An element states its light colour as an attribute, which every
// reader of SVG understands, and a class, by which figure_style() gives it the dark one.
//
// The colours of series descend from those of Okabe and Ito. They have a contrast of at least 3 with the card, those of
// texts at least 4.5, and any two of them but yellow differ by 20 or more in CIELAB to eyes that lack one kind of cone;
// tests/report/palette_test.cpp measures it.
namespace phaselaw::report {

struct Paint {
  const char* name;
  const char* light;
  const char* dark;
};

namespace paint {
inline constexpr Paint kInk{"ink", "#222222", "#e6e8ea"};      // texts
inline constexpr Paint kTic{"tic", "#444b52", "#b9c0c7"};      // numbers at the axes
inline constexpr Paint kFrame{"frame", "#555c63", "#8b949e"};  // axes
inline constexpr Paint kGuide{"guide", "#444444", "#c4c9ce"};  // slope guides
inline constexpr Paint kGrid{"grid", "#dcdcdc", "#3a4148"};
inline constexpr Paint kMinorGrid{"minor", "#f1f1f1", "#272c32"};
inline constexpr Paint kCard{"card", "#ffffff", "#1d2126"};  // what the figure stands on
}  // namespace paint

[[nodiscard]] const Paint& line_paint(Colour colour);   // lines, points and bands of a series
[[nodiscard]] const Paint& shade_paint(Colour colour);  // intervals; yellow is brighter there
[[nodiscard]] const Paint& text_paint(Colour colour);   // a text that names a series

// Attributes, for example: class="f-blue" fill="#1149be".
[[nodiscard]] std::string fill(const Paint& paint);
[[nodiscard]] std::string stroke(const Paint& paint);  // and fill="none"
[[nodiscard]] std::string fill_and_stroke(const Paint& fill, const Paint& stroke);

// The rules that give the dark colours, for a style sheet of the page or of one file. They hold on a dark screen and not
// in print.
[[nodiscard]] std::string figure_style();

}  // namespace phaselaw::report
