// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/surface_claims.h"

// Figures and tables of the surface (surface_claims.h).
namespace phaselaw::reproduce {

namespace {

using report::Colour;
using report::Figure;
using report::Series;
using report::Style;

std::vector<double> exps(const std::vector<double>& logs) {
  std::vector<double> values;
  for (const double x : logs) values.push_back(std::exp(x));
  return values;
}

// Minima of one path against n: `value` chooses risk or time.
Series minima(const SurfaceRow& row, Colour colour, std::string label, double BestTime::*value) {
  Series series;
  series.label = std::move(label);
  series.style = Style::kLinePoints;
  series.colour = colour;
  const auto best = best_times(row.path, all_teachers(row.path.teachers()));
  for (std::size_t i = 0; i < best.size(); ++i) {
    series.x.push_back(row.path.cells[i].n_data);
    series.y.push_back(std::exp(best[i].*value));
  }
  return series;
}

// Every path with M ~ n^3.
std::vector<const SurfaceRow*> cubic(const VectorSurface& s) {
  std::vector<const SurfaceRow*> rows;
  for (const auto& row : s.rows)
    if (row.path.p_model == 3) rows.push_back(&row);
  return rows;
}

void add_guide(Figure& figure, const Series& along, double above, double slope, const char* label) {
  figure.slope_guides.push_back({along.x.front(), along.y.front() * above, along.x.back(), slope, label});
}

Figure time_figure(const VectorSurface& s) {
  Figure figure;
  figure.title = "Best stopping time against data";
  figure.x = {"training sequences n", "", true};
  figure.y = {"best stopping time T*", "steps", true};
  std::size_t i = 0;
  for (const auto* row : cubic(s))
    figure.series.push_back(minima(*row, report::series_colour(i++),
                                   fmt::format("{}: p_T = {}", row->path.name, text_of(row->time_exponent)),
                                   &BestTime::log_steps));
  add_guide(figure, figure.series.front(), 0.6, 2, "stated: n^2");
  add_guide(figure, figure.series.front(), 0.6, 1, "n");
  figure.caption =
      "The minimum of every averaged curve. The accounting of the paper needs the slope 2; a rate alpha ~ 1/n gives the "
      "slope 1. Four times the noise makes the best time 16 times earlier if it falls as 1/xi^2.";
  return figure;
}

Figure risk_figure(const VectorSurface& s) {
  Figure figure;
  figure.title = "Best excess risk against data";
  figure.x = {"training sequences n", "", true};
  figure.y = {"best excess risk", "squared, per output coordinate", true};
  std::size_t i = 0;
  for (const auto* row : cubic(s))
    figure.series.push_back(minima(*row, report::series_colour(i++),
                                   fmt::format("{}: b = {}", row->path.name, text_of(row->data_exponent)),
                                   &BestTime::log_risk));
  add_guide(figure, figure.series.front(), 1.5, -1, "stated: 1/n");
  figure.caption = "The risk at the best time of every averaged curve. The paper states 1/n.";
  return figure;
}

Figure exponent_figure(const VectorSurface& s) {
  Figure figure;
  figure.title = "Exponent of the envelope against the growth of the model";
  figure.x = {"p_M of M ~ n^p_M"};
  figure.y = {"exponent q of C^-q, C = M n T"};
  Series measured, implied, stated;
  measured.label = "measured envelope, noise 0.5";
  measured.style = Style::kPoints;
  measured.colour = Colour::kBlack;
  implied.label = "implied by b and p_T";
  implied.style = Style::kLinePoints;
  implied.colour = Colour::kVermillion;
  stated.label = "stated accounting, 1/(p_M + 3)";
  stated.style = Style::kDashed;
  stated.colour = Colour::kBlue;
  for (const auto& row : s.rows) {
    if (row.path.noise != 0.5 || row.path.n_layers != 1) continue;
    const double p = row.path.p_model;
    measured.x.push_back(p);
    measured.y.push_back(row.envelope.value);
    measured.error_lo.push_back(row.envelope.lo);
    measured.error_hi.push_back(row.envelope.hi);
    implied.x.push_back(p);
    implied.y.push_back(row.implied.value);
    implied.band_lo.push_back(row.implied.lo);
    implied.band_hi.push_back(row.implied.hi);
    stated.x.push_back(p);
    stated.y.push_back(1 / (p + 3));
  }
  figure.series = {std::move(stated), std::move(implied), std::move(measured)};
  figure.caption =
      "If the accounting acts as predicted, 1/q grows by 1/b for each unit of p_M. The distance of the two lines is the "
      "time exponent: the stated line has p_T = 2. Bars and band are 95 % intervals over teachers.";
  return figure;
}

Figure threshold_figure(const VectorSurface& s) {
  Figure figure;
  figure.title = "Compute at which a curve leaves its first stage";
  figure.x = {"training sequences n", "", true};
  figure.y = {"charged compute C*", "M n T", true};
  std::size_t i = 0;
  for (const auto* row : cubic(s)) {
    Series series;
    series.label = fmt::format("{}: p = {}", row->path.name, text_of(row->threshold));
    series.style = Style::kLinePoints;
    series.colour = report::series_colour(i++);
    for (const auto& cell : row->path.cells) {
      series.x.push_back(cell.n_data);
      series.y.push_back(
          std::exp(log_charge(row->charge, cell.n_params, cell.n_data,
                              log_threshold_steps(cell.steps, mean_curve(cell, all_teachers(row->path.teachers()))))));
    }
    figure.series.push_back(std::move(series));
  }
  add_guide(figure, figure.series.front(), 3, 6, "stated: n^6");
  figure.caption = "C* is the charge at which the averaged excess risk first falls to twice its minimum, with M ~ n^3.";
  return figure;
}

Figure model_figure(const ModelLaw& law) {
  Figure figure;
  figure.title = "Excess risk against model size, without noise";
  figure.x = {"parameters M", "", true};
  figure.y = {"excess risk at the end", "squared, per output coordinate", true};
  Series series;
  series.label = fmt::format("decayed runs, slope -{}", text_of(law.exponent));
  series.x = law.n_params;
  series.y = law.risk;
  series.style = Style::kLinePoints;
  series.colour = Colour::kVermillion;
  add_guide(figure, series, 1.4, -1, "stated: 1/M");
  figure.series = {std::move(series)};
  figure.caption =
      fmt::format("Mean over teachers. The local exponent changes by {} from the smallest to the largest size.",
                  text_of(law.change));
  return figure;
}

Figure falling_figure(const FallingCurves& curves) {
  Figure figure;
  figure.title = "Excess risk against time, without noise";
  figure.x = {"steps T", "", true};
  figure.y = {"excess risk", "squared, per output coordinate", true};
  for (const auto& risk : curves.cell.risk) {
    Series series;
    series.label =
        fmt::format("{} teachers, M = {}, n = {}", curves.cell.risk.size(), curves.cell.n_params, curves.cell.n_data);
    series.x = curves.cell.steps;
    series.y = risk;
    series.colour = Colour::kBlue;
    series.width = 1;
    series.opacity = 0.6;
    figure.series.push_back(std::move(series));
  }
  figure.caption = fmt::format(
      "An exponential would bend down ever faster on these axes; a power is a straight line. Over the last factor 10 of "
      "steps the exponent is {}.",
      text_of(curves.exponent));
  return figure;
}

std::string fraction(double p) { return fmt::format("1/{}", p); }

}  // namespace

Figure envelope_figure(const SurfaceRow& row, const std::string& title) {
  Figure figure;
  figure.title = title;
  figure.x = {"charged compute C", "M n T", true};
  figure.y = {"excess risk", "", true};
  const auto all = all_teachers(row.path.teachers());
  for (const auto& cell : row.path.cells) {
    Series series;
    series.label = fmt::format("mean of {} teachers, n = {} to {}", row.path.teachers(), row.path.cells.front().n_data,
                               row.path.cells.back().n_data);
    for (const double steps : cell.steps)
      series.x.push_back(std::exp(log_charge(row.charge, cell.n_params, cell.n_data, std::log(steps))));
    series.y = mean_curve(cell, all);
    series.colour = Colour::kGrey;
    series.width = 1;
    figure.series.push_back(std::move(series));
  }
  const Envelope e = envelope_of(row.path, row.charge, all);
  Series measured;
  measured.label = "envelope, q = " + text_of(row.envelope);
  measured.x = exps(e.log_charge);
  measured.y = exps(e.log_risk);
  measured.style = Style::kPoints;
  measured.width = 1.5;
  measured.colour = Colour::kBlack;
  Series implied;
  implied.label = "implied by the isolated laws, " + text_of(row.implied);
  implied.x = measured.x;
  implied.colour = Colour::kVermillion;
  const double middle_c = numerics::mean(e.log_charge), middle_r = numerics::mean(e.log_risk);
  for (const double c : e.log_charge) {
    implied.y.push_back(std::exp(middle_r - row.implied.value * (c - middle_c)));
    const double a = std::exp(middle_r - row.implied.lo * (c - middle_c));
    const double b = std::exp(middle_r - row.implied.hi * (c - middle_c));
    implied.band_lo.push_back(std::min(a, b));
    implied.band_hi.push_back(std::max(a, b));
  }
  if (std::isnan(row.implied.lo)) {
    implied.band_lo.clear();
    implied.band_hi.clear();
  }
  figure.series.push_back(std::move(implied));
  figure.series.push_back(std::move(measured));
  return figure;
}

std::vector<Figure> surface_figures(const VectorSurface& s) {
  const SurfaceRow& first = s.rows.front();
  Figure envelope = envelope_figure(first, "Excess risk against charged compute, M ~ n^3");
  envelope.y.unit = "squared, per output coordinate";
  const auto& points = envelope.series.back();
  add_guide(envelope, points, 1.8, -1.0 / 6, "stated: -1/6");
  add_guide(envelope, points, 1.3, -1.0 / 7, "stated: -1/7");
  envelope.caption =
      "Grey: the averaged curve of each size. Black: the lowest risk at each charge. Red: the slope that the isolated laws "
      "imply, through the middle of the envelope, with its 95 % band. " +
      isolated_in_words(first) + ".";
  return {std::move(envelope), exponent_figure(s),    time_figure(s),        risk_figure(s),
          threshold_figure(s), model_figure(s.model), falling_figure(s.time)};
}

std::vector<report::Table> surface_tables(const VectorSurface& s) {
  report::Table exponents;
  exponents.caption =
      "Exponents with 95 % intervals over teachers. q is the envelope's, and b/(p_M + 1 + p_T) the one that the isolated laws "
      "imply; with steps alone charged it is b/p_T.";
  exponents.columns = {"runs", "charge", "teachers", "stated", "q", "implied", "b", "p_T", "p of C*", "powers of ten"};
  report::Table sizes;
  sizes.caption = "How the lowest run at each charge grows: M ~ C^., n ~ C^., T ~ C^..";
  sizes.columns = {"runs", "charge", "M(C)", "n(C)", "T(C)"};
  const auto add = [&](const SurfaceRow& row) {
    const bool steps_only = row.charge.n_params == 0;
    const std::string charge = steps_only ? "T" : "M n T";
    const double p = steps_only ? 2 : row.path.p_model + 3;
    exponents.rows.push_back({row.path.name, charge, fmt::to_string(row.path.teachers()), fraction(p),
                              text_of(row.envelope), text_of(row.implied), text_of(row.data_exponent),
                              text_of(row.time_exponent), text_of(row.threshold), base::format_number(row.decades, 2)});
    sizes.rows.push_back({row.path.name, charge, text_of(row.params_of_charge), text_of(row.data_of_charge),
                          text_of(row.steps_of_charge)});
  };
  for (const auto& row : s.rows) add(row);
  for (const auto& row : s.others) add(row);
  return {std::move(exponents), std::move(sizes)};
}

}  // namespace phaselaw::reproduce
