// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/drawing.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "phaselaw/base/errors.h"
#include "phaselaw/report/programs.h"
#include "phaselaw/report/svg.h"

namespace phaselaw::report {

namespace {

constexpr const char* kColourCodes[kColours] = {"000000", "E69F00", "56B4E9", "009E73", "F0E442",
                                                "0072B2", "D55E00", "CC79A7", "808080"};
// gnuplot's shapes: filled for the strong colours (circle, square, triangle, diamond), open for the light ones.
constexpr int kPointTypes[kColours] = {7, 11, 6, 13, 12, 5, 9, 4, 8};
constexpr const char* kDashes[] = {"solid", "(10,5)", "(3,4)", "(12,4,3,4)", "(16,6)", "(3,3,3,8)", "(8,3,2,3,2,3)"};
constexpr const char* kGuideDashes[] = {"(6,4)", "(2,4)", "(8,3,2,3)", "(12,6)"};

std::string colour_code(Colour colour, double opacity = 1) {
  const int transparency = static_cast<int>(std::lround(255 * (1 - std::clamp(opacity, 0.0, 1.0))));
  const char* code = kColourCodes[static_cast<std::size_t>(colour)];
  return transparency == 0 ? fmt::format("rgb '#{}'", code) : fmt::format("rgb '#{:02X}{}'", transparency, code);
}

std::string gnuplot_number(double x) { return fmt::format("{:.8g}", x); }

// A script under construction, for any terminal; coordinates in px are given to gnuplot as shares of the drawing.
class Script {
 public:
  Script(const Figure& figure, const Layout& layout) : figure_(figure), layout_(layout) {}

  [[nodiscard]] std::string build() {
    head();
    marks();
    guides();
    texts();
    legend();
    series();
    const bool empty = plots_.empty();
    if (empty) {
      text({"no points to draw", (layout_.x.start_px + layout_.x.end_px) / 2,
            (layout_.y.start_px + layout_.y.end_px) / 2, PlacedText::Align::kCentre});
    }
    return out_ + blocks_ + "plot " + (empty ? "NaN notitle" : plots_) + "\n";
  }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    out_ += fmt::format(format, std::forward<Args>(args)...) + '\n';
  }
  [[nodiscard]] std::string screen(double x, double y) const {
    return fmt::format("screen {:.6f}, screen {:.6f}", x / figure_.width, y / figure_.height);
  }
  void text(const PlacedText& t, const char* more = "") {
    line("set label {} at {} {} {} noenhanced front textcolor rgb '#222222'", gnuplot_quoted(t.text), screen(t.x, t.y),
         t.align == PlacedText::Align::kLeft ? "left" : "center", more);
  }
  [[nodiscard]] static std::string axis_label(const Axis& axis) {
    return axis.unit.empty() ? axis.label : fmt::format("{} ({})", axis.label, axis.unit);
  }

  void axis(char name, const Axis& axis, const Scale& scale) {
    if (axis.log) line("set logscale {}", name);
    line("set {}range [{}:{}]", name, gnuplot_number(scale.lo), gnuplot_number(scale.hi));
    std::string tics;
    for (const Tic& tic : scale.tics)
      tics += fmt::format("{}{} {}{}", tics.empty() ? "" : ", ", gnuplot_quoted(tic.label), gnuplot_number(tic.at),
                          tic.minor ? " 1" : "");
    line("set {}tics ({}) out nomirror offset {} textcolor rgb '#333333'", name, tics,
         name == 'x' ? "0,0.25" : "0.4,0");
  }

  void head() {
    line("set encoding utf8");
    line("unset key");
    line("set border 3 lw 1 lc rgb '#555555'");
    line("set tics scale 0.8,0.4");
    line(
        "set grid xtics ytics mxtics mytics back lt 1 lw 0.8 dt solid lc rgb '#dcdcdc', "
        "lt 1 lw 0.6 dt solid lc rgb '#f1f1f1'");
    line("set lmargin at screen {:.6f}", layout_.x.start_px / figure_.width);
    line("set rmargin at screen {:.6f}", layout_.x.end_px / figure_.width);
    line("set bmargin at screen {:.6f}", layout_.y.start_px / figure_.height);
    line("set tmargin at screen {:.6f}", layout_.y.end_px / figure_.height);
    axis('x', figure_.x, layout_.x);
    axis('y', figure_.y, layout_.y);
    text({axis_label(figure_.x), (layout_.x.start_px + layout_.x.end_px) / 2, layout_.y.start_px - kAxisLabelBelow,
          PlacedText::Align::kCentre});
    text({axis_label(figure_.y), kEdge + kLineHeight / 2, (layout_.y.start_px + layout_.y.end_px) / 2,
          PlacedText::Align::kCentre},
         "rotate by 90");
  }

  void marks() {
    for (std::size_t i = 0; i < figure_.x_intervals.size(); ++i)
      if (const auto [lo, hi] = layout_.intervals[i]; lo < hi)
        line(
            "set object rectangle from graph {:.6f}, graph 0 to graph {:.6f}, graph 1 back fc {} "
            "fillstyle solid 0.28 noborder",
            lo, hi, colour_code(figure_.x_intervals[i].colour));
    for (std::size_t i = 0; i < figure_.vertical_marks.size(); ++i)
      if (layout_.vertical_inside[i]) {
        const double x = layout_.x.px(figure_.vertical_marks[i].at);
        line("set arrow from {} to {} nohead back lw 1.5 dt (5,3) lc {}", screen(x, layout_.y.start_px),
             screen(x, layout_.y.end_px + 4), colour_code(figure_.vertical_marks[i].colour));
      }
    for (std::size_t i = 0; i < figure_.horizontal_marks.size(); ++i)
      if (layout_.horizontal_inside[i]) {
        const double y = layout_.y.px(figure_.horizontal_marks[i].at);
        line("set arrow from {} to {} nohead back lw 1.5 dt (2,3) lc {}", screen(layout_.x.start_px, y),
             screen(layout_.x.end_px, y), colour_code(figure_.horizontal_marks[i].colour));
      }
  }

  void guides() {
    for (std::size_t i = 0; i < layout_.guides.size(); ++i) {
      const GuideLine& g = layout_.guides[i];
      if (std::isnan(g.x0)) continue;
      line("set arrow from {} to {} nohead front lw 1.6 dt {} lc rgb '#444444'",
           screen(layout_.x.px(g.x0), layout_.y.px(g.y0)), screen(layout_.x.px(g.x1), layout_.y.px(g.y1)),
           kGuideDashes[i % std::size(kGuideDashes)]);
    }
  }

  void texts() {
    for (const PlacedText& t : layout_.texts)
      if (!t.text.empty()) text(t);
  }

  void legend() {
    for (const LegendEntry& entry : layout_.legend) {
      const Series& s = *entry.series;
      if (!s.band_lo.empty())
        line("set object rectangle from {} to {} fc {} fillstyle solid 0.22 noborder", screen(entry.x, entry.y - 7),
             screen(entry.x + kLegendSample, entry.y + 7), colour_code(s.colour));
      if (s.style != Style::kPoints)
        line("set arrow from {} to {} nohead lw {} dt {} lc {}", screen(entry.x, entry.y),
             screen(entry.x + kLegendSample, entry.y), gnuplot_number(std::max(s.width, 1.6)), dash(entry.pattern),
             colour_code(s.colour, std::max(s.opacity, 0.75)));
      if (s.style == Style::kPoints || s.style == Style::kLinePoints)
        line("set label '' at {} point pt {} ps 0.9 lc {}", screen(entry.x + kLegendSample / 2, entry.y), point_type(s),
             colour_code(s.colour));
      text({s.label, entry.x + kLegendSample + 8, entry.y});
    }
  }

  [[nodiscard]] static const char* dash(std::size_t pattern) { return kDashes[pattern % std::size(kDashes)]; }
  [[nodiscard]] static int point_type(const Series& s) { return kPointTypes[static_cast<std::size_t>(s.colour)]; }

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

  // A data block of its own; `row(i)` gives the line of point i. Returns "$d7".
  template <class Row>
  std::string block(std::size_t from, std::size_t to, Row&& row) {
    const std::string name = fmt::format("$d{}", next_block_++);
    blocks_ += name + " << EOD\n";
    for (std::size_t i = from; i < to; ++i) blocks_ += row(i) + '\n';
    blocks_ += "EOD\n";
    return name;
  }
  void plot(const std::string& what) { plots_ += (plots_.empty() ? "" : ", \\\n  ") + what + " notitle"; }

  void series() {
    for (std::size_t i = 0; i < figure_.series.size(); ++i) one_series(figure_.series[i], layout_.pattern[i]);
  }

  void one_series(const Series& s, std::size_t pattern) {
    const auto good = [&](std::size_t i) { return drawable(s.x[i], figure_.x) && drawable(s.y[i], figure_.y); };
    // Beyond the frame by far is as good as at its edge, and keeps the numbers that reach the drawing small.
    const auto edge = [&](double y) { return drawable(y, figure_.y) ? y : layout_.y.lo; };
    if (!s.band_lo.empty())
      pieces(
          s.x.size(),
          [&](std::size_t i) {
            return drawable(s.x[i], figure_.x) && !std::isnan(s.band_lo[i]) && drawable(s.band_hi[i], figure_.y);
          },
          [&](std::size_t from, std::size_t to) {
            const auto name = block(from, to, [&](std::size_t i) {
              return fmt::format("{} {} {}", gnuplot_number(s.x[i]), gnuplot_number(edge(s.band_lo[i])),
                                 gnuplot_number(s.band_hi[i]));
            });
            plot(fmt::format("{} using 1:2:3 with filledcurves lc {} fillstyle transparent solid 0.22 noborder", name,
                             colour_code(s.colour)));
          });
    if (!s.error_lo.empty())
      pieces(
          s.x.size(),
          [&](std::size_t i) { return good(i) && !std::isnan(s.error_lo[i]) && !std::isnan(s.error_hi[i]); },
          [&](std::size_t from, std::size_t to) {
            const auto name = block(from, to, [&](std::size_t i) {
              return fmt::format("{} {} {} {}", gnuplot_number(s.x[i]), gnuplot_number(s.y[i]),
                                 gnuplot_number(edge(s.error_lo[i])),
                                 gnuplot_number(std::isfinite(s.error_hi[i]) ? s.error_hi[i] : layout_.y.hi));
            });
            plot(fmt::format("{} using 1:2:3:4 with yerrorbars pt 0 lw 1.4 lc {}", name, colour_code(s.colour)));
          });
    pieces(s.x.size(), good, [&](std::size_t from, std::size_t to) {
      const auto name =
          block(from, to, [&](std::size_t i) { return gnuplot_number(s.x[i]) + ' ' + gnuplot_number(s.y[i]); });
      const std::string colour = colour_code(s.colour, s.opacity);
      // A line of one point shows nothing: it is drawn as a point.
      const bool lonely = to - from == 1;
      if (s.style != Style::kPoints && !lonely)
        plot(fmt::format("{} using 1:2 with lines lw {} dt {} lc {}", name, gnuplot_number(s.width), dash(pattern),
                         colour));
      if (s.style == Style::kPoints || s.style == Style::kLinePoints || lonely)
        plot(fmt::format("{} using 1:2 with points pt {} ps {} lw 1.4 lc {}", name, point_type(s),
                         lonely && s.style != Style::kPoints ? "0.5" : "0.8", colour));
    });
  }

  const Figure& figure_;
  const Layout& layout_;
  std::string out_, blocks_, plots_;
  std::size_t next_block_ = 0;
};

void check_lengths(const Figure& figure) {
  for (const Series& s : figure.series) {
    PHASELAW_CHECK_EQ(s.x.size(), s.y.size());
    PHASELAW_CHECK_EQ(s.band_lo.size(), s.band_hi.size());
    PHASELAW_CHECK_EQ(s.error_lo.size(), s.error_hi.size());
    PHASELAW_CHECK(s.band_lo.empty() || s.band_lo.size() == s.x.size());
    PHASELAW_CHECK(s.error_lo.empty() || s.error_lo.size() == s.x.size());
  }
}

std::size_t dropped_points(const Figure& figure) {
  std::size_t count = 0;
  for (const Series& s : figure.series)
    for (std::size_t i = 0; i < s.x.size(); ++i)
      if (!drawable(s.x[i], figure.x) || !drawable(s.y[i], figure.y)) ++count;
  return count;
}

// The caption, how many points were left out and why, and the marks that are not shown.
std::string caption_of(const Figure& figure, const Layout& layout) {
  std::string text = figure.caption;
  if (const std::size_t count = dropped_points(figure); count > 0) {
    const bool log = figure.x.log || figure.y.log;
    text += fmt::format("{}{} left out: not finite{}.", text.empty() ? "" : " ",
                        count == 1 ? "1 point is" : fmt::format("{} points are", count),
                        log ? ", or not positive on a log axis" : "");
  }
  const auto add = [&](const Mark& mark) {
    if (!mark.label.empty()) text += fmt::format(" The mark “{}” lies outside the frame.", mark.label);
  };
  for (std::size_t i = 0; i < figure.vertical_marks.size(); ++i)
    if (!layout.vertical_inside[i]) add(figure.vertical_marks[i]);
  for (std::size_t i = 0; i < figure.horizontal_marks.size(); ++i)
    if (!layout.horizontal_inside[i]) add(figure.horizontal_marks[i]);
  return text;
}

const Figure& checked(const Figure& figure) {
  check_lengths(figure);
  return figure;
}

}  // namespace

Drawing::Drawing(const Figure& figure, std::string id)
    : figure_(checked(figure)),
      id_(std::move(id)),
      layout_(lay_out(figure)),
      caption_(caption_of(figure, layout_)),
      script_(Script(figure, layout_).build()) {}

std::string Drawing::run(const std::string& terminal) const {
  return run_gnuplot(fmt::format("set terminal {}\n", terminal) + script_);
}

const std::string& Drawing::svg() {
  if (svg_.empty())
    svg_ = finish_svg(run(fmt::format("svg size {:.0f},{:.0f} dynamic rounded enhanced font 'Sans,{}' background "
                                      "'#ffffff'",
                                      figure_.width, figure_.height, kFontSize)),
                      id_, figure_.title, figure_.alt_text.empty() ? caption_ : figure_.alt_text);
  return svg_;
}

std::string Drawing::svg_with_values() {
  std::string text = svg();
  text.insert(text.rfind("</svg>"), hover_points(figure_, layout_));
  return text;
}

std::string Drawing::pdf() const {
  constexpr double kPxAnInch = 96, kPointsAnInch = 72;
  return run(fmt::format("pdfcairo size {}in,{}in rounded enhanced font 'Sans,{}' background '#ffffff'",
                         figure_.width / kPxAnInch, figure_.height / kPxAnInch, kFontSize * kPointsAnInch / kPxAnInch));
}

}  // namespace phaselaw::report
