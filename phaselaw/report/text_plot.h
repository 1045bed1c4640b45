// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

// A small plot in letters, for a terminal.
namespace phaselaw::report {

struct TextSeries {
  std::string name;
  char mark = '*';
  std::vector<double> x, y;  // of equal length
};

// Both axes are logarithmic. Points that are not positive and finite are left out. Of several points in one cell the
// last series is seen. The ends of the axes are labelled, and the last line names the marks:
//
//      5.55 | *
//           |  ++**
//           |    ++
//      1.23 |_______
//            1      1000  x_label
//            * train loss   + test loss
//
// `width` and `height` count the cells of the plot. Empty if fewer than two points can be drawn. Cost: linear in the points.
[[nodiscard]] std::string text_plot(const std::vector<TextSeries>& series, const std::string& x_label,
                                    std::size_t width = 60, std::size_t height = 10);

}  // namespace phaselaw::report
