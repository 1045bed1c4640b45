// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/drawing.h"

#include <cstddef>

#include <fmt/format.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/report/format.h"
#include "phaselaw/report/svg.h"

namespace phaselaw::report {

namespace {

void check_lengths(const Figure& figure) {
  for (const Series& s : figure.series) {
    PHASELAW_CHECK_EQ(s.x.size(), s.y.size());
    PHASELAW_CHECK_EQ(s.band_lo.size(), s.band_hi.size());
    PHASELAW_CHECK_EQ(s.error_lo.size(), s.error_hi.size());
    PHASELAW_CHECK(s.band_lo.empty() || s.band_lo.size() == s.x.size());
    PHASELAW_CHECK(s.error_lo.empty() || s.error_lo.size() == s.x.size());
  }
}

std::size_t dropped_points(const Figure& figure) {
  std::size_t count = 0;
  for (const Series& s : figure.series)
    for (std::size_t i = 0; i < s.x.size(); ++i)
      if (!drawable(s.x[i], figure.x) || !drawable(s.y[i], figure.y)) ++count;
  return count;
}

// The caption, how many points were left out and why, and the marks that are not shown.
std::string caption_of(const Figure& figure, const Layout& layout) {
  std::string text = figure.caption;
  if (const std::size_t count = dropped_points(figure); count > 0) {
    const bool log = figure.x.log || figure.y.log;
    text += fmt::format("{}{} not finite{}.", text.empty() ? "" : " ",
                        count == 1 ? "1 point is left out because it is"
                                   : fmt::format("{} points are left out because they are", count),
                        log ? ", or not positive on a log axis" : "");
  }
  const auto add = [&](const Mark& mark) {
    if (!mark.label.empty()) text += fmt::format(" The mark “{}” lies outside the frame.", mark.label);
  };
  for (std::size_t i = 0; i < figure.vertical_marks.size(); ++i)
    if (!layout.vertical_inside[i]) add(figure.vertical_marks[i]);
  for (std::size_t i = 0; i < figure.horizontal_marks.size(); ++i)
    if (!layout.horizontal_inside[i]) add(figure.horizontal_marks[i]);
  return text;
}

const Figure& checked(const Figure& figure) {
  check_lengths(figure);
  return figure;
}

}  // namespace

Drawing::Drawing(const Figure& figure, std::string id)
    : figure_(checked(figure)),
      id_(std::move(id)),
      wide_(lay_out(figure, canvas_of(figure, View::kWide))),
      caption_(caption_of(figure, wide_)) {}

const std::string& Drawing::description() const { return figure_.alt_text.empty() ? caption_ : figure_.alt_text; }

std::string Drawing::svg() const { return svg_of(figure_, wide_, {id_, figure_.title, description()}, true, false); }

std::string Drawing::page_svg(View view) const {
  if (view == View::kWide) return svg_of(figure_, wide_, {id_, figure_.title, description()}, false, true);
  const Layout narrow = lay_out(figure_, canvas_of(figure_, view));
  return svg_of(figure_, narrow, {id_ + "-narrow", figure_.title, description()}, false, false);
}

std::string Drawing::sheet() const {
  const std::string size = fmt::format("{:.0f}px {:.0f}px", wide_.canvas.width, wide_.canvas.height);
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title>\n<style>@page {{ size: {}; "
      "margin: 0; }} html, body {{ margin: 0; }} svg {{ display: block; width: {:.0f}px; height: {:.0f}px; }}</style>"
      "</head>\n<body>{}</body></html>\n",
      escape_html(figure_.title), size, wide_.canvas.width, wide_.canvas.height, svg());
}

}  // namespace phaselaw::report
