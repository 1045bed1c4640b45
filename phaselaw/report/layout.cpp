// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/layout.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "phaselaw/base/format.h"

namespace phaselaw::report {

namespace {

std::string exponent_text(int exponent) {
  return exponent < 0 ? fmt::format("−{}", -exponent) : fmt::format("{}", exponent);
}

constexpr double kPlainFrom = 0.999e-3, kPlainTo = 1e5;

std::string with_minus_sign(const std::string& text) { return text.starts_with('-') ? "−" + text.substr(1) : text; }

std::string number_label(double value) {
  const double magnitude = std::abs(value);
  if (magnitude == 0 || (magnitude >= kPlainFrom && magnitude < kPlainTo))
    return with_minus_sign(base::format_number(value, 4));
  const int exponent = static_cast<int>(std::floor(std::log10(magnitude) + 1e-12));
  return fmt::format("{:.4g}·10^{{{}}}", value / std::pow(10.0, exponent), exponent_text(exponent));
}

// Ends of the axis belong to it, in spite of rounding.
bool within(double at, double lo, double hi, double slack) { return at >= lo - slack && at <= hi + slack; }

std::vector<Tic> decades(double lo, double hi) {
  const int first = static_cast<int>(std::floor(std::log10(lo))), last = static_cast<int>(std::ceil(std::log10(hi)));
  const int stride = static_cast<int>(std::ceil(std::log10(hi / lo) / 8 - 1e-9));
  std::vector<Tic> tics;
  for (int k = first; k <= last; ++k)
    for (int digit = 1; digit <= (stride == 1 ? 9 : 1); ++digit) {
      const double at = digit * std::pow(10.0, k);
      if (!within(at, lo, hi, 1e-9 * at)) continue;
      const bool labelled = digit == 1 && k % stride == 0;
      tics.push_back({at, labelled ? fmt::format("10^{{{}}}", exponent_text(k)) : "", !labelled});
    }
  return tics;
}

constexpr double kHeavy = 1.5;  // lines from this width on get a dash pattern of their own

struct Range {
  double lo = std::numeric_limits<double>::infinity(), hi = -lo;
  void include(double value) {
    lo = std::min(lo, value);
    hi = std::max(hi, value);
  }
  [[nodiscard]] bool empty() const { return !(lo <= hi); }
};

double forward(double value, bool log) { return log ? std::log10(value) : value; }
double backward(double value, bool log) { return log ? std::pow(10.0, value) : value; }

// The data's range with a margin of 4 %, unless the axis says otherwise. A wide band may widen it by a quarter.
Scale scale_of(const Axis& axis, const Range& data, const Range& soft) {
  double lo = 0, hi = 1;
  if (!data.empty()) {
    lo = forward(data.lo, axis.log);
    hi = forward(data.hi, axis.log);
    const double most = (hi - lo) / 4;
    if (!soft.empty()) {
      lo = std::max(std::min(lo, forward(soft.lo, axis.log)), lo - most);
      hi = std::min(std::max(hi, forward(soft.hi, axis.log)), hi + most);
    }
    double margin = 0.04 * (hi - lo);
    if (!(margin > 0)) margin = axis.log ? 0.3 : std::max(0.1 * std::abs(lo), 1e-3);
    lo -= margin;
    hi += margin;
  }
  const double largest = axis.log ? 307 : 1e307;  // a margin must not leave the range of double
  lo = std::clamp(lo, -largest, largest);
  hi = std::clamp(hi, -largest, largest);
  Scale scale{axis.log, backward(lo, axis.log), backward(hi, axis.log)};
  if (drawable(axis.lo, axis)) scale.lo = axis.lo;
  if (drawable(axis.hi, axis)) scale.hi = axis.hi;
  if (!(scale.lo < scale.hi)) scale.hi = axis.log ? 10 * scale.lo : scale.lo + 1;
  return scale;
}

void find_scales(const Figure& figure, Layout& layout) {
  Range x, y, band;
  for (const Series& s : figure.series)
    for (std::size_t i = 0; i < s.x.size(); ++i) {
      if (!drawable(s.x[i], figure.x) || !drawable(s.y[i], figure.y)) continue;
      x.include(s.x[i]);
      y.include(s.y[i]);
      for (const auto* side : {&s.error_lo, &s.error_hi})
        if (!side->empty() && drawable((*side)[i], figure.y)) y.include((*side)[i]);
      for (const auto* side : {&s.band_lo, &s.band_hi})
        if (!side->empty() && drawable((*side)[i], figure.y)) band.include((*side)[i]);
    }
  layout.x = scale_of(figure.x, x, {});
  layout.y = scale_of(figure.y, y, band);
  for (Scale* scale : {&layout.x, &layout.y})
    scale->tics = scale->log ? log_tics(scale->lo, scale->hi) : linear_tics(scale->lo, scale->hi);
}

// Groups in order of appearance; each group of heavy lines has its own dash pattern, the first is solid.
void find_legend(const Figure& figure, Layout& layout) {
  std::size_t next_pattern = 0;
  for (const Series& s : figure.series) {
    const auto known = std::find_if(layout.legend.begin(), layout.legend.end(),
                                    [&](const LegendEntry& entry) { return entry.series->label == s.label; });
    if (!s.label.empty() && known != layout.legend.end()) {
      layout.pattern.push_back(known->pattern);
      continue;
    }
    std::size_t pattern = 0;
    if (s.style != Style::kPoints && s.width >= kHeavy && !s.label.empty()) {
      if (s.style == Style::kDashed && next_pattern == 0) next_pattern = 1;
      pattern = next_pattern++;
    } else if (s.style == Style::kDashed) {
      pattern = 1;
    }
    layout.pattern.push_back(pattern);
    if (!s.label.empty()) layout.legend.push_back({&s, pattern});
  }
}

// Flows the entries in rows; returns the number of rows.
std::size_t flow_legend(const Figure& figure, Layout& layout, double left) {
  std::size_t rows = 0;
  double x = left;
  for (LegendEntry& entry : layout.legend) {
    const double width = kLegendSample + 8 + text_width(entry.series->label) + 18;
    if (rows == 0 || x + width > figure.width - kEdge) {
      ++rows;
      x = left;
    }
    entry.x = x;
    entry.y = static_cast<double>(rows);  // the row, until the height is known
    x += width;
  }
  for (LegendEntry& entry : layout.legend)
    entry.y = kEdge + kLineHeight / 2 + (static_cast<double>(rows) - entry.y) * kLineHeight;
  return rows;
}

struct TopLabel {
  std::string text{};
  double at = 0;  // on the axis
  std::size_t row = 0;
  double left = 0;
};

// Labels above the frame, each in the lowest row where it has room; the first come nearest. Returns the number of rows.
std::size_t stack(std::vector<TopLabel>& labels, const Figure& figure, const Scale& x) {
  std::size_t rows = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    TopLabel& label = labels[i];
    const double width = text_width(label.text);
    label.left = std::clamp(x.px(label.at) - width / 2, 2.0, std::max(2.0, figure.width - width - 4));
    const auto taken = [&](const TopLabel& other) {
      return other.row == label.row && other.left < label.left + width + 10 &&
             label.left < other.left + text_width(other.text) + 10;
    };
    while (std::any_of(labels.begin(), labels.begin() + static_cast<std::ptrdiff_t>(i), taken)) ++label.row;
    rows = std::max(rows, label.row + 1);
  }
  return rows;
}

// The part of the guide inside the frame, along its length.
GuideLine clip(const SlopeGuide& guide, const Scale& x, const Scale& y) {
  const bool log = x.log && y.log;
  const auto y_at = [&](double at) {
    return log ? guide.y0 * std::pow(at / guide.x0, guide.slope) : guide.y0 + guide.slope * (at - guide.x0);
  };
  constexpr int kPieces = 400;
  GuideLine line{kNotGiven, kNotGiven, kNotGiven, kNotGiven};
  const double from = forward(guide.x0, log), to = forward(guide.x1, log);
  for (int i = 0; i <= kPieces; ++i) {
    const double at = backward(from + (to - from) * i / kPieces, log);
    const double u = x.share(at), v = y.share(y_at(at));
    if (!(u >= -1e-9 && u <= 1 + 1e-9 && v >= -1e-9 && v <= 1 + 1e-9)) continue;
    if (std::isnan(line.x0)) line.x0 = at, line.y0 = y_at(at);
    line.x1 = at, line.y1 = y_at(at);
  }
  return line;
}

// Moves overlapping labels apart, keeping their order.
void push_apart(std::vector<PlacedText>& labels, double lowest) {
  std::sort(labels.begin(), labels.end(), [](const PlacedText& a, const PlacedText& b) { return a.y > b.y; });
  for (std::size_t i = 1; i < labels.size(); ++i)
    if (std::abs(labels[i].x - labels[i - 1].x) < text_width(labels[i - 1].text))
      labels[i].y = std::min(labels[i].y, labels[i - 1].y - kLineHeight + 2);
  double floor = lowest;
  for (std::size_t i = labels.size(); i-- > 0;) {
    labels[i].y = std::max(labels[i].y, floor);
    floor = i > 0 && std::abs(labels[i].x - labels[i - 1].x) < text_width(labels[i - 1].text)
                ? labels[i].y + kLineHeight - 2
                : lowest;
  }
}

bool inside(const Scale& scale, double at) {
  const double share = scale.share(at);
  return share >= 0 && share <= 1;
}

}  // namespace

std::vector<Tic> log_tics(double lo, double hi) {
  if (hi / lo >= 99.9) return decades(lo, hi);
  static constexpr double kOneTwoFive[] = {1, 2, 5};
  static constexpr double kFine[] = {1, 1.5, 2, 3, 4, 5, 6, 8};
  const auto labelled_in = [&](const auto& digits) {
    std::vector<double> result;
    for (int k = static_cast<int>(std::floor(std::log10(lo))); k <= std::ceil(std::log10(hi)); ++k)
      for (const double digit : digits)
        if (const double at = digit * std::pow(10.0, k); within(at, lo, hi, 1e-9 * at)) result.push_back(at);
    return result;
  };
  std::vector<double> labelled = labelled_in(kOneTwoFive);
  if (labelled.size() < 3) labelled = labelled_in(kFine);
  if (labelled.size() < 3) return linear_tics(lo, hi);
  std::vector<Tic> tics;
  for (const double at : labelled) tics.push_back({at, number_label(at), false});
  for (const Tic& minor : decades(lo, hi))
    if (std::none_of(labelled.begin(), labelled.end(), [&](double at) { return std::abs(at - minor.at) < 1e-9 * at; }))
      tics.push_back({minor.at, "", true});
  return tics;
}

std::vector<Tic> linear_tics(double lo, double hi) {
  const double rough = (hi - lo) / 6;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double step = power * (rough / power < 1.4 ? 1 : rough / power < 3 ? 2 : rough / power < 7 ? 5 : 10);
  // Plain labels of one axis have the same decimals.
  const bool plain = step >= kPlainFrom && std::max(std::abs(lo), std::abs(hi)) < kPlainTo;
  const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  std::vector<Tic> tics;
  for (double k = std::ceil(lo / step - 1e-9); k * step <= hi + 1e-9 * step; ++k) {
    const double at = std::abs(k) < 0.5 ? 0.0 : k * step;
    tics.push_back({at, plain ? with_minus_sign(fmt::format("{:.{}f}", at, decimals)) : number_label(at), false});
  }
  return tics;
}

double Scale::share(double at) const {
  return (forward(at, log) - forward(lo, log)) / (forward(hi, log) - forward(lo, log));
}

bool drawable(double value, const Axis& axis) { return std::isfinite(value) && (!axis.log || value > 0); }

double text_width(const std::string& text) {
  const auto characters =
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
  return 0.53 * kFontSize * static_cast<double>(characters);
}

Layout lay_out(const Figure& figure) {
  Layout layout;
  find_scales(figure, layout);
  find_legend(figure, layout);

  double widest_tic = 0;
  for (const Tic& tic : layout.y.tics) {
    const bool power = tic.label.find('^') != std::string::npos;  // "^{}" takes no room and the exponent is small
    widest_tic = std::max(widest_tic, text_width(tic.label) - (power ? text_width("^{}") : 0));
  }
  layout.x.start_px = kEdge + kLineHeight + widest_tic + 22;
  const std::size_t rows = flow_legend(figure, layout, layout.x.start_px);
  layout.y.start_px =
      kEdge + static_cast<double>(rows) * kLineHeight + (rows > 0 ? 8 : 0) + kAxisLabelBelow + kLineHeight / 2;

  for (const SlopeGuide& guide : figure.slope_guides) layout.guides.push_back(clip(guide, layout.x, layout.y));
  double gutter = 24;  // room to the right of the frame
  for (std::size_t i = 0; i < layout.guides.size(); ++i)
    if (const double share = layout.x.share(layout.guides[i].x1); share > 0.7) {
      const double text = text_width(figure.slope_guides[i].label) + 12;
      gutter = std::max(gutter, text - (1 - share) * (figure.width - layout.x.start_px - text));
    }
  for (const Mark& mark : figure.horizontal_marks) {
    layout.horizontal_inside.push_back(drawable(mark.at, figure.y) && inside(layout.y, mark.at));
    if (layout.horizontal_inside.back()) gutter = std::max(gutter, text_width(mark.label) + 12);
  }
  layout.x.end_px = figure.width - std::min(gutter, figure.width / 3);

  std::vector<TopLabel> top;
  for (const Mark& mark : figure.vertical_marks) {
    layout.vertical_inside.push_back(drawable(mark.at, figure.x) && inside(layout.x, mark.at));
    if (layout.vertical_inside.back() && !mark.label.empty()) top.push_back({mark.label, mark.at});
  }
  for (const Interval& interval : figure.x_intervals) {
    const double lo = std::clamp(layout.x.share(interval.lo), 0.0, 1.0);
    const double hi = std::clamp(layout.x.share(interval.hi), 0.0, 1.0);
    layout.intervals.push_back({lo, hi});
    if (interval.label.empty() || !(lo < hi)) continue;
    const double from = forward(layout.x.lo, figure.x.log), to = forward(layout.x.hi, figure.x.log);
    top.push_back({interval.label, backward(from + (lo + hi) / 2 * (to - from), figure.x.log)});
  }
  const std::size_t top_rows = stack(top, figure, layout.x);
  layout.y.end_px = figure.height - kEdge - static_cast<double>(top_rows) * kLineHeight - 4;
  for (const TopLabel& label : top)
    layout.texts.push_back({label.text, label.left + text_width(label.text) / 2,
                            layout.y.end_px + 6 + (static_cast<double>(label.row) + 0.5) * kLineHeight,
                            PlacedText::Align::kCentre});

  std::vector<PlacedText> right;
  for (std::size_t i = 0; i < layout.guides.size(); ++i)
    if (!std::isnan(layout.guides[i].x1) && !figure.slope_guides[i].label.empty())
      right.push_back(
          {figure.slope_guides[i].label, layout.x.px(layout.guides[i].x1) + 6, layout.y.px(layout.guides[i].y1)});
  for (std::size_t i = 0; i < figure.horizontal_marks.size(); ++i)
    if (layout.horizontal_inside[i])
      right.push_back(
          {figure.horizontal_marks[i].label, layout.x.end_px + 6, layout.y.px(figure.horizontal_marks[i].at)});
  push_apart(right, layout.y.start_px);
  layout.texts.insert(layout.texts.end(), right.begin(), right.end());
  return layout;
}

}  // namespace phaselaw::report
