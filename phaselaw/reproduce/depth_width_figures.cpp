// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>

#include "phaselaw/base/format.h"
#include "phaselaw/reproduce/depth_width.h"

// Figures and tables of experiment 3 (depth_width.h).
namespace phaselaw::reproduce {

namespace {

using Size = std::int64_t FlowPoint::*;
using Member = double FlowPoint::*;

// Values of the flows that learned, by depth or width.
std::map<std::int64_t, std::vector<double>> by_size(const std::vector<FlowPoint>& points, Size x, Member member) {
  std::map<std::int64_t, std::vector<double>> values;
  for (const auto& p : points) {
    auto& at = values[p.*x];
    if (p.learned && std::isfinite(p.*member)) at.push_back(p.*member);
  }
  return values;
}

// Divided by the mean at the smallest size if `relative`.
report::Series measured_series(const std::vector<FlowPoint>& points, Size x, Member member, std::string label,
                               report::Colour colour, bool relative = false) {
  report::Series series;
  series.label = std::move(label);
  series.style = report::Style::kLinePoints;
  series.colour = colour;
  double unit = base::kNaN;
  for (const auto& [size, values] : by_size(points, x, member)) {
    if (values.empty()) continue;
    if (std::isnan(unit)) unit = relative ? geometric_mean(values) : 1;
    series.x.push_back(static_cast<double>(size));
    series.y.push_back(geometric_mean(values) / unit);
    series.error_lo.push_back(*std::min_element(values.begin(), values.end()) / unit);
    series.error_hi.push_back(*std::max_element(values.begin(), values.end()) / unit);
  }
  return series;
}

report::Colour colour_of(const DepthRule& rule) {
  using report::Colour;
  if (rule.scaled) return rule.narrow ? Colour::kOrange : Colour::kGreen;
  return rule.narrow ? Colour::kVermillion : Colour::kBlue;
}

constexpr const char* kBars = "Geometric mean over teachers, bars from the smallest to the largest. ";

report::Figure rate_figure(const DepthWidth& e) {
  report::Figure figure;
  figure.title = "Rate of the training loss against depth";
  figure.x = {"n_layers", "", true};
  figure.y = {"rate alpha", "per unit of flow time", true};
  for (const auto& rule : e.rules)
    figure.series.push_back(
        measured_series(rule.points, &FlowPoint::n_layers, &FlowPoint::rate, rule.words(), colour_of(rule)));
  for (const auto& rule : e.rules) {
    if (rule.narrow) continue;
    auto bound = measured_series(rule.points, &FlowPoint::n_layers, &FlowPoint::bound, "bound, " + rule.words(),
                                 report::Colour::kGrey);
    bound.style = report::Style::kDashed;
    bound.error_lo.clear();
    bound.error_hi.clear();
    figure.series.push_back(std::move(bound));
  }
  for (const auto& rule : e.rules) {
    const auto& series = figure.series[static_cast<std::size_t>(&rule - e.rules.data())];
    if (rule.narrow || series.x.size() < 2) continue;
    figure.slope_guides.push_back({series.x.front(), series.y.front(), series.x.back(), rule.predicted_slope(),
                                   rule.scaled ? "theory: -1" : "theory: 1"});
  }
  figure.caption =
      std::string(kBars) +
      "The rate is ln(100) over the time at which the exact gradient flow reaches a hundredth of its first loss. "
      "Straight lines have the slopes of the theory at fixed lambda; the bound 2 N omega^2 lambda/n uses the smallest "
      "measured eigenvalue of any layer's kernel.";
  return figure;
}

report::Figure drift_figure(const DepthWidth& e) {
  report::Figure figure;
  figure.title = "Drift of the kernel against depth";
  figure.x = {"n_layers", "", true};
  figure.y = {"||H(t) - H(0)|| / ||H(0)||", "", true};
  for (const auto& rule : e.rules)
    figure.series.push_back(
        measured_series(rule.points, &FlowPoint::n_layers, &FlowPoint::drift, rule.words(), colour_of(rule)));
  figure.caption = std::string(kBars) +
                   "Frobenius norms, at a hundredth of the first loss. According to the theory the drift does not grow "
                   "with depth at a fixed branch scale if d_hidden ~ n_layers^-2, and falls if d_hidden is fixed.";
  return figure;
}

report::Figure width_figure(const DepthWidth& e) {
  using report::Colour;
  report::Figure figure;
  figure.title = "Movement of the weights, rate and drift against width";
  figure.x = {"d_hidden", "", true};
  figure.y = {"relative to the narrowest model", "", true};
  const auto add = [&](Member member, const char* label, Colour colour) {
    figure.series.push_back(measured_series(e.widths, &FlowPoint::d_hidden, member, label, colour, true));
  };
  add(&FlowPoint::unit_radius, "R, largest move of a hidden unit's weights", Colour::kVermillion);
  add(&FlowPoint::rate, "rate alpha", Colour::kBlue);
  add(&FlowPoint::drift, "drift of the kernel", Colour::kGreen);
  if (const auto& radius = figure.series.front(); radius.x.size() > 1)
    figure.slope_guides.push_back({radius.x.front(), 1, radius.x.back(), -0.5, "theory for R: -1/2"});
  figure.caption =
      std::string(kBars) +
      "Two layers, branch_scale fixed, at a hundredth of the first loss. According to the theory R falls as "
      "d_hidden^-1/2 and the loss falls faster in wider models.";
  return figure;
}

std::string slope_of(const std::vector<FlowPoint>& points, Size x, Member member) {
  const auto slopes = teacher_slopes(against(points, x, member));
  return base::format_value(slopes.slope.value, slopes.slope.lo, slopes.slope.hi);
}

report::Table exponents_table(const DepthWidth& e) {
  report::Table table;
  table.caption =
      "Exponents in n_layers and in d_hidden: mean of the slopes of the teachers with 95 % interval (Student t). "
      "R is the largest move of the weights of a hidden unit; lambda and the drift are at the same flows.";
  table.columns = {"models", "in", "alpha", "lambda", "drift", "R"};
  const auto add = [&](const std::string& words, const char* in, const std::vector<FlowPoint>& points, Size x) {
    table.rows.push_back({words, in, slope_of(points, x, &FlowPoint::rate), slope_of(points, x, &FlowPoint::lambda),
                          slope_of(points, x, &FlowPoint::drift), slope_of(points, x, &FlowPoint::unit_radius)});
  };
  for (const auto& rule : e.rules) add(rule.words(), "n_layers", rule.points, &FlowPoint::n_layers);
  add("two layers, branch_scale fixed", "d_hidden", e.widths, &FlowPoint::d_hidden);
  return table;
}

void add_rows(const std::string& words, const std::vector<FlowPoint>& points, Size x, report::Table& table) {
  for (const auto& [size, rates] : by_size(points, x, &FlowPoint::rate)) {
    std::size_t count = 0, converged = 0;
    const FlowPoint* example = nullptr;
    for (const auto& p : points)
      if (p.*x == size) ++count, converged += p.converged() ? 1 : 0, example = &p;
    const auto number = [&](Member member) {
      return base::format_number(geometric_mean(by_size(points, x, member).at(size)));
    };
    table.rows.push_back({words, std::to_string(example->n_layers), std::to_string(example->d_hidden),
                          fmt::format("{} of {}", converged, count), number(&FlowPoint::rate),
                          number(&FlowPoint::bound), number(&FlowPoint::lambda), number(&FlowPoint::drift),
                          number(&FlowPoint::unit_radius), number(&FlowPoint::radius_ratio),
                          number(&FlowPoint::width_missed)});
  }
}

}  // namespace

std::vector<report::Figure> figures_of(const DepthWidth& e) {
  return {rate_figure(e), drift_figure(e), width_figure(e)};
}

std::vector<report::Table> tables_of(const DepthWidth& e) {
  report::Table table;
  table.caption =
      "Geometric means over teachers. R/R_max uses the K of the measured drift; "
      "above 1 the theory does not guarantee positive definiteness. "
      "Learned: flows that reached a hundredth of their first loss without a sign of instability or plateau. "
      "Width missed: powers of ten by which d_hidden is below Definition 5.2 at the same branch scale.";
  table.columns = {"models", "n_layers", "d_hidden", "learned", "alpha",       "bound",
                   "lambda", "drift",    "R",        "R/R_max", "width missed"};
  for (const auto& rule : e.rules) add_rows(rule.words(), rule.points, &FlowPoint::n_layers, table);
  add_rows("two layers", e.widths, &FlowPoint::d_hidden, table);
  return {exponents_table(e), table};
}

}  // namespace phaselaw::reproduce
