// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <iterator>

#include "phaselaw/analysis/predict.h"
#include "phaselaw/base/csv.h"
#include "phaselaw/base/format.h"

// The files and the page of `phaselaw predict`.
namespace phaselaw::analysis {

namespace {

using base::format_number;
using base::format_value;
using base::Value;
using report::Colour;
using report::Figure;
using report::Series;
using report::Style;

std::string name_of(dynamics::Estimator estimator) {
  switch (estimator) {
    case dynamics::Estimator::leave_one_out:
      return "leave-one-sequence-out";
    case dynamics::Estimator::sub_sampling:
      return "sub-sampling";
    case dynamics::Estimator::omniscient:
      return "omniscient (i.i.d. rows)";
    case dynamics::Estimator::two_point:
      return "two-point flow (i.i.d. rows)";
    case dynamics::Estimator::gcv:
      return "GCV (i.i.d. rows)";
  }
  return "";
}

std::int64_t models_of(const Check& check) {
  std::int64_t models = 0;
  for (const auto& run : check.runs) models += run.replicates;
  return models;
}

// Risk against n at the last time, for every estimator.
Figure against_data(const Prediction& p) {
  Figure figure;
  figure.title = "Test loss against data, before any training";
  figure.x = {"training sequences n", "", true};
  figure.y = {"test loss", "per output number", true};
  const auto last = static_cast<numerics::Index>(p.times.size()) - 1;
  for (std::size_t k = p.surfaces.size(); k-- > 0;) {
    const auto& surface = p.surfaces[k];
    Series series;
    series.label = name_of(surface.estimator);
    for (std::size_t i = 0; i < surface.n_data.size(); ++i) {
      const auto row = static_cast<numerics::Index>(i);
      series.x.push_back(static_cast<double>(surface.n_data[i]));
      series.y.push_back(surface.risk(row, last));
      if (k == 0) {
        series.band_lo.push_back(surface.lo(row, last));
        series.band_hi.push_back(surface.hi(row, last));
      }
    }
    if (k == 0 && std::any_of(series.band_lo.begin(), series.band_lo.end(), [](double x) { return std::isnan(x); }))
      series.band_lo.clear(), series.band_hi.clear();
    series.style = dynamics::assumes_independent_rows(surface.estimator) ? Style::kDashed : Style::kLinePoints;
    series.width = k == 0 ? 2.8 : 1.6;
    series.colour = report::series_colour(k);
    figure.series.push_back(std::move(series));
  }
  if (p.check) {
    Series trained;
    trained.label = "trained";
    trained.style = Style::kPoints;
    trained.colour = Colour::kBlack;
    for (const auto& run : p.check->runs) {
      trained.x.push_back(static_cast<double>(run.n_data));
      trained.y.push_back(run.measured.empty() ? NAN : run.measured.back());
    }
    figure.series.push_back(std::move(trained));
  }
  if (p.floor > 0) figure.horizontal_marks.push_back({p.floor, "noise xi^2", Colour::kGrey});
  figure.caption = fmt::format(
      "At t = {}. The default estimate leaves out whole sequences and makes no assumption about rows; "
      "its band is a bootstrap interval. "
      "The estimates that assume independent rows (i.i.d.) are shown for comparison and are known to be too low.",
      format_number(p.times.back()));
  return figure;
}

Figure against_time(const Prediction& p) {
  Figure figure;
  figure.title = "Test loss against time, for each n";
  figure.x = {"gradient-flow time", "sum of learning rates", true};
  figure.y = {"test loss", "per output number", true};
  const auto& surface = p.surfaces.front();
  for (std::size_t i = 0; i < surface.n_data.size(); ++i) {
    const auto row = static_cast<numerics::Index>(i);
    Series series;
    series.label = fmt::format("predicted, n = {}", surface.n_data[i]);
    series.x = p.times;
    for (numerics::Index t = 0; t < surface.risk.cols(); ++t) series.y.push_back(surface.risk(row, t));
    series.colour = report::series_colour(i);
    figure.series.push_back(series);
    if (!p.check) continue;
    Series trained;
    trained.label = i == 0 ? "points: trained" : "";
    trained.x = p.check->runs[i].time;
    trained.y = p.check->runs[i].measured;
    trained.style = Style::kPoints;
    trained.colour = series.colour;
    figure.series.push_back(std::move(trained));
  }
  if (p.floor > 0) figure.horizontal_marks.push_back({p.floor, "noise xi^2", Colour::kGrey});
  figure.caption = "Leave-one-sequence-out along the gradient flow of the kernel at initialisation.";
  if (p.check)
    figure.caption += fmt::format(
        " Points are trained models: the median relative error of the prediction is {}, the largest {}; "
        "the kernel drifted by {} of its norm.",
        base::format_percent(p.check->median_error), base::format_percent(p.check->worst_error),
        format_number(p.check->kernel_drift));
  return figure;
}

Figure against_compute(const Prediction& p) {
  Figure figure;
  const bool excess = p.floor > 0;
  figure.title = "Compute-optimal envelope, predicted";
  figure.x = {"compute, full-batch descent", "FLOP", true};
  figure.y = {excess ? "test loss above the noise" : "test loss", "per output number", true};
  const auto& surface = p.surfaces.front();
  for (std::size_t i = 0; i < surface.n_data.size(); ++i) {
    Series series;
    series.label = "each n";
    for (std::size_t t = 0; t < p.times.size(); ++t) {
      series.x.push_back(p.compute.compute(static_cast<double>(surface.n_data[i]), p.times[t]));
      series.y.push_back(surface.risk(static_cast<numerics::Index>(i), static_cast<numerics::Index>(t)) - p.floor);
    }
    series.colour = Colour::kGrey;
    series.width = 1;
    figure.series.push_back(std::move(series));
  }
  Series envelope;
  envelope.label = "lower envelope over n";
  bool band = true;
  for (const auto& point : p.envelope.points) {
    envelope.x.push_back(point.compute);
    envelope.y.push_back(point.risk - p.floor);
    envelope.band_lo.push_back(point.lo - p.floor);
    envelope.band_hi.push_back(point.hi - p.floor);
    band = band && point.lo - p.floor > 0;
  }
  if (!band) envelope.band_lo.clear(), envelope.band_hi.clear();
  envelope.colour = Colour::kVermillion;
  envelope.width = 2.5;
  figure.series.push_back(std::move(envelope));
  const double x0 = p.envelope.window_lo, x1 = p.envelope.window_hi;
  figure.slope_guides.push_back({x0, 1.6 * std::exp(p.envelope.log_amplitude) * std::pow(x0, -p.envelope.exponent), x1,
                                 -p.envelope.exponent,
                                 fmt::format("slope -{}", format_number(p.envelope.exponent, 2))});
  figure.caption = fmt::format("Exponent {} over the range of the straight line ({}).",
                               format_value(p.envelope.exponent, p.envelope.lo, p.envelope.hi), p.envelope.method);
  return figure;
}

report::Table check_table(const Prediction& p) {
  report::Table table;
  table.caption = "Predicted and trained test loss at the last common time, and the median error along the run.";
  table.columns = {"n", "predicted", "trained", "relative error", "median along the run"};
  for (const auto& run : p.check->runs) {
    if (run.time.empty()) continue;
    std::vector<double> errors;
    for (std::size_t i = 0; i < run.time.size(); ++i)
      errors.push_back(std::abs(run.predicted[i] / run.measured[i] - 1));
    std::nth_element(errors.begin(), errors.begin() + static_cast<std::ptrdiff_t>(errors.size() / 2), errors.end());
    table.rows.push_back(
        {std::to_string(run.n_data), format_number(run.predicted.back()), format_number(run.measured.back()),
         format_number(run.predicted.back() / run.measured.back() - 1), format_number(errors[errors.size() / 2])});
  }
  return table;
}

report::Table estimates_table(const Prediction& p) {
  report::Table table;
  table.caption = fmt::format("Test loss per output number at t = {}.", format_number(p.times.back()));
  table.columns = {"estimate"};
  const auto& sizes = p.surfaces.front().n_data;
  for (const auto n : sizes) table.columns.push_back(fmt::format("n = {}", n));
  const auto last = static_cast<numerics::Index>(p.times.size()) - 1;
  for (const auto& surface : p.surfaces) {
    std::vector<std::string> row = {name_of(surface.estimator)};
    for (const auto n : sizes) {
      const auto at = std::find(surface.n_data.begin(), surface.n_data.end(), n);
      const auto i = static_cast<numerics::Index>(at - surface.n_data.begin());
      row.push_back(at == surface.n_data.end()
                        ? "–"
                        : format_value(surface.risk(i, last), surface.lo(i, last), surface.hi(i, last)));
    }
    table.rows.push_back(std::move(row));
  }
  if (p.check) {
    std::vector<std::string> row = {"trained"};
    for (const auto& run : p.check->runs)
      row.push_back(run.measured.empty() ? "–" : format_number(run.measured.back()));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

std::string predicted_csv(const Prediction& p) {
  std::string csv = "method,n_data,time,compute,risk,lo,hi\n";
  const auto line = [&](std::string_view method, std::int64_t n, double time, double risk, double lo, double hi) {
    fmt::format_to(std::back_inserter(csv), "{},{},{},{},{},{},{}\n", method, n, base::csv_number(time),
                   base::csv_number(p.compute.compute(static_cast<double>(n), time)), base::csv_number(risk),
                   base::csv_number(lo), base::csv_number(hi));
  };
  for (const auto& surface : p.surfaces)
    for (std::size_t i = 0; i < surface.n_data.size(); ++i)
      for (std::size_t t = 0; t < p.times.size(); ++t) {
        const auto r = static_cast<numerics::Index>(i), c = static_cast<numerics::Index>(t);
        line(base::enum_name(surface.estimator), surface.n_data[i], p.times[t], surface.risk(r, c), surface.lo(r, c),
             surface.hi(r, c));
      }
  if (p.check)
    for (const auto& run : p.check->runs)
      for (std::size_t i = 0; i < run.time.size(); ++i)
        line("measured", run.n_data, run.time[i], run.measured[i], NAN, NAN);
  return csv;
}

base::Value to_value(const PreparedExperiment& s, const Prediction& p) {
  Value methods;
  for (const auto& surface : p.surfaces)
    methods.push_back(Value::table({{"name", base::enum_name(surface.estimator)},
                                    {"assumes_independent_rows", dynamics::assumes_independent_rows(surface.estimator)},
                                    {"method", surface.method}}));
  Value json = Value::table({{"n_data", Value(p.surfaces.front().n_data)},
                             {"time", p.times.back()},
                             {"learning_rate", p.learning_rate},
                             {"flop_per_sequence", p.compute.flop_per_sequence},
                             {"exponent", Value::table({{"value", p.envelope.exponent},
                                                        {"lo", p.envelope.lo},
                                                        {"hi", p.envelope.hi},
                                                        {"window_lo", p.envelope.window_lo},
                                                        {"window_hi", p.envelope.window_hi},
                                                        {"floor", p.floor},
                                                        {"method", p.envelope.method}})},
                             {"methods", methods},
                             {"seconds", p.seconds},
                             {"seconds_beside", p.seconds_beside}});
  if (p.check)
    json["check"] = Value::table({{"median_error", p.check->median_error},
                                  {"worst_error", p.check->worst_error},
                                  {"kernel_drift", p.check->kernel_drift},
                                  {"training_seconds", p.check->seconds},
                                  {"prediction_over_training", p.seconds / p.check->seconds}});
  json["warnings"] = Value(p.warnings);
  json["configuration"] = s.configuration;
  return json;
}

report::Page predict_page(const PreparedExperiment& s, const Prediction& p) {
  report::Page page;
  page.title = "The learning curve before training";
  page.answer = fmt::format("From the kernel at initialisation: test loss against compute falls with exponent {}.",
                            format_value(p.envelope.exponent, p.envelope.lo, p.envelope.hi));
  if (p.check)
    page.answer += fmt::format(" Against {} trained models the median error of the predicted test loss is {}.",
                               models_of(*p.check), base::format_percent(p.check->median_error));
  page.figures = {against_time(p)};
  report::Section section;
  section.title = "Data and compute";
  for (const auto& warning : p.warnings) section.paragraphs.push_back("Note: " + warning + ".");
  std::string cost = fmt::format("The prediction took {} s, the other estimates {} s", format_number(p.seconds),
                                 format_number(p.seconds_beside));
  if (p.check)
    cost += fmt::format("; training {} models took {} s, {} times as long", models_of(*p.check),
                        format_number(p.check->seconds), format_number(p.check->seconds / p.seconds));
  section.paragraphs.push_back(cost + ".");
  section.figures = {against_data(p), against_compute(p)};
  section.tables = {estimates_table(p)};
  if (p.check) section.tables.push_back(check_table(p));
  page.sections = {section};
  page.configurations.emplace_back("experiment", base::to_json(s.configuration));
  return page;
}

}  // namespace phaselaw::analysis
