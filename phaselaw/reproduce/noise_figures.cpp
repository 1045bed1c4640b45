// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>

#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/noise.h"
#include "phaselaw/theory/noise.h"

// Figures and tables of experiment 2 (noise.h).
namespace phaselaw::reproduce {

namespace {

using report::Colour;
using report::Figure;
using report::Series;

// Medians over the seeds, bars from the smallest to the largest.
Series points_of(const NoiseCase& c, Colour colour) {
  std::map<std::int64_t, std::vector<double>> by_size;
  for (const auto& b : c.best) by_size[b.n_data].push_back(b.value);
  Series series;
  series.label = std::isnan(c.slope.value)
                     ? c.label
                     : fmt::format("{}: slope {}", c.label, base::format_value(c.slope.value, c.slope.lo, c.slope.hi));
  series.style = report::Style::kLinePoints;
  series.colour = colour;
  for (const auto& [n, values] : by_size) {
    series.x.push_back(static_cast<double>(n));
    series.y.push_back(numerics::median(values));
    series.error_lo.push_back(*std::min_element(values.begin(), values.end()));
    series.error_hi.push_back(*std::max_element(values.begin(), values.end()));
  }
  return series;
}

Figure frame(std::string title, std::string caption) {
  Figure figure;
  figure.title = std::move(title);
  figure.caption = std::move(caption);
  figure.x = {"training sequences n", "", true};
  figure.y = {"best excess risk", "per output coordinate", true};
  return figure;
}

}  // namespace

std::vector<Figure> figures_of(const NoiseExperiment& e) {
  const Colour colours[] = {Colour::kBlue, Colour::kOrange, Colour::kVermillion, Colour::kGreen};
  auto schedules = frame(
      "Best excess risk against data, where the noise grows with the data",
      "Lowest excess risk reached at any time of the training: median of the seeds, bars from the smallest to the largest. "
      "The straight lines have the slopes stated by the theory.");
  std::size_t next = 0;
  for (const auto& c : e.schedules) {
    schedules.series.push_back(points_of(c, colours[next++]));
    const auto& s = schedules.series.back();
    if (s.x.empty()) continue;
    const double slope = theory::data_exponent(c.exponent);
    schedules.slope_guides.push_back(
        {s.x.front(), s.y.front(), s.x.back(), slope, "theory: " + base::format_number(slope)});
  }
  schedules.series.push_back(points_of(e.clean, Colour::kGrey));
  auto kinds = frame(
      "Best excess risk against data, for noise of other kinds",
      "All kinds have the same mean square. Median of the seeds at the best stopping time, bars from the smallest to the largest.");
  next = 0;
  kinds.series.push_back(points_of(e.schedules.front(), colours[next++]));
  for (const auto& c : e.kinds) kinds.series.push_back(points_of(c, colours[next++ % std::size(colours)]));
  return {schedules, kinds};
}

std::vector<report::Table> tables_of(const NoiseExperiment& e) {
  const auto text = [](const Measured& m) { return base::format_value(m.value, m.lo, m.hi); };
  report::Table schedules;
  schedules.caption =
      "Slope of the best excess risk against n, and exponent of its envelope against compute, with 95 % intervals.";
  schedules.columns = {"noise",      "slope in n", "theory",    "exponent in compute",
                       "identified", "edition v1", "edition v3"};
  for (const auto& c : e.schedules) {
    const auto* q = c.envelope.find("q");
    schedules.rows.push_back({c.label, text(c.slope), base::format_number(theory::data_exponent(c.exponent)),
                              base::format_value(q->value, q->lo.value_or(NAN), q->hi.value_or(NAN)),
                              q->identified ? "yes" : "no",
                              base::format_number(theory::compute_exponent(theory::edition_v1(), c.exponent)),
                              base::format_number(theory::compute_exponent(theory::edition_v3(), c.exponent))});
  }
  report::Table kinds;
  kinds.caption = "Noise of other kinds compared with Gaussian noise of the same mean square, run by run.";
  kinds.columns = {"noise", "slope in n", "slope - Gaussian slope", "best risk/Gaussian", "share of noise"};
  for (const auto& c : e.kinds)
    kinds.rows.push_back({c.label, text(c.slope), text(c.slope_less_gaussian), text(c.ratio_to_gaussian),
                          base::format_number(c.noise_share, 2)});
  return {schedules, kinds};
}

}  // namespace phaselaw::reproduce
