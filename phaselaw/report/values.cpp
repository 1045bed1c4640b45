// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/values.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "phaselaw/base/format.h"
#include "phaselaw/report/format.h"

namespace phaselaw::report {

namespace {

constexpr double kThin = 1.5;    // px; lines below are runs in the background
constexpr double kRadius = 6.0;  // px of a target for the pointer

bool shown(const Figure& figure, const Layout& layout, const Series& s, std::size_t i) {
  return drawable(s.x[i], figure.x) && drawable(s.y[i], figure.y) && layout.x.holds(s.x[i]) && layout.y.holds(s.y[i]);
}

bool has_points(const Series& s) {
  return s.style == Style::kPoints || s.style == Style::kLinePoints || s.width >= kThin;
}

std::string value(const Axis& axis, const std::string& number) {
  return axis.unit.empty() ? fmt::format("{} {}", axis.label, number)
                           : fmt::format("{} {} {}", axis.label, number, axis.unit);
}

std::string title(const Figure& figure, const Series& s, std::size_t i) {
  std::string text = s.label.empty() ? std::string() : s.label + "\n";
  const auto& lo = s.error_lo.empty() ? s.band_lo : s.error_lo;
  const auto& hi = s.error_hi.empty() ? s.band_hi : s.error_hi;
  const bool interval = !lo.empty() && std::isfinite(lo[i]) && std::isfinite(hi[i]);
  text += value(figure.x, base::format_number(s.x[i], 4)) + "\n" +
          value(figure.y, interval ? base::format_value(s.y[i], lo[i], hi[i]) : base::format_number(s.y[i], 4));
  return escape_html(text);
}

}  // namespace

std::string hover_points(const Figure& figure, const Layout& layout) {
  std::size_t points = 0;
  for (const Series& s : figure.series)
    if (has_points(s)) points += s.x.size();
  const std::size_t every = (points + kHoverPoints - 1) / kHoverPoints;
  std::string out;
  for (const Series& s : figure.series) {
    if (!has_points(s)) continue;
    for (std::size_t i = 0; i < s.x.size(); i += std::max<std::size_t>(every, 1))
      if (shown(figure, layout, s, i))
        out += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"><title>{}</title></circle>\n",
                           layout.x.px(s.x[i]), layout.y.px(s.y[i]), kRadius, title(figure, s, i));
  }
  return out.empty() ? out : "<g class=\"values\" fill=\"none\" pointer-events=\"all\">\n" + out + "</g>\n";
}

}  // namespace phaselaw::report
