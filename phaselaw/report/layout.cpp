// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/layout.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

namespace phaselaw::report {

namespace {

constexpr double kHeavy = 1.5;            // px; lines from this width on get a dash pattern of their own
constexpr double kEdge = 8;               // free space at the edge of the drawing
constexpr double kNarrowWidth = 360;      // px of the drawing for a phone
constexpr double kNarrowFont = 13;        // px
constexpr double kWidestBeside = 150;     // px; longer texts beside the frame are broken to lines
constexpr double kBesideText = 6;         // free space between a line's end and its name
constexpr double kBelowFrame = 130;       // px, about what stands below and above the frame
constexpr double kRows = 3;               // more rows of a legend or of labels above the frame make the drawing taller
constexpr std::size_t kMostNames = 6;     // more names at the ends of lines are harder to read than a legend
constexpr std::ptrdiff_t kNameLines = 2;  // of a name at the end of a line, at most
constexpr double kLineEndsAt = 0.88;      // share of the frame's width from which on a line's end can carry its name

// Lays one figure out, part by part; each part needs the room that those before it take.
class Placer {
 public:
  Placer(const Figure& figure, const Canvas& canvas, bool names_at_lines)
      : figure_(figure), names_at_lines_(names_at_lines) {
    layout_.canvas = canvas;
  }

  // Nothing when names at the ends of lines were wanted and do not fit.
  [[nodiscard]] std::optional<Layout> place() {
    find_scales();
    find_groups();
    if (names_at_lines_ && !find_line_ends()) return {};
    place_left();
    place_right_edge();
    layout_.x.tics = tics_that_fit(layout_.x);
    place_top();
    place_bottom();
    if (!place_beside()) return {};
    return std::move(layout_);
  }

 private:
  struct LineEnd {
    const Series* series;
    double x, y;  // numbers of the axes
    std::string text;
  };

  // Points and error bars at the end of a line keep its name away.
  [[nodiscard]] static double gap(const LineEnd& end) {
    return end.series->style == Style::kLinePoints ? 2 * kBesideText : kBesideText;
  }
  [[nodiscard]] double font() const { return layout_.canvas.font; }
  [[nodiscard]] double line_height() const { return layout_.canvas.line_height(); }
  [[nodiscard]] double widest_beside() const { return std::min(0.3 * layout_.canvas.width, kWidestBeside); }

  void find_scales();
  void find_groups();
  [[nodiscard]] bool find_line_ends();
  void place_left();
  void place_right_edge();
  [[nodiscard]] std::vector<Tic> tics_that_fit(const Scale& scale) const;
  void place_top();
  void place_bottom();
  [[nodiscard]] double flow_legend();
  [[nodiscard]] std::size_t points_in(const Box& box) const;
  [[nodiscard]] PlacedText guide_label(std::size_t guide) const;
  [[nodiscard]] bool place_beside();

  const Figure& figure_;
  bool names_at_lines_;
  Layout layout_;
  std::vector<LineEnd> line_ends_;
};

void Placer::find_scales() {
  Range x, y, band;
  for (const Series& s : figure_.series)
    for (std::size_t i = 0; i < s.x.size(); ++i) {
      if (!drawable(s.x[i], figure_.x) || !drawable(s.y[i], figure_.y)) continue;
      x.include(s.x[i]);
      y.include(s.y[i]);
      for (const auto* side : {&s.error_lo, &s.error_hi})
        if (!side->empty() && drawable((*side)[i], figure_.y)) y.include((*side)[i]);
      for (const auto* side : {&s.band_lo, &s.band_hi})
        if (!side->empty() && drawable((*side)[i], figure_.y)) band.include((*side)[i]);
    }
  layout_.x = scale_of(figure_.x, x, {});
  layout_.y = scale_of(figure_.y, y, band);
}

// Groups in order of appearance; each group of heavy lines has its own dash pattern, the first is solid.
void Placer::find_groups() {
  std::size_t next_pattern = 0;
  for (const Series& s : figure_.series) {
    const auto known = std::find_if(layout_.legend.begin(), layout_.legend.end(),
                                    [&](const LegendEntry& entry) { return entry.series->label == s.label; });
    if (!s.label.empty() && known != layout_.legend.end()) {
      layout_.pattern.push_back(known->pattern);
      continue;
    }
    std::size_t pattern = 0;
    if (s.style != Style::kPoints && s.width >= kHeavy && !s.label.empty()) {
      if (s.style == Style::kDashed && next_pattern == 0) next_pattern = 1;
      pattern = next_pattern++;
    } else if (s.style == Style::kDashed) {
      pattern = 1;
    }
    layout_.pattern.push_back(pattern);
    if (!s.label.empty()) layout_.legend.push_back({&s, pattern});
  }
}

// Lines that end near the right edge and are the only ones of their name leave the legend. False when that holds for
// none, or for too many.
bool Placer::find_line_ends() {
  const auto alone = [&](const Series& s) {
    return std::count_if(figure_.series.begin(), figure_.series.end(),
                         [&](const Series& other) { return other.label == s.label; }) == 1;
  };
  std::size_t lines = 0;
  for (const LegendEntry& entry : layout_.legend) {
    const Series& s = *entry.series;
    if (s.style == Style::kPoints) continue;
    ++lines;
    if (s.width < kHeavy || !alone(s)) continue;
    std::optional<std::size_t> last;
    for (std::size_t i = 0; i < s.x.size(); ++i)
      if (drawable(s.x[i], figure_.x) && drawable(s.y[i], figure_.y) && (!last || s.x[i] > s.x[*last])) last = i;
    if (!last || layout_.x.share(s.x[*last]) < kLineEndsAt || !layout_.x.holds(s.x[*last]) ||
        !layout_.y.holds(s.y[*last]))
      continue;
    const std::string text = wrapped(s.label, widest_beside(), font());
    if (std::count(text.begin(), text.end(), '\n') >= kNameLines) return false;
    line_ends_.push_back({&s, s.x[*last], s.y[*last], text});
  }
  if (line_ends_.empty() || line_ends_.size() != lines || lines > kMostNames) return false;
  std::erase_if(layout_.legend, [](const LegendEntry& entry) { return entry.series->style != Style::kPoints; });
  return true;
}

double tic_width(const Tic& tic, double font) {
  return text_width(tic.label, font) + text_width(tic.exponent, kExponentSize * font);
}

std::string axis_text(const Axis& axis) {
  return axis.unit.empty() ? axis.label : fmt::format("{} ({})", axis.label, axis.unit);
}

void Placer::place_left() {
  layout_.y.tics = layout_.y.log ? log_tics(layout_.y.lo, layout_.y.hi) : linear_tics(layout_.y.lo, layout_.y.hi);
  double widest = 0;
  for (const Tic& tic : layout_.y.tics) widest = std::max(widest, tic_width(tic, font()));
  layout_.y_label.text = wrapped(axis_text(figure_.y), layout_.canvas.height - kBelowFrame, font());
  layout_.y_label.align = PlacedText::Align::kCentre;
  const double height = layout_.y_label.text.empty() ? 0 : size_of(layout_.y_label.text, font()).height;
  layout_.y_label.x = kEdge + height / 2;
  layout_.x.start_px = kEdge + height + 8 + widest + 4 + kTicLength;
}

// The part of the guide inside the frame, along its length.
GuideLine clip(const SlopeGuide& guide, const Scale& x, const Scale& y) {
  const bool log = x.log && y.log;
  const auto y_at = [&](double at) {
    return log ? guide.y0 * std::pow(at / guide.x0, guide.slope) : guide.y0 + guide.slope * (at - guide.x0);
  };
  constexpr int kPieces = 400;
  GuideLine line{kNotGiven, kNotGiven, kNotGiven, kNotGiven};
  const double from = axis_coordinate(guide.x0, log), to = axis_coordinate(guide.x1, log);
  for (int i = 0; i <= kPieces; ++i) {
    const double at = axis_value(from + (to - from) * i / kPieces, log);
    const double u = x.share(at), v = y.share(y_at(at));
    if (!(u >= -1e-9 && u <= 1 + 1e-9 && v >= -1e-9 && v <= 1 + 1e-9)) continue;
    if (std::isnan(line.x0)) line.x0 = at, line.y0 = y_at(at);
    line.x1 = at, line.y1 = y_at(at);
  }
  return line;
}

// What stands to the right of the frame decides where the frame ends.
void Placer::place_right_edge() {
  const double right = layout_.canvas.width - 4, left = layout_.x.start_px;
  double end = right - 20;
  // A text that begins at this share of the frame's width must end at the edge of the drawing.
  const auto make_room = [&](double share, const std::string& text, double before = kBesideText) {
    if (text.empty() || !(share > 0.5)) return;
    const double needed = before + size_of(text, font()).width;
    end = std::min(end, left + (right - needed - left) / share);
  };
  for (const SlopeGuide& guide : figure_.slope_guides) {
    layout_.guides.push_back(clip(guide, layout_.x, layout_.y));
    make_room(layout_.x.share(layout_.guides.back().x1), wrapped(guide.label, widest_beside(), font()));
  }
  for (const Mark& mark : figure_.horizontal_marks) {
    layout_.horizontal_inside.push_back(drawable(mark.at, figure_.y) && layout_.y.holds(mark.at));
    if (layout_.horizontal_inside.back()) make_room(1, wrapped(mark.label, widest_beside(), font()));
  }
  for (const LineEnd& line_end : line_ends_) make_room(layout_.x.share(line_end.x), line_end.text, gap(line_end));
  layout_.x.end_px = std::max(end, left + (right - left) / 2);
}

// Labels of the x axis that would touch are left out: a linear axis takes larger steps, a log axis keeps every second,
// third, ... label.
std::vector<Tic> Placer::tics_that_fit(const Scale& scale) const {
  const auto overlap = [&](const std::vector<Tic>& tics) {
    double reach = -1e9;
    for (const Tic& tic : tics) {
      if (tic.label.empty()) continue;
      const double half = tic_width(tic, font()) / 2 + font() / 4;
      if (scale.px(tic.at) - half < reach) return true;
      reach = scale.px(tic.at) + half;
    }
    return false;
  };
  std::vector<Tic> tics = scale.log ? log_tics(scale.lo, scale.hi) : linear_tics(scale.lo, scale.hi);
  std::sort(tics.begin(), tics.end(), [](const Tic& a, const Tic& b) { return a.at < b.at; });
  const std::vector<Tic> all = tics;
  for (int wanted = 5; !scale.log && wanted > 1 && overlap(tics); --wanted)
    tics = linear_tics(scale.lo, scale.hi, wanted);
  for (std::size_t every = 2; scale.log && every < 6 && overlap(tics); ++every) {
    tics = all;
    std::size_t seen = 0;
    for (Tic& tic : tics)
      if (!tic.label.empty() && seen++ % every != 0) tic = {.at = tic.at, .minor = tic.minor};
  }
  return tics;
}

// Labels above the frame, each in the lowest row where it has room; the first come nearest.
void Placer::place_top() {
  struct Label {
    PlacedText placed;
    TextSize size;
  };
  std::vector<Label> labels;
  const double width = layout_.canvas.width;
  const auto add = [&](const std::string& label, double at_px) {
    const std::string text = wrapped(label, width - 2 * kEdge, font());
    if (text.empty()) return;
    const TextSize size = size_of(text, font());
    const double half = size.width / 2;
    labels.push_back(
        {{text, std::max(half + 4, std::min(at_px, width - half - 4)), 0, PlacedText::Align::kCentre}, size});
  };
  for (const Mark& mark : figure_.vertical_marks) {
    layout_.vertical_inside.push_back(drawable(mark.at, figure_.x) && layout_.x.holds(mark.at));
    if (layout_.vertical_inside.back()) add(mark.label, layout_.x.px(mark.at));
  }
  for (const Interval& interval : figure_.x_intervals) {
    const double lo = std::clamp(layout_.x.share(interval.lo), 0.0, 1.0);
    const double hi = std::clamp(layout_.x.share(interval.hi), 0.0, 1.0);
    layout_.intervals.push_back({lo, hi});
    if (lo < hi) add(interval.label, layout_.x.start_px + (lo + hi) / 2 * (layout_.x.end_px - layout_.x.start_px));
  }
  // y counts from the frame upwards until the height is known.
  double tallest = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    Label& label = labels[i];
    for (std::size_t j = 0; j < i;) {
      const Label& other = labels[j];
      const bool beside = std::abs(other.placed.x - label.placed.x) >= (other.size.width + label.size.width) / 2 + 10;
      const bool above =
          label.placed.y >= other.placed.y + other.size.height || other.placed.y >= label.placed.y + label.size.height;
      j = beside || above ? j + 1 : (label.placed.y = other.placed.y + other.size.height, std::size_t{0});
    }
    tallest = std::max(tallest, label.placed.y + label.size.height);
  }
  layout_.canvas.height += std::max(0.0, tallest - kRows * line_height());
  layout_.y.end_px = kEdge + 4 + tallest;
  for (Label& label : labels) {
    label.placed.y = layout_.y.end_px - 6 - label.placed.y - label.size.height / 2;
    layout_.texts.push_back(label.placed);
  }
}

// Flows the entries in rows, y from the top of the legend; returns its height.
double Placer::flow_legend() {
  const double left = kEdge + 2, right = layout_.canvas.width - kEdge;
  double x = left, top = 0, height = 0;
  const bool lines = std::any_of(layout_.legend.begin(), layout_.legend.end(),
                                 [](const LegendEntry& entry) { return entry.series->style != Style::kPoints; });
  const double sample = lines ? kLegendLine : kLegendPoint;
  for (LegendEntry& entry : layout_.legend) {
    entry.sample = sample;
    entry.text = wrapped(entry.series->label, right - left - sample - 8, font());
    const TextSize size = size_of(entry.text, font());
    const double width = sample + 8 + size.width;
    if (x > left && x + width > right) {
      top += height + 2;
      x = left;
      height = 0;
    }
    entry.x = x;
    entry.y = top;
    height = std::max(height, size.height);
    x += width + 20;
  }
  for (LegendEntry& entry : layout_.legend) entry.y += size_of(entry.text, font()).height / 2;
  return top + height;
}

// From below: legend, label of the x axis, its numbers, the lower edge of the frame.
void Placer::place_bottom() {
  const double height = flow_legend();
  layout_.canvas.height += std::max(0.0, height - kRows * line_height());
  double y = layout_.canvas.height - kEdge;
  for (LegendEntry& entry : layout_.legend) entry.y += y - height;
  if (height > 0) y -= height + 8;
  layout_.x_label.text = wrapped(axis_text(figure_.x), layout_.canvas.width - 2 * kEdge, font());
  layout_.x_label.align = PlacedText::Align::kCentre;
  const TextSize size = size_of(layout_.x_label.text, font());
  const double middle = (layout_.x.start_px + layout_.x.end_px) / 2;
  const double half = size.width / 2;
  layout_.x_label.x = std::max(half + kEdge, std::min(middle, layout_.canvas.width - half - kEdge));
  if (!layout_.x_label.text.empty()) {
    layout_.x_label.y = y - size.height / 2;
    y -= size.height + 4;
  }
  layout_.y.start_px = y - line_height() - kTicLength;
  const double y_half = size_of(layout_.y_label.text, font()).width / 2;
  layout_.y_label.y = std::max(y_half + kEdge, (layout_.y.start_px + layout_.y.end_px) / 2);
}

// How many drawn points lie in the box.
std::size_t Placer::points_in(const Box& box) const {
  std::size_t count = 0;
  for (const Series& s : figure_.series) {
    if (s.style != Style::kPoints && s.style != Style::kLinePoints) continue;
    for (std::size_t i = 0; i < s.x.size(); ++i) {
      if (!drawable(s.x[i], figure_.x) || !drawable(s.y[i], figure_.y)) continue;
      const Point p{layout_.x.px(s.x[i]), layout_.y.px(s.y[i])};
      if (p.x > box.left && p.x < box.right && p.y > box.top && p.y < box.bottom) ++count;
    }
  }
  return count;
}

// The label of a guide: beside its end, or, where points lie there, above, below or to the left of it.
PlacedText Placer::guide_label(std::size_t guide) const {
  const double x = layout_.x.px(layout_.guides[guide].x1), y = layout_.y.px(layout_.guides[guide].y1);
  PlacedText label{wrapped(figure_.slope_guides[guide].label, widest_beside(), font()), x + kBesideText, y};
  const TextSize size = size_of(label.text, font());
  std::size_t fewest = static_cast<std::size_t>(-1);
  const PlacedText beside = label;
  for (const double left : {beside.x, x - kBesideText - size.width})
    for (const double rows : {0, -1, 1, -2, 2}) {
      const double middle = y + rows * line_height();
      const Box box{left, middle - size.height / 2, left + size.width, middle + size.height / 2};
      if (box.left < layout_.x.start_px || box.right > layout_.canvas.width) continue;
      if (rows != 0 && (box.top < layout_.y.end_px || box.bottom > layout_.y.start_px)) continue;
      if (const std::size_t count = points_in(box.wider(kBesideText)); count < fewest) {
        fewest = count;
        label.x = left;
        label.y = middle;
      }
    }
  return label;
}

// Names at the ends of lines, labels of guides and of horizontal marks. False when a name would stand away from its line.
bool Placer::place_beside() {
  std::vector<PlacedText> beside;
  for (const LineEnd& end : line_ends_)
    beside.push_back(
        {end.text, layout_.x.px(end.x) + gap(end), layout_.y.px(end.y), PlacedText::Align::kLeft, end.series->colour});
  for (std::size_t i = 0; i < layout_.guides.size(); ++i)
    if (!std::isnan(layout_.guides[i].x1) && !figure_.slope_guides[i].label.empty()) beside.push_back(guide_label(i));
  for (std::size_t i = 0; i < figure_.horizontal_marks.size(); ++i)
    if (layout_.horizontal_inside[i] && !figure_.horizontal_marks[i].label.empty())
      beside.push_back({wrapped(figure_.horizontal_marks[i].label, widest_beside(), font()),
                        layout_.x.end_px + kBesideText, layout_.y.px(figure_.horizontal_marks[i].at)});
  const std::vector<PlacedText> wished = beside;
  push_apart(beside, layout_.y.end_px - line_height() / 2, layout_.y.start_px, font());
  if (names_at_lines_)
    for (std::size_t i = 0; i < beside.size(); ++i)
      if (std::abs(beside[i].y - wished[i].y) > line_height()) return false;
  layout_.texts.insert(layout_.texts.end(), beside.begin(), beside.end());
  return true;
}

}  // namespace

Canvas canvas_of(const Figure& figure, View view) {
  if (view == View::kWide) return {figure.width, figure.height, 15};
  // A narrow drawing is taller for its width, because its labels take as much room as in the wide one.
  return {kNarrowWidth, std::max(280.0, 1.45 * figure.height / figure.width * kNarrowWidth), kNarrowFont};
}

Layout lay_out(const Figure& figure, const Canvas& canvas) {
  if (auto layout = Placer(figure, canvas, true).place()) return *std::move(layout);
  return *Placer(figure, canvas, false).place();
}

}  // namespace phaselaw::report
