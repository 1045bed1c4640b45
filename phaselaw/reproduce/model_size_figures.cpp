// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <utility>

#include "phaselaw/base/format.h"
#include "phaselaw/reproduce/flow_set.h"
#include "phaselaw/reproduce/model_size.h"

// Figures and table of the law in the model size (model_size.h).
namespace phaselaw::reproduce {

namespace {

using Cell = std::pair<std::int64_t, double>;  // n_data, noise

report::Series mean_series(const std::vector<Observation>& points, std::string label, report::Colour colour) {
  std::map<double, std::vector<double>> values;
  for (const auto& point : points)
    if (point.y > 0) values[point.x].push_back(point.y);
  report::Series series;
  series.label = std::move(label);
  series.colour = colour;
  series.style = report::Style::kLinePoints;
  for (const auto& [x, y] : values) {
    series.x.push_back(x);
    series.y.push_back(geometric_mean(y));
    series.error_lo.push_back(*std::min_element(y.begin(), y.end()));
    series.error_hi.push_back(*std::max_element(y.begin(), y.end()));
  }
  return series;
}

std::map<Cell, std::vector<Observation>> by_cell(const std::vector<SizeRun>& runs, double SizeRun::*risk) {
  std::map<Cell, std::vector<Observation>> cells;
  for (const auto& run : runs)
    cells[{run.n_data, run.noise}].push_back({run.teacher, static_cast<double>(run.n_params), run.*risk});
  return cells;
}

void add_saturation(const std::vector<Observation>& points, double predicted, const char* words, report::Figure& figure,
                    report::Colour colour) {
  auto series = mean_series(points, words, colour);
  if (series.x.size() > 1)
    figure.slope_guides.push_back({series.x.front(), series.y.front(), series.x.back(), predicted,
                                   fmt::format("stated: {}", base::format_number(predicted))});
  figure.series.push_back(std::move(series));
}

}  // namespace

std::vector<report::Figure> figures_of(const ModelSize& e) {
  report::Figure law;
  law.title = "Excess risk against the model size";
  law.x = {"n_params", "", true};
  law.y = {"excess risk", "per output coordinate", true};
  std::size_t k = 0;
  for (const auto& [cell, points] : by_cell(e.clean, &SizeRun::last))
    law.series.push_back(mean_series(points, "no noise", report::series_colour(k++)));
  for (const auto& [cell, points] : by_cell(e.noisy, &SizeRun::best))
    law.series.push_back(mean_series(points,
                                     fmt::format("n = {}, noise {}", cell.first, base::format_number(cell.second)),
                                     report::series_colour(k++)));
  if (!law.series.empty() && law.series.front().x.size() > 1) {
    const auto& clean = law.series.front();
    law.slope_guides.push_back({clean.x.front(), clean.y.front(), clean.x.back(), -1, "stated: -1"});
  }
  law.caption =
      "Geometric mean over teachers, bars from the smallest to the largest. Without noise: at the end of the training; with "
      "noise: the lowest risk of each run. The paper states a fall as 1/M that ends at M* ~ n/noise^2.";
  report::Figure ends;
  ends.title = "Model size at which the risk stops falling";
  ends.x = {"n_data", "sequences", true};
  ends.y = {"M*", "parameters", true};
  add_saturation(saturation_against_data(e), 1, "at fixed noise", ends, report::Colour::kVermillion);
  ends.caption =
      "M* is the size at which the lowest risk of a noisy run is twice the risk without noise; geometric mean over "
      "teachers, bars from the smallest to the largest.";
  return {law, ends};
}

report::Table table_of(const ModelSize& e) {
  report::Table table;
  table.caption =
      "Excess risk by model size, geometric mean over teachers. Without noise: at the end of the training; with noise: the "
      "lowest of each run.";
  table.columns = {"n_data", "noise", "n_params", "excess risk", "teachers"};
  const auto add = [&](const std::vector<SizeRun>& runs, double SizeRun::*risk) {
    for (const auto& [cell, points] : by_cell(runs, risk)) {
      std::map<double, std::vector<double>> sizes;
      for (const auto& point : points) sizes[point.x].push_back(point.y);
      for (const auto& [size, risks] : sizes)
        table.rows.push_back({std::to_string(cell.first), base::format_number(cell.second),
                              base::format_number(size, 3, base::Notation::suffix),
                              base::format_number(geometric_mean(risks)), std::to_string(risks.size())});
    }
  };
  add(e.clean, &SizeRun::last);
  add(e.noisy, &SizeRun::best);
  return table;
}

}  // namespace phaselaw::reproduce
