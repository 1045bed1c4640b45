// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/text_plot.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "phaselaw/base/format.h"
#include "phaselaw/report/axis.h"

namespace phaselaw::report {

namespace {

bool is_drawn(double x, double y) { return std::isfinite(x) && std::isfinite(y) && x > 0 && y > 0; }

// The cell of a value between the ends of its axis.
std::size_t cell_of(double value, const Range& range, std::size_t cells) {
  const double span = std::log(range.hi) - std::log(range.lo);
  const double share = span > 0 ? (std::log(value) - std::log(range.lo)) / span : 0.5;
  const double cell = std::round(share * static_cast<double>(cells - 1));
  return static_cast<std::size_t>(std::clamp(cell, 0.0, static_cast<double>(cells - 1)));
}

}  // namespace

std::string text_plot(const std::vector<TextSeries>& series, const std::string& x_label, std::size_t width,
                      std::size_t height) {
  Range x_range, y_range;
  std::size_t points = 0;
  for (const TextSeries& one : series)
    for (std::size_t i = 0; i < one.x.size(); ++i)
      if (is_drawn(one.x[i], one.y[i])) {
        x_range.include(one.x[i]);
        y_range.include(one.y[i]);
        ++points;
      }
  if (points < 2 || width < 2 || height < 2) return "";
  std::vector<std::string> rows(height, std::string(width, ' '));
  for (const TextSeries& one : series)
    for (std::size_t i = 0; i < one.x.size(); ++i)
      if (is_drawn(one.x[i], one.y[i]))
        rows[height - 1 - cell_of(one.y[i], y_range, height)][cell_of(one.x[i], x_range, width)] = one.mark;
  const std::string top = base::format_number(y_range.hi), bottom = base::format_number(y_range.lo);
  const std::size_t margin = std::max(top.size(), bottom.size());
  std::string out;
  for (std::size_t row = 0; row < height; ++row) {
    const std::string label = row == 0 ? top : row + 1 == height ? bottom : "";
    std::string cells = rows[row];
    cells.erase(cells.find_last_not_of(' ') + 1);
    out += fmt::format("{:>{}} |{}\n", label, margin, cells);
  }
  const std::string first = base::format_number(x_range.lo, 6), last = base::format_number(x_range.hi, 6);
  const std::size_t gap = first.size() + last.size() < width ? width - first.size() - last.size() : 1;
  out += fmt::format("{:>{}} {}{}{}  {} (log axes)\n", "", margin + 1, first, std::string(gap, ' '), last, x_label);
  std::string marks;
  for (const TextSeries& one : series) marks += fmt::format("{}{} {}", marks.empty() ? "" : "   ", one.mark, one.name);
  return out + fmt::format("{:>{}} {}\n", "", margin + 1, marks);
}

}  // namespace phaselaw::report
