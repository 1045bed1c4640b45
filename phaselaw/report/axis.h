// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "phaselaw/report/figure.h"

// The scale of an axis: its ends, its tics, and the map from numbers to px.
namespace phaselaw::report {

// A label is plain text; "10" with the exponent "3" is printed as a power of ten with a raised exponent.
struct Tic {
  double at = 0;
  std::string label{};     // "" = no label
  std::string exponent{};  // of the power of ten at the end of the label; "" = none
  bool minor = false;      // a short tic with a fainter grid line
};

// Log axis, 0 < lo < hi: powers of ten (every second, third, ... so that at most nine have labels), with 2 to 9 between
// them. Where the axis holds less than two decades, 1, 2, 5 and more have labels, so that there are at least three.
[[nodiscard]] std::vector<Tic> log_tics(double lo, double hi);

// Linear axis, lo < hi: steps of 1, 2 or 5 times a power of ten, at most about `wanted` + 4 labels.
[[nodiscard]] std::vector<Tic> linear_tics(double lo, double hi, int wanted = 6);

// The smallest interval that holds all included values.
struct Range {
  double lo = std::numeric_limits<double>::infinity(), hi = -lo;
  void include(double value) {
    lo = value < lo ? value : lo;
    hi = value > hi ? value : hi;
  }
  [[nodiscard]] bool empty() const { return !(lo <= hi); }
};

struct Scale {
  bool log = false;
  double lo = 0, hi = 1;            // ends of the axis
  double start_px = 0, end_px = 1;  // the places of lo and hi in the drawing
  std::vector<Tic> tics{};
  [[nodiscard]] double share(double at) const;  // 0 at lo, 1 at hi
  [[nodiscard]] double px(double at) const { return start_px + share(at) * (end_px - start_px); }
  [[nodiscard]] bool holds(double at) const { return share(at) >= 0 && share(at) <= 1; }
};

// The ends of an axis for data in `data`: their range with a margin of 4 %, unless the axis states its limits. `soft` (the
// range of bands) may widen it by a quarter. lo < hi always holds: values that agree to eight digits, or a single value,
// get an axis of a factor four about them (log) or of a tenth to each side (linear).
[[nodiscard]] Scale scale_of(const Axis& axis, const Range& data, const Range& soft);

// Finite, and positive on a log axis.
[[nodiscard]] bool drawable(double value, const Axis& axis);

// A number as the axis counts it, and back: the logarithm on a log axis.
[[nodiscard]] double axis_coordinate(double value, bool log);
[[nodiscard]] double axis_value(double coordinate, bool log);

}  // namespace phaselaw::report
