// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/path.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace phaselaw::report {

namespace {

// "-3.5", ".25", "12": hundredths without zeros that say nothing.
void append_hundredths(std::string& text, long value) {
  const long magnitude = std::labs(value), whole = magnitude / 100, rest = magnitude % 100;
  const auto digit = [](long d) { return static_cast<char>('0' + d); };
  if (value < 0) text += '-';
  if (whole != 0 || rest == 0) text += fmt::format_int(whole).c_str();
  if (rest == 0) return;
  text += '.';
  text += digit(rest / 10);
  if (rest % 10 != 0) text += digit(rest % 10);
}

// The part of the segment inside the box (Liang and Barsky); false when there is none.
bool clip_segment(Point& a, Point& b, const Box& box) {
  double from = 0, to = 1;
  const double dx = b.x - a.x, dy = b.y - a.y;
  const std::array<std::pair<double, double>, 4> edges = {
      {{-dx, a.x - box.left}, {dx, box.right - a.x}, {-dy, a.y - box.top}, {dy, box.bottom - a.y}}};
  for (const auto& [direction, room] : edges) {
    if (direction == 0 && room < 0) return false;
    if (direction == 0) continue;
    const double at = room / direction;
    if (direction < 0)
      from = std::max(from, at);
    else
      to = std::min(to, at);
  }
  if (!(from < to)) return false;
  const Point start = a;
  a = {start.x + from * dx, start.y + from * dy};
  b = {start.x + to * dx, start.y + to * dy};
  return true;
}

enum class Shape { kCircle, kSquare, kTriangle, kDown, kDiamond };
struct ShapeOf {
  Shape shape;
  bool filled;
};
constexpr std::array<ShapeOf, kColours> kShapes = {{{Shape::kCircle, true},
                                                    {Shape::kDown, true},
                                                    {Shape::kCircle, false},
                                                    {Shape::kDiamond, true},
                                                    {Shape::kDiamond, false},
                                                    {Shape::kSquare, true},
                                                    {Shape::kTriangle, true},
                                                    {Shape::kSquare, false},
                                                    {Shape::kTriangle, false}}};

}  // namespace

void PathData::step(char command, Point to) {
  const long x = std::lround(100 * to.x), y = std::lround(100 * to.y);
  const bool absolute = command == 'M' || last_ == 0;
  const long first = absolute ? x : x - x_, second = absolute ? y : y - y_;
  if (absolute || last_ != command)
    text_ += absolute ? 'M' : command;
  else if (first >= 0)
    text_ += ' ';
  append_hundredths(text_, first);
  if (second >= 0) text_ += ' ';
  append_hundredths(text_, second);
  last_ = absolute ? 'M' : command;
  x_ = x;
  y_ = y;
}

void add_polyline(const std::vector<Point>& points, const Box& box, PathData& path) {
  bool connected = false;
  for (std::size_t i = 1; i < points.size(); ++i) {
    Point a = points[i - 1], b = points[i];
    if (!clip_segment(a, b, box)) {
      connected = false;
      continue;
    }
    if (!connected) path.move(a);
    path.line(b);
    connected = b.x == points[i].x && b.y == points[i].y;
  }
}

std::vector<Point> thinned_line(const std::vector<Point>& points) {
  if (points.size() <= kThinFrom) return points;
  std::vector<Point> kept;
  for (std::size_t from = 0; from < points.size();) {
    const double column = std::floor(points[from].x);
    std::size_t to = from, low = from, high = from;
    for (; to < points.size() && std::floor(points[to].x) == column; ++to) {
      if (points[to].y < points[high].y) high = to;
      if (points[to].y > points[low].y) low = to;
    }
    std::array<std::size_t, 4> chosen = {from, low, high, to - 1};
    std::sort(chosen.begin(), chosen.end());
    for (auto at = chosen.begin(), end = std::unique(chosen.begin(), chosen.end()); at != end; ++at)
      kept.push_back(points[*at]);
    from = to;
  }
  return kept;
}

std::vector<Point> thinned_points(const std::vector<Point>& points) {
  if (points.size() <= kThinFrom) return points;
  std::vector<Point> kept;
  std::set<std::pair<long, long>> taken;
  for (const Point& p : points)
    if (taken.emplace(std::lround(p.x), std::lround(p.y)).second) kept.push_back(p);
  return kept;
}

std::string point_shape(Colour colour, double radius) {
  const auto n = [](double x) {
    std::string text;
    append_hundredths(text, std::lround(100 * x));
    return text;
  };
  const double r = radius;
  switch (kShapes[static_cast<std::size_t>(colour)].shape) {
    case Shape::kCircle:
      return fmt::format("m{0} 0a{1} {1} 0 1 0 {2} 0a{1} {1} 0 1 0 {3} 0z", n(-r), n(r), n(2 * r), n(-2 * r));
    case Shape::kSquare: {
      const double h = 0.88 * r;
      return fmt::format("m{0} {0}h{1}v{1}h{2}z", n(-h), n(2 * h), n(-2 * h));
    }
    case Shape::kTriangle:
      return fmt::format("m0 {}l{} {}h{}z", n(-1.2 * r), n(1.1 * r), n(1.95 * r), n(-2.2 * r));
    case Shape::kDown:
      return fmt::format("m0 {}l{} {}h{}z", n(1.2 * r), n(1.1 * r), n(-1.95 * r), n(-2.2 * r));
    case Shape::kDiamond:
      break;
  }
  return fmt::format("m0 {1}l{0} {0} {1} {0} {1} {1}z", n(1.25 * r), n(-1.25 * r));
}

bool point_is_filled(Colour colour) { return kShapes[static_cast<std::size_t>(colour)].filled; }

}  // namespace phaselaw::report
