// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/fit/fit_figures.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "phaselaw/base/format.h"

namespace phaselaw::advice {

namespace {

using base::format_number;
using report::Colour;
using report::Figure;
using report::Series;
using report::Style;

constexpr std::size_t kMostBars = 40;  // with more rows the bars would hide the points

// Finds the parameter that is a floor: the law minus it does not depend on it at any row.
void find_floor(FittedRows& rows) {
  for (std::size_t k = 0; k < rows.fit.law.parameters.size(); ++k) {
    const auto& p = rows.fit.law.parameters[k];
    if (p.domain != laws::ParameterDomain::non_negative) continue;
    std::vector<double> raised = rows.fit.value;
    raised[k] += 1;
    const std::vector<double> value = laws::evaluate(rows.fit.law, rows.table.data.columns, raised);
    bool adds = true;
    for (std::size_t i = 0; i < value.size(); ++i)
      adds = adds && std::abs(value[i] - rows.predicted.value[i] - 1) < 1e-9 * (1 + value[i]);
    if (!adds) continue;
    rows.floor = rows.fit.value[k];
    rows.floor_name = p.name;
    return;
  }
}

Series points(std::string label, Colour colour) {
  Series series;
  series.label = std::move(label);
  series.style = Style::kPoints;
  series.colour = colour;
  return series;
}

// The column that measures the size of a run: compute if it can be derived from the table, otherwise the law's first
// column.
std::string size_column(const FittedRows& r) {
  for (const auto& name : {std::string("compute"), r.fit.law.columns().front()}) {
    try {
      (void)r.table.data.columns.get(name);
      return name;
    } catch (const base::InputError&) {
    }
  }
  return r.fit.law.columns().front();
}

std::string bias_in_words(const fitting::Holdout& held_out) {
  return base::format_percent(std::abs(held_out.bias)) + (held_out.bias < 0 ? " too low" : " too high");
}

// Describes the profile in words.
std::string reading_of(const fitting::ProfileCurve& curve, const fitting::Coordinate& coordinate,
                       base::Notation notation) {
  const auto number = [&](double x) { return format_number(x, 3, notation); };
  const std::string& name = curve.parameter;
  const double bounds[] = {coordinate.parameter(coordinate.lower), coordinate.parameter(coordinate.upper)};
  for (const double bound : bounds)
    if (std::abs(curve.optimum - bound) <= 1e-9 * std::abs(bound)) {
      const std::string at = fmt::format("{} is at its bound, {}", name, number(bound));
      const auto& end = bound == bounds[0] ? curve.hi : curve.lo;
      if (!end) return at + ", and its profile excludes no other value";
      if (coordinate.logarithmic)
        return fmt::format("{}: unbounded {}, its profile ends only at {}", at, bound == bounds[0] ? "below" : "above",
                           number(*end));
      return fmt::format("{}, and its profile ends at {}", at, number(*end));
    }
  if (curve.lo && curve.hi)
    return fmt::format("The profile ends on both sides, at {} and {}, yet {} is not identified", number(*curve.lo),
                       number(*curve.hi), name);
  if (curve.lo)
    return fmt::format("{} is unbounded above: within noise, all values over {} fit as well", name, number(*curve.lo));
  if (curve.hi)
    return coordinate.logarithmic
               ? fmt::format(
                     "{} is unbounded below: within noise, all values down to 0 fit as well as the fitted one; "
                     "values over {} do not",
                     name, number(*curve.hi))
               : fmt::format("{} may be as low as its bound, {}; values over {} do not fit", name,
                             number(coordinate.parameter(coordinate.lower)), number(*curve.hi));
  return fmt::format("{} is unbounded above and below: within noise, every value fits as well", name);
}

double correlation(const std::vector<double>& x, const std::vector<double>& y) {
  const auto n = static_cast<double>(x.size());
  const double mx = std::accumulate(x.begin(), x.end(), 0.0) / n, my = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mx) * (x[i] - mx);
    yy += (y[i] - my) * (y[i] - my);
    xy += (x[i] - mx) * (y[i] - my);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

}  // namespace

FittedRows fitted_rows(const tables::Rows& table, const fitting::Fit& fit, const fitting::Prediction& predicted) {
  FittedRows rows{table, fit, predicted, 0, "", false};
  find_floor(rows);
  rows.has_interval =
      std::all_of(predicted.run_lo.begin(), predicted.run_lo.end(), [](double end) { return std::isfinite(end); });
  return rows;
}

Figure against_size(const FittedRows& r) {
  const std::string column = size_column(r);
  const std::vector<double> x = r.table.data.columns.get(column);
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return x[a] < x[b]; });
  Figure figure;
  const bool reducible = !r.floor_name.empty() && r.floor > 0;
  const std::string& output = r.fit.law.output;
  figure.title = fmt::format("{} against {}", reducible ? "Reducible part" : "Whole " + output, column);
  figure.x = {column, column == "compute" ? "FLOP" : "", true};
  figure.y = {reducible ? fmt::format("{} - {}", output, r.floor_name) : output, "", true};
  Series measured = points("measured", Colour::kBlack);
  measured.opacity = x.size() > kMostBars ? 0.4 : 0.8;
  Series law = points(
      r.has_interval ? fmt::format("law, {} interval of a new run", base::format_percent(r.fit.level, 4)) : "law",
      Colour::kVermillion);
  const std::size_t every = (order.size() + kMostBars - 1) / kMostBars;
  std::size_t below = 0, open = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const std::size_t i = order[order.size() - 1 - k];
    measured.x.push_back(x[i]);
    measured.y.push_back(r.table.data.output[i] - r.floor);
    if (!(measured.y.back() > 0)) ++below;
    if (k % every != 0) continue;
    law.x.push_back(x[i]);
    law.y.push_back(r.predicted.value[i] - r.floor);
    if (!r.has_interval) continue;
    // If the lower end of an interval is at or below the floor, a logarithmic axis can show only the upper half.
    const double lo = r.predicted.run_lo[i] - r.floor;
    if (!(lo > 0)) ++open;
    law.error_lo.push_back(lo > 0 ? lo : law.y.back());
    law.error_hi.push_back(r.predicted.run_hi[i] - r.floor);
  }
  figure.series = {law, measured};  // draws the measurements on top
  if (reducible)
    figure.caption = fmt::format(
        "The fitted floor {} = {} is subtracted from both. "
        "It is an estimate, and its error affects the lowest points most; the interval of a new run does not include it.",
        r.floor_name, format_number(r.floor, 4));
  else if (!r.floor_name.empty())
    figure.caption = fmt::format("The fitted floor {} is 0: the whole {} is drawn.", r.floor_name, output);
  else
    figure.caption = fmt::format("The law has no floor: the whole {} is drawn.", output);
  if (every > 1)
    figure.caption += fmt::format(" The law is drawn at {} of the {} rows, chosen from the largest down.", law.x.size(),
                                  order.size());
  if (below > 0)
    figure.caption += fmt::format(" {} measured row{} at or below the floor.", below, below == 1 ? " lies" : "s lie");
  if (open > 0)
    figure.caption += fmt::format(" For {} row{} the interval reaches the floor, so only its upper half is drawn.",
                                  open, open == 1 ? "" : "s");
  return figure;
}

Figure predicted_against_actual(const FittedRows& r) {
  Figure figure;
  figure.title = "Predicted against measured";
  figure.x = {"measured " + r.fit.law.output, "", true};
  figure.y = {"predicted " + r.fit.law.output, "", true};
  Series fitted = points("by the fit to all rows", Colour::kBlue);
  fitted.opacity = 0.7;
  for (std::size_t i = 0; i < r.predicted.value.size(); ++i) {
    fitted.x.push_back(r.table.data.output[i]);
    fitted.y.push_back(r.predicted.value[i]);
  }
  const auto [lo, hi] = std::minmax_element(r.table.data.output.begin(), r.table.data.output.end());
  Series diagonal;
  diagonal.label = "equal";
  diagonal.style = Style::kDashed;
  diagonal.colour = Colour::kBlack;
  diagonal.x = diagonal.y = {*lo, *hi};
  figure.series = {diagonal, fitted};
  figure.caption = "Every row is predicted by the fit to all rows.";
  return figure;
}

void add_held_out(const FittedRows& r, const fitting::Holdout& held_out, Figure& figure) {
  Series held = points("largest rows, by a fit to the others", Colour::kVermillion);
  for (std::size_t k = 0; k < held_out.rows.size(); ++k) {
    held.x.push_back(r.table.data.output[held_out.rows[k]]);
    held.y.push_back(held.x.back() * (1 + held_out.predicted[k]));
  }
  figure.series.push_back(std::move(held));
  figure.caption = fmt::format(
      "The largest {} rows, with up to {} times the compute of the {} others, are also predicted by a fit to those others: "
      "the mean error is {}; on average the predictions are {}.{}",
      base::format_count(held_out.n_predicted), format_number(held_out.compute_factor),
      base::format_count(held_out.n_fitted), base::format_percent(held_out.mean_abs_rel_error), bias_in_words(held_out),
      held_out.certified ? "" : " That fit is not certified.");
}

Figure residuals(const FittedRows& r, const std::string& name, const std::vector<double>& x) {
  Figure figure;
  figure.title = "Residuals against " + name;
  figure.x = {name, "", true};
  figure.y = {fmt::format("ln(measured/predicted) of {}", r.fit.law.output)};
  Series series = points("", Colour::kBlue);
  series.opacity = 0.7;
  series.x = x;
  for (std::size_t i = 0; i < x.size(); ++i)
    series.y.push_back(std::log(r.table.data.output[i] / r.predicted.value[i]));
  figure.series = {series};
  figure.horizontal_marks = {{0, "", Colour::kBlack}};
  figure.caption = "Residuals that bend or spread along an input show what the law does not describe.";
  return figure;
}

Figure profile_figure(const fitting::ProfileCurve& curve, const fitting::Fit& fit) {
  const auto coordinate = std::find_if(fit.coordinates.begin(), fit.coordinates.end(),
                                       [&](const auto& c) { return c.name == curve.parameter; });
  Figure figure;
  figure.title = "Profile of " + curve.parameter;
  figure.x = {curve.parameter, "", coordinate->logarithmic};
  figure.y = {"rise of the objective relative to that at the interval's end"};
  figure.y.lo = 0;
  const double end = curve.threshold - fit.objective_value;
  Series series{"other parameters refitted", {}, {}, Style::kLine, Colour::kBlue};
  for (std::size_t i = 0; i < curve.value.size(); ++i) {
    const double rise = (curve.objective[i] - fit.objective_value) / end;
    if (rise > 4) continue;
    series.x.push_back(curve.value[i]);
    series.y.push_back(std::max(0.0, rise));
  }
  figure.series = {std::move(series)};
  figure.vertical_marks = {{curve.optimum, "fitted", Colour::kBlack}};
  figure.horizontal_marks = {{1, "end of the interval", Colour::kVermillion}};
  const base::Notation notation = base::notation_of(laws::unit_of(fit.law, curve.parameter));
  figure.caption = reading_of(curve, *coordinate, notation) + ".";
  if (const fitting::Estimate* e = fit.find(curve.parameter);
      fit.method != fitting::IntervalMethod::none && e != nullptr)
    figure.caption += fmt::format(
        " The {} interval is {}.", base::enum_name(fit.method),
        e->lo || e->hi ? base::format_interval(e->lo.value_or(base::kNaN), e->hi.value_or(base::kNaN), notation)
                       : "unbounded on both sides");
  if (fit.clustered)
    figure.caption +=
        " The profile assumes independent rows. Rows of one run are not independent, so the true interval is wider.";
  return figure;
}

std::optional<Figure> pairs(const fitting::Fit& fit) {
  const std::size_t k = fit.theta.size();
  if (k < 2 || fit.replicates.size() < 2 * k) return {};
  std::vector<std::vector<double>> draws(k);
  for (std::size_t i = 0; i < fit.replicates.size(); ++i) draws[i % k].push_back(fit.replicates[i]);
  std::size_t a = 0, b = 1;
  double strongest = -1;
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t j = i + 1; j < k; ++j)
      if (const double c = std::abs(correlation(draws[i], draws[j])); c > strongest) strongest = c, a = i, b = j;
  Figure figure;
  const auto axis = [&](std::size_t c) {
    return report::Axis{fit.coordinates[c].name, "", fit.coordinates[c].logarithmic};
  };
  figure.title = fmt::format("Resamples: {} and {}", fit.coordinates[a].name, fit.coordinates[b].name);
  figure.x = axis(a);
  figure.y = axis(b);
  Series series = points("resamples", Colour::kSkyBlue), optimum = points("fit", Colour::kBlack);
  series.opacity = 0.6;
  for (std::size_t i = 0; i < draws[a].size(); ++i) {
    series.x.push_back(fit.coordinates[a].parameter(draws[a][i]));
    series.y.push_back(fit.coordinates[b].parameter(draws[b][i]));
  }
  optimum.x = {fit.coordinates[a].parameter(fit.theta[a])};
  optimum.y = {fit.coordinates[b].parameter(fit.theta[b])};
  figure.series = {series, optimum};
  figure.caption = fmt::format(
      "The two parameters with the strongest correlation, {} in the fitted coordinates: "
      "the data constrain a combination of them better than either one.",
      format_number(correlation(draws[a], draws[b]), 4));
  return figure;
}

}  // namespace phaselaw::advice
