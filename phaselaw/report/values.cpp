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

std::string value(const Axis& axis, double at) {
  const std::string number = base::format_number(at, 4);
  return axis.unit.empty() ? fmt::format("{} {}", axis.label, number)
                           : fmt::format("{} {} {}", axis.label, number, axis.unit);
}

std::string title(const Figure& figure, const Series& s, std::size_t i) {
  std::string text = s.label.empty() ? std::string() : s.label + "\n";
  text += value(figure.x, s.x[i]) + "\n" + value(figure.y, s.y[i]);
  const auto& lo = s.error_lo.empty() ? s.band_lo : s.error_lo;
  const auto& hi = s.error_hi.empty() ? s.band_hi : s.error_hi;
  if (!lo.empty() && std::isfinite(lo[i]) && std::isfinite(hi[i]))
    text += fmt::format(" [{}, {}]", base::format_number(lo[i], 4), base::format_number(hi[i], 4));
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
