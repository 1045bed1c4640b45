// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/svg.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "phaselaw/report/format.h"
#include "phaselaw/report/palette.h"
#include "phaselaw/report/path.h"
#include "phaselaw/report/svg_series.h"
#include "phaselaw/report/values.h"

namespace phaselaw::report {

namespace {

constexpr const char* kGuideDashes[] = {"6 4", "2 4", "8 3 2 3", "12 6"};
constexpr double kIntervalShading = 0.3;  // opacity

// An estimate of how far the middle of a letter stands above the line it is written on, times the font size.
constexpr double kMiddle = 0.35;

class FigureWriter {
 public:
  FigureWriter(const Figure& figure, const Layout& layout, const std::string& id)
      : figure_(figure), layout_(layout), frame_(layout.frame()), id_(id) {}

  [[nodiscard]] std::string body() {
    intervals();
    grid();
    marks();
    axes();
    const std::string series = svg_of_series(figure_, layout_);
    line("<g clip-path=\"url(#{}-frame)\">\n{}</g>", id_, series);
    guides();
    for (const PlacedText& t : layout_.texts) text(t, true);
    legend();
    if (series.empty())
      text({"no points to draw", (frame_.left + frame_.right) / 2, (frame_.top + frame_.bottom) / 2,
            PlacedText::Align::kCentre});
    return std::move(out_);
  }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    out_ += '\n';
  }
  [[nodiscard]] static std::string px(double x) { return fmt::format("{:.6g}", std::round(100 * x) / 100); }

  // A <path>, unless it would be empty.
  void path(const PathData& data, const std::string& look) {
    if (!data.empty()) line("<path {} d=\"{}\"/>", look, data.text());
  }

  [[nodiscard]] double font() const { return layout_.canvas.font; }

  // `halo`: an edge in the colour of the card keeps the text readable where it crosses lines.
  void text(const PlacedText& t, bool halo, const std::string& more = "") {
    if (t.text.empty()) return;
    const double height = layout_.canvas.line_height(), total = size_of(t.text, font()).height;
    const Paint& colour = t.colour ? text_paint(*t.colour) : paint::kInk;
    std::string look = halo ? fill_and_stroke(colour, paint::kCard) +
                                  " stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\""
                            : fill(colour);
    if (t.align == PlacedText::Align::kCentre) look += " text-anchor=\"middle\"";
    out_ += fmt::format("<text {}{}>", look, more);
    double y = t.y - total / 2 + height / 2 + kMiddle * font();
    for (std::size_t at = 0; at <= t.text.size(); y += height) {
      const std::size_t end = std::min(t.text.find('\n', at), t.text.size());
      out_ += fmt::format("<tspan x=\"{}\" y=\"{}\">{}</tspan>", px(t.x), px(y),
                          escape_html(std::string_view(t.text).substr(at, end - at)));
      at = end + 1;
    }
    line("</text>");
  }
  void text(const PlacedText& t) { text(t, false); }

  void intervals() {
    for (std::size_t i = 0; i < figure_.x_intervals.size(); ++i)
      if (const auto [lo, hi] = layout_.intervals[i]; lo < hi) {
        const double width = frame_.right - frame_.left;
        line("<rect {} fill-opacity=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
             fill(shade_paint(figure_.x_intervals[i].colour)), kIntervalShading, px(frame_.left + lo * width),
             px(frame_.top), px((hi - lo) * width), px(frame_.bottom - frame_.top));
      }
  }

  void grid() {
    PathData minor, major;
    for (const Tic& tic : layout_.x.tics) {
      PathData& to = tic.minor ? minor : major;
      to.move({layout_.x.px(tic.at), frame_.bottom});
      to.line({layout_.x.px(tic.at), frame_.top});
    }
    for (const Tic& tic : layout_.y.tics) {
      PathData& to = tic.minor ? minor : major;
      to.move({frame_.left, layout_.y.px(tic.at)});
      to.line({frame_.right, layout_.y.px(tic.at)});
    }
    path(minor, stroke(paint::kMinorGrid) + " stroke-width=\"0.8\"");
    path(major, stroke(paint::kGrid) + " stroke-width=\"0.8\"");
  }

  void marks() {
    const auto mark = [&](Colour colour, Point from, Point to, const char* dash) {
      PathData data;
      data.move(from);
      data.line(to);
      path(data, fmt::format("{} stroke-width=\"1.5\" stroke-dasharray=\"{}\"", stroke(line_paint(colour)), dash));
    };
    for (std::size_t i = 0; i < figure_.vertical_marks.size(); ++i)
      if (const Mark& m = figure_.vertical_marks[i]; layout_.vertical_inside[i])
        mark(m.colour, {layout_.x.px(m.at), frame_.bottom}, {layout_.x.px(m.at), frame_.top - 4}, "5 3");
    for (std::size_t i = 0; i < figure_.horizontal_marks.size(); ++i)
      if (const Mark& m = figure_.horizontal_marks[i]; layout_.horizontal_inside[i])
        mark(m.colour, {frame_.left, layout_.y.px(m.at)}, {frame_.right, layout_.y.px(m.at)}, "2 3");
  }

  void axes() {
    PathData data;
    data.move({frame_.left, frame_.top});
    data.line({frame_.left, frame_.bottom});
    data.line({frame_.right, frame_.bottom});
    for (const Tic& tic : layout_.x.tics) {
      data.move({layout_.x.px(tic.at), frame_.bottom});
      data.line({layout_.x.px(tic.at), frame_.bottom + (tic.minor ? kTicLength / 2 : kTicLength)});
    }
    for (const Tic& tic : layout_.y.tics) {
      data.move({frame_.left, layout_.y.px(tic.at)});
      data.line({frame_.left - (tic.minor ? kTicLength / 2 : kTicLength), layout_.y.px(tic.at)});
    }
    path(data, stroke(paint::kFrame));
    line("<g {} text-anchor=\"middle\">", fill(paint::kTic));
    for (const Tic& tic : layout_.x.tics)
      number(tic, layout_.x.px(tic.at), frame_.bottom + kTicLength + layout_.canvas.line_height() / 2);
    line("</g>\n<g {} text-anchor=\"end\">", fill(paint::kTic));
    for (const Tic& tic : layout_.y.tics) number(tic, frame_.left - kTicLength - 4, layout_.y.px(tic.at));
    line("</g>");
    text(layout_.x_label);
    text(layout_.y_label, false,
         fmt::format(" transform=\"rotate(-90 {} {})\"", px(layout_.y_label.x), px(layout_.y_label.y)));
  }

  void number(const Tic& tic, double x, double y) {
    if (tic.label.empty()) return;
    std::string power;
    if (!tic.exponent.empty())
      power = fmt::format("<tspan font-size=\"{}\" dy=\"{}\">{}</tspan>", px(kExponentSize * font()),
                          px(-0.36 * font()), tic.exponent);
    line("<text x=\"{}\" y=\"{}\">{}{}</text>", px(x), px(y + kMiddle * font()), tic.label, power);
  }

  void guides() {
    for (std::size_t i = 0; i < layout_.guides.size(); ++i) {
      const GuideLine& g = layout_.guides[i];
      if (std::isnan(g.x0)) continue;
      PathData data;
      data.move({layout_.x.px(g.x0), layout_.y.px(g.y0)});
      data.line({layout_.x.px(g.x1), layout_.y.px(g.y1)});
      path(data, fmt::format("{} stroke-width=\"1.6\" stroke-dasharray=\"{}\"", stroke(paint::kGuide),
                             kGuideDashes[i % std::size(kGuideDashes)]));
    }
  }

  void legend() {
    for (const LegendEntry& entry : layout_.legend) {
      const Series& s = *entry.series;
      if (!s.band_lo.empty())
        line("<rect {} fill-opacity=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"14\"/>", fill(line_paint(s.colour)),
             kBandOpacity, px(entry.x), px(entry.y - 7), entry.sample);
      if (s.style != Style::kPoints) {
        PathData data;
        data.move({entry.x, entry.y});
        data.line({entry.x + entry.sample, entry.y});
        path(data, line_look(s, entry.pattern, std::max(s.width, 1.6), std::max(s.opacity, 0.75)));
      }
      if (s.style == Style::kPoints || s.style == Style::kLinePoints) {
        PathData data;
        data.move({entry.x + entry.sample / 2, entry.y});
        data.shape(point_shape(s.colour, point_radius(layout_.canvas)));
        path(data, point_look(s, 1));
      }
      text({entry.text, entry.x + entry.sample + 8, entry.y});
    }
  }

  const Figure& figure_;
  const Layout& layout_;
  Box frame_;
  std::string id_, out_;
};

}  // namespace

std::string svg_of(const Figure& figure, const Layout& layout, const SvgText& text, bool for_a_file, bool values) {
  const Canvas& canvas = layout.canvas;
  const Box frame = layout.frame();
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\" "
      "aria-labelledby=\"{2}-title {2}-desc\" font-size=\"{3}\" "
      "font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif\">\n"
      "<title id=\"{2}-title\">{4}</title>\n<desc id=\"{2}-desc\">{5}</desc>\n",
      canvas.width, canvas.height, text.id, canvas.font, escape_html(text.title), escape_html(text.description));
  if (for_a_file)
    out += fmt::format("<style>{}</style>\n<rect {} width=\"100%\" height=\"100%\"/>\n", figure_style(),
                       fill(paint::kCard));
  // A px of room for the lines at the edge of the frame.
  out += fmt::format(
      "<clipPath id=\"{}-frame\"><rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\"/></clipPath>\n",
      text.id, frame.left - 1, frame.top - 1, frame.right - frame.left + 2, frame.bottom - frame.top + 2);
  out += FigureWriter(figure, layout, text.id).body();
  if (values) out += hover_points(figure, layout);
  return out + "</svg>\n";
}

}  // namespace phaselaw::report
