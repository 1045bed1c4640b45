// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/reproduce/quality.h"

// Figures and tables of the experiment on data quality (quality.h).
namespace phaselaw::reproduce {

namespace {

using report::Series;
using report::Style;

void add_effect(Series& series, double x, const Effect& effect) {
  series.x.push_back(x);
  series.y.push_back(effect.value);
  series.error_lo.push_back(effect.lo);
  series.error_hi.push_back(effect.hi);
}

report::Figure threshold_figure(const QualityResults& results) {
  report::Figure figure;
  figure.title = "Noise up to which added samples help";
  figure.caption =
      "The noise variance of the added samples, relative to that of the others, at which the excess risk is the same with and "
      "without them; bars: 95 % over teachers. Line: 2 + m/n, for equal weights and a fixed effective dimension.";
  figure.x = {"added samples per other sample m/n", "", true};
  figure.y = {"threshold of the noise variance ratio", "", true};
  Series ideal{.label = "2 + m/n", .style = Style::kLine, .colour = report::Colour::kBlack};
  Series best{.label = "trained, best time", .style = Style::kPoints, .colour = report::series_colour(0)};
  Series end{.label = "trained, last step", .style = Style::kPoints, .colour = report::series_colour(1)};
  for (int k = 0; k <= 20; ++k) {
    const double r = 0.2 * std::pow(20.0, k / 20.0);
    ideal.x.push_back(r);
    ideal.y.push_back(ideal_threshold(r));
  }
  for (const auto& t : results.thresholds) {
    add_effect(best, t.added_over_clean * 0.98, t.best);
    add_effect(end, t.added_over_clean * 1.02, t.end);
  }
  figure.series = {ideal, best, end};
  return figure;
}

report::Figure noise_figure(const QualityStudy& study, const QualityResults& results) {
  report::Figure figure;
  figure.title = "The threshold of linearised students, from little noise to much";
  figure.caption =
      "Threshold over 2 + m/n at the best time on the kernel at initialisation, in expectation over the noise; bars: 95 % over "
      "teachers. With little noise the bias matters, and added inputs help at noise far above 2 + m/n.";
  figure.x = {"noise xi_a of the first samples", "standard deviation", true};
  figure.y = {"threshold/(2 + m/n)", "", true};
  for (std::size_t i = 0; i < results.thresholds.size(); ++i) {
    const auto& t = results.thresholds[i];
    Series series{.label = "m/n = " + base::format_number(t.added_over_clean),
                  .style = Style::kLinePoints,
                  .colour = report::series_colour(i)};
    for (std::size_t k = 0; k < study.linear_noise.size(); ++k) {
      Effect ratio = t.linear[k];
      for (double* value : {&ratio.value, &ratio.lo, &ratio.hi}) *value /= ideal_threshold(t.added_over_clean);
      add_effect(series, study.linear_noise[k], ratio);
    }
    figure.series.push_back(std::move(series));
  }
  figure.horizontal_marks.push_back({1, "2 + m/n", report::Colour::kBlack});
  return figure;
}

report::Figure draws_figure(const QualityStudy& study, const QualityResults& results) {
  report::Figure figure;
  figure.title = "What repeated samples are worth";
  figure.caption = fmt::format(
      "Samples drawn with replacement from {} distinct ones, and the number of distinct samples with the same best excess risk; "
      "bars: 95 % over teachers. Line: n g/(n + g).",
      study.clean);
  figure.x = {"samples drawn n", "", true};
  figure.y = {"distinct samples of equal risk", "", true};
  figure.y.hi = 1.2 * static_cast<double>(study.clean);
  Series line{.label = "n g/(n + g)", .style = Style::kLine, .colour = report::Colour::kBlack};
  Series useful{.label = "trained, best time", .style = Style::kPoints, .colour = report::series_colour(0)};
  const double g = static_cast<double>(study.clean), most = results.draws.back().draws;
  for (int k = 0; k <= 20; ++k) {
    const double n = g / 2 * std::pow(4 * most / g, k / 20.0);
    line.x.push_back(n);
    line.y.push_back(useful_size_of_draws(n, g));
  }
  for (const auto& d : results.draws) add_effect(useful, d.draws, d.useful);
  figure.series = {line, useful};
  figure.horizontal_marks.push_back({g, "distinct samples", report::Colour::kGrey});
  return figure;
}

}  // namespace

std::vector<report::Figure> figures_of(const QualityStudy& study, const QualityResults& results) {
  std::vector<report::Figure> figures = {threshold_figure(results), noise_figure(study, results)};
  if (!results.draws.empty()) figures.push_back(draws_figure(study, results));
  return figures;
}

std::vector<report::Table> tables_of(const QualityStudy& study, const QualityResults& results) {
  report::Table thresholds;
  thresholds.caption =
      "Thresholds of the noise variance ratio with 95 % intervals; linearised students at each noise xi_a, in expectation.";
  thresholds.columns = {"m/n", "2 + m/n", "trained, best time", "trained, last step"};
  for (const double xi : study.linear_noise)
    thresholds.columns.push_back("linearised, xi_a " + base::format_number(xi));
  for (const auto& t : results.thresholds) {
    std::vector<std::string> row = {base::format_number(t.added_over_clean),
                                    base::format_number(ideal_threshold(t.added_over_clean)), text_of(t.best),
                                    text_of(t.end)};
    for (const auto& effect : t.linear) row.push_back(text_of(effect));
    thresholds.rows.push_back(std::move(row));
  }
  report::Table draws;
  draws.caption = fmt::format("Samples drawn with replacement from {} distinct ones.", study.clean);
  draws.columns = {"draws", "n g/(n + g)", "distinct samples of equal risk"};
  for (const auto& d : results.draws)
    draws.rows.push_back({fmt::format("{:.0f}", d.draws),
                          base::format_number(useful_size_of_draws(d.draws, static_cast<double>(study.clean)), 3),
                          text_of(d.useful)});
  return {thresholds, draws};
}

}  // namespace phaselaw::reproduce
