// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>

#include "phaselaw/base/format.h"
#include "phaselaw/reproduce/phase_transition.h"
#include "phaselaw/theory/two_stage.h"

// Figures and tables of experiment 1 (phase_transition.h).
namespace phaselaw::reproduce {

namespace {

using report::Colour;
using report::Figure;
using report::Series;
using report::Style;

void add_runs(const PhaseTransition& s, double floor, Figure& figure) {
  for (const auto& run : s.curves.runs) {
    Series series;
    series.label =
        fmt::format("{} runs, n = {} to {}", s.curves.runs.size(), s.best.front().n_data, s.best.back().n_data);
    series.x = run.compute;
    for (const double value : run.value) series.y.push_back(value - floor);
    series.colour = Colour::kGrey;
    series.width = 0.8;
    series.opacity = 0.45;
    figure.series.push_back(std::move(series));
  }
}

void add_envelope(const PhaseTransition& s, double floor, Figure& figure) {
  Series series;
  series.label = "envelope of all runs";
  for (const auto& point : s.envelope) {
    series.x.push_back(point.compute);
    series.y.push_back(point.loss - floor);
  }
  series.style = Style::kPoints;
  series.colour = Colour::kBlack;
  series.width = 1.5;
  figure.series.push_back(std::move(series));
}

void add_law(const PhaseTransition& s, double floor, Figure& figure) {
  Series series;
  const auto* q = s.law.find("q");
  series.label =
      fmt::format("two-stage law, q = {}", base::format_value(q->value, q->lo.value_or(NAN), q->hi.value_or(NAN)));
  series.x = s.band_compute;
  for (const double value : s.band.value) series.y.push_back(value - floor);
  for (const double value : s.band.lo) series.band_lo.push_back(value - floor);
  for (const double value : s.band.hi) series.band_hi.push_back(value - floor);
  series.colour = Colour::kVermillion;
  series.width = 2.5;
  figure.series.push_back(std::move(series));
  const auto* bend = s.law.find("bend_compute");
  if (!bend->identified) return;
  figure.vertical_marks.push_back({bend->value, "", Colour::kBlue});
  if (bend->lo && bend->hi)
    figure.x_intervals.push_back({*bend->lo, *bend->hi, "bend, 95 % interval", Colour::kSkyBlue});
}

// The slopes of the two editions, over the last decade and a half of the envelope, drawn slightly above the data.
void add_slopes(const PhaseTransition& s, double floor, Figure& figure) {
  const auto& last = s.envelope.back();
  const double start = std::max(last.compute / 50, s.envelope.front().compute);
  double above = 0;
  for (const auto& point : s.envelope)
    if (point.compute >= start) above = std::max(above, point.loss - floor);
  figure.slope_guides.push_back({start, 1.9 * above, last.compute, -1.0 / 6, "slope -1/6"});
  figure.slope_guides.push_back({start, 1.5 * above, last.compute, -1.0 / 7, "slope -1/7"});
}

Figure loss_figure(const PhaseTransition& s, double floor, const std::string& y_label, bool slopes) {
  Figure figure;
  figure.title = fmt::format("{} against compute: {}", y_label, s.name);
  figure.x = {sweep::compute_label(s.curves.accounting), sweep::compute_unit(s.curves.accounting), true};
  figure.y = {y_label, s.curves.unit(), true};
  add_runs(s, floor, figure);
  add_envelope(s, floor, figure);
  add_law(s, floor, figure);
  if (slopes) add_slopes(s, floor, figure);
  return figure;
}

Figure data_figure(const PhaseTransition& s) {
  Figure figure;
  figure.title = fmt::format("Best {} against data: {}", s.curves.label(), s.name);
  figure.caption =
      "Lowest value at any time of the training, for each number of training sequences: "
      "median of the replicates, bars from the smallest to the largest.";
  figure.x = {"training sequences n", "", true};
  figure.y = {"best " + s.curves.label(), s.curves.unit(), true};
  Series points;
  points.label = "best stopping time";
  points.style = Style::kPoints;
  points.colour = Colour::kBlack;
  for (const auto& best : s.best) {
    points.x.push_back(static_cast<double>(best.n_data));
    points.y.push_back(best.value);
    points.error_lo.push_back(best.lo);
    points.error_hi.push_back(best.hi);
  }
  if (s.has_data_law) {
    const auto* q = s.data_law.find("q");
    const double top = 1.4 * points.y.front(), bottom = *std::min_element(points.y.begin(), points.y.end());
    figure.slope_guides.push_back(
        {points.x.front(), top, std::min(points.x.back(), points.x.front() * top / bottom), -1.0, "theory: slope -1"});
    figure.caption +=
        fmt::format(" Fitted exponent {}.", base::format_value(q->value, q->lo.value_or(NAN), q->hi.value_or(NAN)));
  }
  figure.series.push_back(std::move(points));
  return figure;
}

}  // namespace

std::vector<Figure> figures_of(const PhaseTransition& s) {
  std::vector<Figure> figures;
  if (s.curves.quantity == Quantity::excess_risk) {
    Figure figure = loss_figure(s, 0, "excess risk", true);
    figure.caption =
        "Each grey line is one training run; black points are the lower envelope over all runs; "
        "the red line is the two-stage law fitted to the envelope, with its pointwise 95 % band; "
        "the straight lines are the slopes stated by the two editions of the theory for the second stage.";
    figures.push_back(std::move(figure));
  } else {
    Figure total = loss_figure(s, 0, "test loss", false);
    const auto* floor = s.law.find("E");
    total.caption = fmt::format(
        "Total test loss. The fitted floor is {}; the theory's slopes refer to the part above it, in the next figure.",
        base::format_value(floor->value, floor->lo.value_or(NAN), floor->hi.value_or(NAN)));
    figures.push_back(std::move(total));
    Figure reducible = loss_figure(s, floor->value, "reducible loss", true);
    reducible.caption = fmt::format(
        "The same with the fitted floor E = {} subtracted. "
        "The straight lines are the slopes stated by the two editions of the theory for the second stage. "
        "The band includes the uncertainty of the floor.",
        base::format_number(floor->value, 4));
    figures.push_back(std::move(reducible));
  }
  if (s.best.size() >= 2) figures.push_back(data_figure(s));
  return figures;
}

std::vector<report::Table> tables_of(const PhaseTransition& s) {
  report::Table forms;
  forms.caption = fmt::format("Forms fitted to run {} (n = {}), best first.", s.longest_run, s.best.back().n_data);
  forms.columns = {"form", "formula", "AICc above the lowest", "residual (std of ln)", "converged"};
  for (std::size_t i = 0; i < s.longest.laws.size(); ++i) {
    const auto& ranked = s.longest.laws[i];
    const auto& fit = ranked.fit;
    forms.rows.push_back({fit.name(), fit.formula(), base::format_number(ranked.delta_aicc),
                          base::format_number(fit.residual_scale),
                          fit.convergence.certified ? "yes" : fit.convergence.status});
  }
  report::Table parameters;
  parameters.caption = fmt::format("Two-stage law of the envelope: {} ({} of {} starts agree, {} interval{}).",
                                   s.law.formula(), s.law.convergence.agreed, s.law.convergence.starts,
                                   base::enum_name(s.law.method), s.law.clustered ? ", runs resampled" : "");
  parameters.columns = {"quantity", "value and 95 % interval", "identified"};
  for (const auto* list : {&s.law.parameters, &s.law.derived})
    for (const auto& e : *list)
      parameters.rows.push_back({e.name,
                                 e.fixed ? base::format_number(e.value) + " (fixed)"
                                         : base::format_value(e.value, e.lo.value_or(NAN), e.hi.value_or(NAN),
                                                              base::notation_of(laws::unit_of(s.law.law, e.name))),
                                 e.identified ? "yes" : "no"});
  return {parameters, forms};
}

std::vector<std::string> notes_of(const PhaseTransition& s) {
  std::vector<std::string> notes;
  if (s.curves.diverged > 0) notes.push_back(fmt::format("{} runs diverged and are not used.", s.curves.diverged));
  for (const auto& warning : s.law.warnings) notes.push_back("Note on the fit: " + warning + ".");
  return notes;
}

}  // namespace phaselaw::reproduce
