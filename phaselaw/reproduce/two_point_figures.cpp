// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/two_point.h"
#include "phaselaw/theory/two_point.h"

// The figures of two_point.h.
namespace phaselaw::reproduce {

namespace {

using report::Colour;
using report::Figure;
using report::Series;
using report::Style;

const double kZ = numerics::normal_quantile(0.975);

constexpr Colour kColourOf[] = {Colour::kBlack,      Colour::kOrange, Colour::kSkyBlue, Colour::kPurple,
                                Colour::kVermillion, Colour::kBlue,   Colour::kGreen};

Series bound_line(const char* label, const std::vector<double>& x, const std::vector<double>& y, Colour colour,
                  Style style) {
  Series line;
  line.label = label;
  line.x = x;
  line.y = y;
  line.style = style;
  line.colour = colour;
  return line;
}

Figure risk_figure(const TwoPointExperiment& e) {
  const double noise = std::max_element(e.cells.begin(), e.cells.end(), [](const auto& a, const auto& b) {
                         return a.noise < b.noise;
                       })->noise;
  Figure figure;
  figure.title = fmt::format("Risk of estimators against data, noise {}", noise);
  figure.x = {"training sequences n", "", true};
  figure.y = {"risk, mean of both targets", "squared", true};
  std::vector<double> sizes;
  for (const auto& cell : e.cells)
    if (cell.noise == noise) sizes.push_back(static_cast<double>(cell.n_data));
  std::vector<double> bound, minimax;
  for (const double n : sizes) {
    bound.push_back(theory::statistical_lower_bound(noise, n));
    minimax.push_back(theory::two_point_minimax_risk(noise, n));
  }
  figure.series.push_back(bound_line("bound xi^2/(16 n)", sizes, bound, Colour::kVermillion, Style::kLine));
  figure.series.push_back(bound_line("exact minimax risk", sizes, minimax, Colour::kBlack, Style::kDashed));
  for (std::size_t i = 0; i < e.cells.front().risks.size(); ++i) {
    Series points;
    points.label = e.cells.front().risks[i].name;
    points.style = Style::kPoints;
    points.colour = kColourOf[i % std::size(kColourOf)];
    points.width = 1.5;
    for (const auto& cell : e.cells) {
      if (cell.noise != noise) continue;
      const auto n = static_cast<double>(cell.n_data);
      const double unit = noise * noise / n, error = kZ * cell.risks[i].standard_error;
      points.x.push_back(n);
      points.y.push_back(unit * cell.risks[i].value);
      points.error_lo.push_back(unit * (cell.risks[i].value - error));
      points.error_hi.push_back(unit * (cell.risks[i].value + error));
    }
    figure.series.push_back(std::move(points));
  }
  figure.caption =
      "Every estimator lies above the bound, the posterior mean on the exact minimax risk. "
      "Bars: 95 % Monte-Carlo intervals, mostly smaller than the points.";
  return figure;
}

Figure separation_figure(const TwoPointExperiment& e) {
  Figure figure;
  figure.title = "How tight the two-point bound is";
  figure.x = {"separation h of the two targets", "xi/sqrt n"};
  figure.y = {"risk, mean of both targets", "xi^2/n"};
  const auto h = numerics::log_spaced(0.1, 6, 120);
  std::vector<double> pinsker, exact, minimax;
  for (const double at : h) {
    const auto bound = theory::two_point_bound(1, 1, at);
    pinsker.push_back(bound.risk_pinsker);
    exact.push_back(bound.risk);
    minimax.push_back(theory::two_point_minimax_risk(1, 1, at));
  }
  figure.series.push_back(
      bound_line("Le Cam, TV by Pinsker (1/16 at h = 1)", h, pinsker, Colour::kVermillion, Style::kLine));
  figure.series.push_back(bound_line("Le Cam, exact TV", h, exact, Colour::kBlue, Style::kLine));
  figure.series.push_back(bound_line("exact minimax risk", h, minimax, Colour::kBlack, Style::kDashed));
  Series points;
  points.label = "posterior mean, simulated";
  points.style = Style::kPoints;
  points.colour = Colour::kBlack;
  for (const auto& p : e.separations) {
    points.x.push_back(p.separation);
    points.y.push_back(p.risk.value);
    points.error_lo.push_back(p.risk.value - kZ * p.risk.standard_error);
    points.error_hi.push_back(p.risk.value + kZ * p.risk.standard_error);
  }
  figure.series.push_back(std::move(points));
  figure.vertical_marks.push_back({1, "h = 1", Colour::kGrey});
  figure.caption =
      "The bound uses h = 1 and Pinsker's inequality; "
      "the two points themselves are harder, and the gap between the red line and the points is what the proof loses. "
      "A single unknown coordinate has the minimax risk 1 on this scale.";
  return figure;
}

}  // namespace

std::vector<Figure> figures_of(const TwoPointExperiment& e) {
  std::vector<Figure> figures = {risk_figure(e)};
  if (!e.separations.empty()) figures.push_back(separation_figure(e));
  return figures;
}

}  // namespace phaselaw::reproduce
