// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/fit_page.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "phaselaw/advice/fit_tables.h"
#include "phaselaw/laws/predict.h"
#include "phaselaw/laws/profile.h"
#include "phaselaw/report/format.h"

namespace phaselaw::advice {

namespace {

using report::Colour;
using report::Figure;
using report::format_number;
using report::Series;
using report::Style;

constexpr std::size_t kMostFigures = 3;  // of one kind: residuals against inputs, profiles

struct Rows {
  const laws::MeasuredTable& table;
  const laws::LawFit& fit;
  laws::Prediction predicted;
  double floor = 0;
  std::string floor_name;  // "": the law has none
};

// The parameter in which the law is a floor: positive alone, and all that is left where every input is unlimited.
void find_floor(Rows& rows) {
  for (std::size_t k = 0; k < rows.fit.form.parameters.size(); ++k) {
    const auto& p = rows.fit.form.parameters[k];
    if (p.domain != laws::ParameterDomain::non_negative) continue;
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

// The column that says how large a run is: compute where it follows from the table, else the law's first.
std::string size_column(const Rows& r) {
  for (const auto& name : {std::string("compute"), r.fit.form.columns().front()}) {
    try {
      (void)r.table.data.columns.get(name);
      return name;
    } catch (const base::InputError&) {
    }
  }
  return r.fit.form.columns().front();
}

Figure against_size(const Rows& r) {
  const std::string column = size_column(r);
  const std::vector<double> x = r.table.data.columns.get(column);
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return x[a] < x[b]; });
  Figure figure;
  const bool reducible = !r.floor_name.empty() && r.floor > 0;
  figure.title = fmt::format("{} against {}", reducible ? "Reducible part" : r.fit.form.output, column);
  figure.x = {column, column == "compute" ? "FLOP" : "", true};
  figure.y = {reducible ? fmt::format("{} - {}", r.fit.form.output, r.floor_name) : r.fit.form.output, "", true};
  Series measured = points("measured", Colour::kGrey), law = points("law, with what new runs differ by", Colour::kBlue);
  measured.opacity = 0.7;
  for (const std::size_t i : order) {
    measured.x.push_back(x[i]);
    measured.y.push_back(r.table.data.output[i] - r.floor);
    law.x.push_back(x[i]);
    law.y.push_back(r.predicted.value[i] - r.floor);
    law.error_lo.push_back(r.predicted.run_lo[i] - r.floor);
    law.error_hi.push_back(r.predicted.run_hi[i] - r.floor);
  }
  constexpr std::size_t kMostBars = 100;  // more hide the points
  if (order.size() > kMostBars ||
      std::any_of(law.error_lo.begin(), law.error_lo.end(), [](double v) { return !(v > 0); }))
    law.error_lo.clear(), law.error_hi.clear(), law.label = "law";
  figure.series = {law, measured};
  figure.caption = reducible ? fmt::format(
                                   "The fitted floor {} = {} is taken off both: what the law says can be "
                                   "reduced. A floor that is off bends the last points.",
                                   r.floor_name, format_number(r.floor, 4))
                             : "The law has no floor above 0 here: the whole is drawn.";
  return figure;
}

Figure predicted_against_actual(const Rows& r) {
  Figure figure;
  figure.title = "Predicted against measured";
  figure.x = {"measured " + r.fit.form.output, "", true};
  figure.y = {"predicted " + r.fit.form.output, "", true};
  Series fitted = points("fitted rows", Colour::kBlue);
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

void add_held_out(const Rows& r, const laws::Holdout& held_out, Figure& figure) {
  Series held = points("the largest, held out", Colour::kVermillion);
  for (std::size_t k = 0; k < held_out.rows.size(); ++k) {
    held.x.push_back(r.table.data.output[held_out.rows[k]]);
    held.y.push_back(held_out.predicted[k]);
  }
  figure.series.push_back(std::move(held));
  figure.caption = fmt::format(
      "Blue: rows as the fit to all rows has them. Red: the largest {} rows as a fit to the others, up to {} times "
      "smaller in compute, predicts them; off by {} on average.",
      held_out.n_predicted, format_number(held_out.compute_factor), percent(held_out.mean_abs_rel_error));
}

Figure residuals(const Rows& r, const std::string& name, const std::vector<double>& x) {
  Figure figure;
  figure.title = "Residuals against " + name;
  figure.x = {name, "", true};
  figure.y = {fmt::format("ln(measured/predicted) of {}", r.fit.form.output)};
  Series series = points("", Colour::kBlue);
  series.opacity = 0.7;
  series.x = x;
  for (std::size_t i = 0; i < x.size(); ++i)
    series.y.push_back(std::log(r.table.data.output[i] / r.predicted.value[i]));
  figure.series = {series};
  figure.horizontal_marks = {{0, "", Colour::kBlack}};
  figure.caption = "Residuals that bend or fan out along an input are what the law does not describe.";
  return figure;
}

// What the profile says in words.
std::string reading_of(const laws::ProfileCurve& curve) {
  if (curve.lo && curve.hi) return fmt::format("between {} and {}", format_number(*curve.lo), format_number(*curve.hi));
  if (curve.lo) return fmt::format("above {}: no upper end, larger values fit as well", format_number(*curve.lo));
  if (curve.hi) return fmt::format("below {}: no lower end, smaller values fit as well", format_number(*curve.hi));
  return "not determined at all: every value fits as well";
}

Figure profile_figure(const laws::ProfileCurve& curve) {
  Figure figure;
  figure.title = "Profile of " + curve.parameter;
  const bool log = !curve.value.empty() && curve.value.front() > 0;
  figure.x = {curve.parameter, "", log};
  figure.y = {"objective, all else refitted"};
  Series series;
  series.x = curve.value;
  series.y = curve.objective;
  series.colour = Colour::kBlue;
  figure.series = {series};
  figure.vertical_marks = {{curve.optimum, "fitted", Colour::kBlack}};
  figure.horizontal_marks = {{curve.threshold, "end of the interval", Colour::kVermillion}};
  figure.caption = fmt::format("The data put {} {}.", curve.parameter, reading_of(curve));
  return figure;
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

// Resamples of the two parameters that move together most.
std::optional<Figure> pairs(const laws::LawFit& fit) {
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
      "The pair with the strongest correlation, {} in the fitted coordinates: the data know a combination of the two "
      "better than either.",
      format_number(correlation(draws[a], draws[b]), 2));
  return figure;
}

report::Table convergence_table(const laws::LawFit& fit) {
  const auto& c = fit.convergence;
  report::Table table;
  table.caption = "How the optimum was found.";
  table.columns = {"rows", "objective", "grid points", "starts", "agreed", "scaled gradient", "condition", "status"};
  table.rows = {{std::to_string(fit.n_points), format_number(fit.objective_value, 6), std::to_string(c.grid_points),
                 std::to_string(c.starts), std::to_string(c.agreed), format_number(c.gradient_norm, 2),
                 format_number(c.condition, 2), c.status}};
  return table;
}

}  // namespace

report::Page fit_page(const laws::MeasuredTable& table, const laws::LawFit& fit, const laws::LawOptions& options,
                      const laws::Ranking* ranking, const std::optional<laws::Holdout>& held_out) {
  Rows rows{table, fit, laws::predict(fit, table.data, options, table.data.columns), 0, ""};
  find_floor(rows);
  report::Page page;
  page.title = fmt::format("{}: {}", fit.law, table.table.source);
  const auto undetermined = std::count_if(fit.parameters.begin(), fit.parameters.end(),
                                          [](const auto& e) { return !e.identified && !e.fixed; });
  page.answer = fmt::format(
      "{} rows, residual {}{}.{}", fit.n_points, percent(fit.residual_scale),
      held_out ? fmt::format("; the largest {} rows, held out, are predicted within {} on average",
                             held_out->n_predicted, percent(held_out->mean_abs_rel_error))
               : "",
      undetermined > 0 ? fmt::format(" {} of {} parameters are not determined.", undetermined, fit.parameters.size())
                       : "");
  if (!fit.convergence.certified) page.notice = "This fit is not certified: " + fit.convergence.status + ".";
  page.figures = {against_size(rows), predicted_against_actual(rows)};
  if (held_out) add_held_out(rows, *held_out, page.figures.back());

  report::Section numbers;
  numbers.title = "The fit";
  numbers.lead = fit.formula;
  numbers.tables = {parameter_table(fit, &fit.form), convergence_table(fit)};
  for (const auto* list : {&fit.warnings, &table.warnings, &table.notes})
    for (const auto& text : *list) numbers.paragraphs.push_back("Note: " + text + ".");
  if (ranking != nullptr) {
    report::Table ranked = ranking_table(*ranking);
    ranked.caption = "Every law that the columns allow, best first by the error of prediction.";
    numbers.tables.push_back(std::move(ranked));
  }
  page.sections.push_back(std::move(numbers));

  report::Section checks;
  checks.title = "What the law misses";
  checks.figures.push_back(residuals(rows, "predicted " + fit.form.output, rows.predicted.value));
  for (std::size_t i = 0; i < std::min(kMostFigures, fit.form.columns().size()); ++i)
    checks.figures.push_back(residuals(rows, fit.form.columns()[i], table.data.columns.get(fit.form.columns()[i])));
  page.sections.push_back(std::move(checks));

  report::Section certainty;
  certainty.title = "What the data determine";
  std::size_t shown = 0;
  for (const auto& parameter : fit.parameters)
    if (!parameter.identified && !parameter.fixed && shown++ < kMostFigures)
      certainty.figures.push_back(profile_figure(laws::profile(fit, table.data, options, parameter.name)));
  if (auto figure = pairs(fit)) certainty.figures.push_back(std::move(*figure));
  if (!certainty.figures.empty()) page.sections.push_back(std::move(certainty));
  return page;
}

}  // namespace phaselaw::advice
