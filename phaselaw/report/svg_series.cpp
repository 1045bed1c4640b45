// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/svg_series.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include <fmt/format.h>

#include "phaselaw/report/palette.h"
#include "phaselaw/report/path.h"

namespace phaselaw::report {

namespace {

constexpr const char* kDashes[] = {"", "9 5", "2.5 3.5", "11 4 2.5 4", "15 6", "3 3 3 8", "8 3 2 3 2 3"};
constexpr double kFar = 1e7;     // px; nothing further away is drawn
constexpr double kBeyond = 10;   // px outside the frame that are still drawn, and cut off by the clip path
constexpr double kOnTop = 0.65;  // the size of points that lie on others, relative to those
constexpr std::size_t kMostCompared = 100'000;  // pairs of points
constexpr double kPointsAlone = 0.7;            // the size of a line of one point, relative to that of other points

std::string opacity(const char* what, double value) {
  return value >= 1 ? "" : fmt::format(" {}=\"{:.3g}\"", what, std::max(value, 0.0));
}

class SeriesWriter {
 public:
  SeriesWriter(const Figure& figure, const Layout& layout) : figure_(figure), layout_(layout), frame_(layout.frame()) {}

  [[nodiscard]] std::string body() {
    for (const Series& s : figure_.series) band(s);
    for (std::size_t i = 0; i < figure_.series.size(); ++i) {
      lines(figure_.series[i], layout_.pattern[i]);
      error_bars(figure_.series[i]);
      points(figure_.series[i]);
    }
    return std::move(out_);
  }

 private:
  void path(const PathData& data, const std::string& look) {
    if (!data.empty()) out_ += fmt::format("<path {} d=\"{}\"/>\n", look, data.text());
  }

  [[nodiscard]] Point at(double x, double y) const {
    return {std::clamp(layout_.x.px(x), -kFar, kFar), std::clamp(layout_.y.px(y), -kFar, kFar)};
  }
  // The end of a band or of an error bar that has no place on the axis lies at the edge towards it.
  [[nodiscard]] double low_end(double y) const { return drawable(y, figure_.y) ? y : layout_.y.lo; }
  [[nodiscard]] double high_end(double y) const { return drawable(y, figure_.y) ? y : layout_.y.hi; }

  // The runs of points [from, to) of a series that can be drawn without a break.
  template <class Good, class Emit>
  static void pieces(std::size_t size, Good&& good, Emit&& emit) {
    for (std::size_t from = 0; from < size; ++from) {
      if (!good(from)) continue;
      std::size_t to = from;
      while (to < size && good(to)) ++to;
      emit(from, to);
      from = to;
    }
  }
  [[nodiscard]] bool has_place(const Series& s, std::size_t i) const {
    return drawable(s.x[i], figure_.x) && drawable(s.y[i], figure_.y);
  }

  void band(const Series& s) {
    if (s.band_lo.empty()) return;
    PathData data;
    const Box box = frame_.wider(20 * (frame_.bottom - frame_.top));
    const auto good = [&](std::size_t i) {
      return drawable(s.x[i], figure_.x) && !std::isnan(s.band_lo[i]) && drawable(s.band_hi[i], figure_.y);
    };
    pieces(s.x.size(), good, [&](std::size_t from, std::size_t to) {
      std::vector<Point> upper, lower;
      for (std::size_t i = from; i < to; ++i) upper.push_back(at(s.x[i], s.band_hi[i]));
      for (std::size_t i = to; i-- > from;) lower.push_back(at(s.x[i], low_end(s.band_lo[i])));
      std::vector<Point> outline = thinned_line(upper);
      for (const Point& p : thinned_line(lower)) outline.push_back(p);
      for (std::size_t i = 0; i < outline.size(); ++i) {
        const Point p{outline[i].x, std::clamp(outline[i].y, box.top, box.bottom)};
        i == 0 ? data.move(p) : data.line(p);
      }
      data.close();
    });
    path(data, fmt::format("{} fill-opacity=\"{}\"", fill(line_paint(s.colour)), kBandOpacity));
  }

  void lines(const Series& s, std::size_t pattern) {
    if (s.style == Style::kPoints) return;
    PathData data;
    pieces(
        s.x.size(), [&](std::size_t i) { return has_place(s, i); },
        [&](std::size_t from, std::size_t to) {
          std::vector<Point> points;
          for (std::size_t i = from; i < to; ++i) points.push_back(at(s.x[i], s.y[i]));
          add_polyline(thinned_line(points), frame_.wider(kBeyond), data);
        });
    path(data, line_look(s, pattern, s.width, s.opacity));
  }

  void points(const Series& s) {
    const bool all = s.style == Style::kPoints || s.style == Style::kLinePoints;
    std::vector<Point> places;
    pieces(
        s.x.size(), [&](std::size_t i) { return has_place(s, i); },
        [&](std::size_t from, std::size_t to) {
          // A line of one point shows nothing: it is drawn as a point.
          if (!all && to - from > 1) return;
          for (std::size_t i = from; i < to; ++i) places.push_back(at(s.x[i], s.y[i]));
        });
    const Box box = frame_.wider(kBeyond);
    std::erase_if(
        places, [&](const Point& p) { return p.x < box.left || p.x > box.right || p.y < box.top || p.y > box.bottom; });
    PathData data;
    places = thinned_points(places);
    const double radius = (all ? 1 : kPointsAlone) * (hides_others(places) ? kOnTop : 1) * point_radius(layout_.canvas);
    const std::string shape = point_shape(s.colour, radius);
    for (const Point& p : places) {
      data.move(p);
      data.shape(shape);
    }
    drawn_.insert(drawn_.end(), places.begin(), places.end());
    path(data, point_look(s, s.opacity));
  }

  // Whether half of the points would lie on points of other series. Smaller ones leave those visible.
  [[nodiscard]] bool hides_others(const std::vector<Point>& places) const {
    if (places.size() * drawn_.size() > kMostCompared) return false;
    const double radius = point_radius(layout_.canvas);
    const auto on_top = std::count_if(places.begin(), places.end(), [&](const Point& p) {
      return std::any_of(drawn_.begin(), drawn_.end(),
                         [&](const Point& q) { return std::hypot(p.x - q.x, p.y - q.y) < radius; });
    });
    return 2 * static_cast<std::size_t>(on_top) > places.size();
  }

  void error_bars(const Series& s) {
    if (s.error_lo.empty()) return;
    PathData data;
    const Box box = frame_.wider(kBeyond);
    constexpr double kCap = 3;  // px to each side
    for (std::size_t i = 0; i < s.x.size(); ++i) {
      if (!has_place(s, i) || std::isnan(s.error_lo[i]) || std::isnan(s.error_hi[i])) continue;
      const Point low = at(s.x[i], low_end(s.error_lo[i])), high = at(s.x[i], high_end(s.error_hi[i]));
      if (low.x < box.left || low.x > box.right) continue;
      for (const Point& end : {low, high}) {
        if (end.y < box.top || end.y > box.bottom) continue;
        data.move({end.x - kCap, end.y});
        data.line({end.x + kCap, end.y});
      }
      add_polyline({low, high}, box, data);
    }
    path(data, stroke(line_paint(s.colour)) + " stroke-width=\"1.4\"" + opacity("stroke-opacity", s.opacity));
  }

  const Figure& figure_;
  const Layout& layout_;
  Box frame_;
  std::string out_;
  std::vector<Point> drawn_;  // the points of all series so far
};

}  // namespace

double point_radius(const Canvas& canvas) { return 0.3 * canvas.font; }

std::string line_look(const Series& s, std::size_t pattern, double width, double alpha) {
  const char* dash = kDashes[pattern % std::size(kDashes)];
  return fmt::format("{} stroke-width=\"{:.4g}\" stroke-linejoin=\"round\"{}{}", stroke(line_paint(s.colour)), width,
                     *dash == '\0' ? "" : fmt::format(" stroke-dasharray=\"{}\"", dash),
                     opacity("stroke-opacity", alpha));
}

// Filled points have an edge in the colour of the card, which keeps neighbours apart; open ones hide what is below.
std::string point_look(const Series& s, double alpha) {
  const Paint& colour = line_paint(s.colour);
  const std::string look = point_is_filled(s.colour) ? fill_and_stroke(colour, paint::kCard) + " stroke-width=\"0.7\""
                                                     : fill_and_stroke(paint::kCard, colour) + " stroke-width=\"1.5\"";
  return look + opacity("opacity", alpha);
}

std::string svg_of_series(const Figure& figure, const Layout& layout) { return SeriesWriter(figure, layout).body(); }

}  // namespace phaselaw::report
