// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/report/figure.h"

// Path data for SVG, in hundredths of a px, and what keeps it short: lines are clipped to a box and thinned out.
namespace phaselaw::report {

struct Point {
  double x = 0, y = 0;  // px, y downwards
};

struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;
  [[nodiscard]] Box wider(double by) const { return {left - by, top - by, right + by, bottom + by}; }
};

// The `d` of a <path>, built step by step. Steps are written relative to the point before and rounded so that errors do
// not add up: every point is within 0.005 px of its place.
class PathData {
 public:
  void move(Point to) { step('M', to); }
  void line(Point to) { step('l', to); }
  void close() {
    text_ += 'z';
    last_ = 'z';
  }
  // `relative` is path data that begins and ends at the current point, as point_shape() gives it.
  void shape(const std::string& relative) {
    text_ += relative;
    last_ = 'z';
  }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void step(char command, Point to);
  std::string text_;
  char last_ = 0;
  long x_ = 0, y_ = 0;  // the current point, hundredths of a px
};

// The line through the points, without the parts outside the box.
void add_polyline(const std::vector<Point>& points, const Box& box, PathData& path);

// At most four points of each column of px: the first, the lowest, the highest and the last of every run of points inside
// the column, in their order. The line through them covers the same px. Lines of up to kThinFrom points stay as they are.
inline constexpr std::size_t kThinFrom = 1000;
[[nodiscard]] std::vector<Point> thinned_line(const std::vector<Point>& points);

// Without the points that would be drawn on the same px as one before them, from kThinFrom points on.
[[nodiscard]] std::vector<Point> thinned_points(const std::vector<Point>& points);

// The outline of the point of a series about the current point, and whether it is filled. Each colour has its own shape, so
// that prints in grey can be read. `radius` is in px.
[[nodiscard]] std::string point_shape(Colour colour, double radius);
[[nodiscard]] bool point_is_filled(Colour colour);

}  // namespace phaselaw::report
