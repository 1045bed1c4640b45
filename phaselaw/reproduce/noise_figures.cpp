// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/reproduce/noise.h"

// Figures and tables of experiment 2 (noise.h).
namespace phaselaw::reproduce {

namespace {

using report::Colour;
using report::Figure;
using report::Series;

Series series_of(const std::vector<NoisePoint>& points, double NoisePoint::*member, std::string label, Colour colour,
                 report::Style style) {
  Series series;
  series.label = std::move(label);
  series.style = style;
  series.colour = colour;
  for (const auto& p : points) {
    series.x.push_back(p.n);
    series.y.push_back(p.*member);
  }
  return series;
}

Figure frame(std::string title, std::string caption) {
  Figure figure;
  figure.title = std::move(title);
  figure.caption = std::move(caption);
  figure.x = {"training sequences n", "", true};
  figure.y = {"excess risk", "per output coordinate", true};
  return figure;
}

// The risk of the twin without noise at the best time with constant noise.
Series twin_series(const NoiseResults& results) {
  Series series;
  series.label = "no noise, same time";
  series.colour = Colour::kGrey;
  series.style = report::Style::kLinePoints;
  for (const auto& p : results.schedules.front().points) {
    series.x.push_back(p.n);
    series.y.push_back(p.best - p.noise_part);
  }
  return series;
}

Figure schedule_figure(const NoiseStudy& study, const NoiseResults& results) {
  auto figure =
      frame("Best excess risk against data, where the noise grows with the data",
            "Excess risk at the best time of the curve averaged over teachers. The straight lines have the slopes "
            "stated by the theory.");
  for (std::size_t i = 0; i < study.schedules.size(); ++i) {
    const auto& c = study.schedules[i];
    const auto& result = results.schedules[i];
    figure.series.push_back(series_of(result.points, &NoisePoint::best,
                                      fmt::format("{}: slope {}", c.label, text_of(result.slope)),
                                      report::series_colour(i), report::Style::kLinePoints));
    const double slope = theory::data_exponent(c.noise.exponent);
    figure.slope_guides.push_back({result.points.front().n, result.points.front().best, result.points.back().n, slope,
                                   "theory: " + base::format_number(slope)});
  }
  figure.series.push_back(twin_series(results));
  return figure;
}

Figure prediction_figure(const NoiseStudy& study, const NoiseResults& results) {
  auto figure =
      frame("What noise adds to the best excess risk, and its prediction from the kernel at initialisation",
            "Points: best excess risk less that of the twin without noise at the same time, averaged over teachers. "
            "Dashed: xi^2 d_eff/(n L o), where d_eff counts the directions of the kernel at initialisation that are "
            "learned by that time. No parameter is fitted.");
  for (std::size_t i = 0; i < study.schedules.size(); ++i) {
    const auto& result = results.schedules[i];
    const Colour colour = report::series_colour(i);
    figure.series.push_back(
        series_of(result.points, &NoisePoint::noise_part, study.schedules[i].label, colour, report::Style::kPoints));
    figure.series.push_back(
        series_of(result.points, &NoisePoint::predicted, i == 0 ? "prediction" : "", colour, report::Style::kDashed));
  }
  return figure;
}

Figure kind_figure(const NoiseStudy& study, const NoiseResults& results) {
  auto figure =
      frame("Best excess risk against data, for noise of other kinds",
            "All kinds have the same mean square. Excess risk at the best time of the curve averaged over teachers.");
  figure.series.push_back(series_of(results.schedules.front().points, &NoisePoint::best, study.schedules.front().label,
                                    report::series_colour(0), report::Style::kLinePoints));
  for (std::size_t i = 0; i < study.kinds.size(); ++i)
    figure.series.push_back(series_of(results.kinds[i].points, &NoisePoint::best, study.kinds[i].label,
                                      report::series_colour(i + 1), report::Style::kLinePoints));
  return figure;
}

}  // namespace

std::vector<Figure> figures_of(const NoiseStudy& study, const NoiseResults& results) {
  std::vector<Figure> figures = {schedule_figure(study, results), prediction_figure(study, results)};
  if (!study.kinds.empty()) figures.push_back(kind_figure(study, results));
  return figures;
}

std::vector<report::Table> tables_of(const NoiseStudy& study, const NoiseResults& results) {
  report::Table schedules;
  schedules.caption = "Slopes of the best excess risk and of its part that noise adds, against n, with 95 % intervals.";
  schedules.columns = {"noise",
                       "theory",
                       "slope of the risk",
                       "slope of the noise part",
                       "noise part/prediction",
                       "least share of noise"};
  report::Table sizes;
  sizes.caption = "Constant and growing noise by size: best time, risk, and what noise adds beside its prediction.";
  sizes.columns = {"noise", "n", "best time", "best risk", "noise part", "xi^2 d_eff/(n L o)", "d_eff"};
  for (std::size_t i = 0; i < study.schedules.size(); ++i) {
    const auto& c = study.schedules[i];
    const auto& result = results.schedules[i];
    schedules.rows.push_back({c.label, base::format_number(theory::data_exponent(c.noise.exponent)),
                              text_of(result.slope), text_of(result.noise_slope), text_of(result.level),
                              base::format_percent(result.noise_share)});
    for (const auto& p : result.points)
      sizes.rows.push_back({c.label, fmt::format("{:.0f}", p.n), base::format_number(p.time),
                            base::format_number(p.best), base::format_number(p.noise_part),
                            base::format_number(p.predicted), base::format_number(p.d_eff, 3)});
  }
  report::Table kinds;
  kinds.caption =
      "Noise of other kinds compared with Gaussian noise of the same mean square, for the same teachers and inputs.";
  kinds.columns = {"noise", "slope of the risk", "slope - Gaussian slope", "best risk/Gaussian",
                   "least share of noise"};
  for (std::size_t i = 0; i < study.kinds.size(); ++i) {
    const auto& result = results.kinds[i];
    kinds.rows.push_back({study.kinds[i].label, text_of(result.slope), text_of(result.ratio_slope),
                          text_of(result.ratio), base::format_percent(result.noise_share)});
  }
  return {schedules, sizes, kinds};
}

}  // namespace phaselaw::reproduce
