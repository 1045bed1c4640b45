// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/diagnose/claims_figures.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/format.h"

namespace phaselaw::advice {

namespace {

using report::Colour, report::Figure, report::Series, report::Style;

constexpr std::size_t kDrawnRows = 2000;   // of the record, thinned evenly
constexpr std::size_t kDrawnPlaces = 120;  // of the band

Series measured_rows(const LossCurve& curve) {
  Series rows{"rows", {}, {}, Style::kPoints, Colour::kGrey};
  rows.opacity = 0.35;
  const std::size_t every = std::max<std::size_t>(1, curve.all_x.size() / kDrawnRows);
  for (std::size_t i = 0; i < curve.all_x.size(); i += every) {
    rows.x.push_back(curve.all_x[i]);
    rows.y.push_back(curve.all_loss[i]);
  }
  return rows;
}

// The middle of all accepted forms with their band, over [lo, hi].
Series forms_over(const CurveClaims& claims, double lo, double hi, const char* label, Style style) {
  Series line{label, {}, {}, style, Colour::kVermillion};
  for (std::size_t i = 0; i < kDrawnPlaces; ++i) {
    const double at = lo * std::pow(hi / lo, static_cast<double>(i) / (kDrawnPlaces - 1));
    const auto band = claims.loss_at(at);
    if (!band || !(band->lo > 0)) continue;
    line.x.push_back(at);
    line.y.push_back(std::sqrt(band->lo * band->hi));
    line.band_lo.push_back(band->lo);
    line.band_hi.push_back(band->hi);
  }
  return line;
}

Figure residuals_of(const Diagnosis& d, const report::Axis& x) {
  Figure figure;
  figure.title = "Residuals of the forms";
  figure.x = x;
  figure.y = {"measured/fitted - 1", "%", false};
  Series line{"block means", {}, {}, Style::kLinePoints, Colour::kVermillion};
  for (std::size_t b = 0; b < d.curve.x.size(); ++b) {
    if (d.curve.x[b] < d.claims->first_step_used) continue;
    const auto band = d.claims->loss_at(d.curve.x[b]);
    if (!band) continue;
    const double middle = std::sqrt(band->lo * band->hi), sd = d.curve.sd[b];
    line.x.push_back(d.curve.x[b]);
    line.y.push_back(100 * (d.curve.loss[b] / middle - 1));
    line.error_lo.push_back(line.y.back() - 200 * sd);
    line.error_hi.push_back(line.y.back() + 200 * sd);
  }
  figure.series.push_back(std::move(line));
  figure.horizontal_marks.push_back({0, "", Colour::kGrey});
  figure.caption =
      "Block means against the middle of all forms, with two standard errors. Neighbouring residuals that rise and fall "
      "together would show that no form holds.";
  return figure;
}

}  // namespace

std::vector<Figure> claims_figures(const Diagnosis& d, const report::Axis& x) {
  const LossCurve& curve = d.curve;
  Figure figure;
  figure.title = "The curve and what describes its end";
  figure.x = x;
  figure.y = {curve.quantity, "", true};
  figure.series.push_back(measured_rows(curve));
  figure.series.push_back({"block means", curve.x, curve.loss, Style::kPoints, Colour::kBlack});
  if (d.claims->shapes.empty() || curve.x.empty()) {
    figure.caption =
        "Rows and their means in bins of the logarithm of the clock. No form describes the end of the curve.";
    return {std::move(figure)};
  }
  const double last = curve.all_x.back();
  const double first = std::max(d.claims->first_step_used, curve.all_x.front());
  figure.series.push_back(forms_over(*d.claims, first, last, "forms that are not refuted", Style::kLine));
  figure.series.push_back(forms_over(*d.claims, last, 2 * last, "continued at a constant rate", Style::kDashed));
  if (first > curve.all_x.front())
    figure.x_intervals.push_back({curve.all_x.front(), first, "not used", Colour::kGrey});
  if (d.bend.identified) figure.x_intervals.push_back({*d.bend.lo, *d.bend.hi, "bend", Colour::kYellow});
  figure.caption = fmt::format(
      "Rows, their means in bins of the logarithm of the clock, and the band of all forms that the rows from {} on do not "
      "refute. Beyond the last row the band supposes a constant learning rate.",
      base::format_number(first, 3, base::Notation::suffix));
  return {std::move(figure), residuals_of(d, x)};
}

}  // namespace phaselaw::advice
