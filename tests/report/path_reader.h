// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include "phaselaw/report/path.h"

namespace phaselaw::report {

// The points of a path of absolute M and relative l steps, as PathData writes it.
inline std::vector<Point> read_path(const std::string& data) {
  std::vector<Point> points;
  char command = 'M';
  for (const char* at = data.c_str(); *at != '\0';) {
    if (*at == 'M' || *at == 'l' || *at == 'z' || *at == ' ') {
      if (*at != ' ') command = *at;
      ++at;
      continue;
    }
    char* end = nullptr;
    const double x = std::strtod(at, &end);
    const double y = std::strtod(end, &end);
    if (end == at) return {};  // not such a path
    const Point from = command == 'l' ? points.back() : Point{};
    points.push_back({from.x + x, from.y + y});
    at = end;
  }
  return points;
}

}  // namespace phaselaw::report
