// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/report/figure.h"

// Texts in a drawing: how much room they take, where they break, and how they keep clear of each other.
namespace phaselaw::report {

// Width in px of one line of text at `font` px: that of DejaVu Sans, the widest of the usual sans-serif fonts, so that a
// text fits in any of them.
[[nodiscard]] double text_width(std::string_view line, double font);

// The text with every line break and tab replaced by a space, broken with '\n' between words so that each line is at most
// `width` px wide and the lines are about equally long; a word that is wider is broken too.
[[nodiscard]] std::string wrapped(const std::string& text, double width, double font);

struct PlacedText {
  std::string text{};   // lines parted by '\n'
  double x = 0, y = 0;  // px: x of the alignment, y of the middle of the block
  enum class Align { kLeft, kCentre } align = Align::kLeft;
  std::optional<Colour> colour{};  // of the series that the text names; none = ink
};

struct TextSize {
  double width = 0, height = 0;
};
[[nodiscard]] TextSize size_of(const std::string& text, double font);

// Moves labels that overlap up and down, as little as possible (least squares), keeping their order. They stay between
// `top` and `bottom` where there is room for all of them.
void push_apart(std::vector<PlacedText>& labels, double top, double bottom, double font);

}  // namespace phaselaw::report
