// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/analysis/laziness_study.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include "phaselaw/analysis/prepared_experiment.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/dynamics/lazy.h"
#include "phaselaw/dynamics/parameter_flow.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::analysis {

namespace {

using base::Value;

// The resolved value of a dotted key of a point.
const Value* value_of(const Value& resolved, const std::string& key) {
  const auto dot = key.find('.');
  const Value* section = resolved.find(key.substr(0, dot));
  return section == nullptr ? nullptr : section->find(key.substr(dot + 1));
}

// Numeric keys of model and data that differ between the points, by their resolved configurations.
std::vector<std::string> numeric_keys(const std::vector<Value>& points) {
  std::vector<std::string> keys;
  for (const char* section : {"model", "data"})
    for (const auto& [name, value] : points.front().at(section).entries()) {
      if (!value.is_number()) continue;
      const std::string key = std::string(section) + "." + name;
      for (const Value& point : points) {
        const Value* other = value_of(point, key);
        if (other != nullptr && other->is_number() && other->number() != value.number()) {
          keys.push_back(key);
          break;
        }
      }
    }
  return keys;
}

// The numbers of a point, by the names that they have in JSON.
constexpr std::pair<const char*, double LazyPoint::*> kLazyNumbers[] = {
    {"drift", &LazyPoint::drift},           {"linearisation", &LazyPoint::linearisation},
    {"radius", &LazyPoint::radius},         {"time", &LazyPoint::time},
    {"lambda_min", &LazyPoint::lambda_min}, {"lambda_max", &LazyPoint::lambda_max},
    {"seconds", &LazyPoint::seconds}};

Value to_value(const LazyPoint& point) {
  Value value = Value::table({{"status", point.status}});
  for (const auto& [name, member] : kLazyNumbers) value[name] = point.*member;
  return value;
}

LazyPoint point_from(const Value& value) {
  LazyPoint point;
  point.status = value.at("status").text();
  for (const auto& [name, member] : kLazyNumbers)
    point.*member = value.at(name).is_null() ? NAN : value.at(name).number();
  return point;
}

LazyPoint measure(const sweep::Point& point, int threads) {
  const PreparedExperiment s(point.experiment);
  const auto& flow = point.experiment.flow;
  LazyPoint result;
  dynamics::LazyOptions lazy;
  lazy.drift_norm = false;
  lazy.threads = threads;
  lazy.dense_rows = std::max<std::int64_t>(flow.max_rows, 1);
  dynamics::LazyRecorder recorder(s.experiment.model, s.theta_0, s.train(), std::nullopt, lazy);
  result.lambda_min = recorder.total().lambda_min;
  result.lambda_max = recorder.total().lambda_max;
  if (flow.time.is_word() && !recorder.is_dense())
    throw base::InputError("flow.time \"auto\" of a study needs lambda_max; set flow.time or raise flow.max_rows");
  result.time = flow.time.is_word() ? 20 * static_cast<double>(s.split.train.n) / result.lambda_max : flow.time.value;
  const double step = 0.5 * static_cast<double>(s.split.train.n) / result.lambda_max;
  const auto options = s.integration(std::isnan(step) ? 0 : step, threads);
  const double times[] = {result.time};
  const auto integrated = dynamics::parameter_flow(s.model, s.theta_0, s.train(), std::nullopt, times, options);
  result.status = base::enum_name(integrated.status);
  result.seconds = integrated.seconds;
  if (integrated.status != numerics::OdeStatus::finished) return result;
  const auto& record = recorder.record(result.time, integrated.theta);
  result.drift = record.total.drift;
  result.linearisation = record.linearisation;
  result.radius = record.total.radius;
  return result;
}

double at(const LazyPoint& point, const std::string& key) {
  for (const auto& [name, value] : point.keys)
    if (name == key) return value;
  return NAN;
}

// The keys that distinguish the curves: all but the axis.
std::string curve_of(const LazyPoint& point, const std::string& axis) {
  std::string name;
  for (const auto& [key, value] : point.keys)
    if (key != axis) name += (name.empty() ? "" : ", ") + fmt::format("{} = {}", key, base::format_number(value));
  return name;
}

std::string axis_of(const std::vector<LazyPoint>& points, const std::vector<std::string>& keys) {
  std::string best;
  std::size_t most = 0;
  for (const auto& key : keys) {
    std::map<double, int> values;
    for (const auto& point : points) ++values[at(point, key)];
    if (values.size() > most) best = key, most = values.size();
  }
  return best;
}

LazySlope slope_of(const std::string& curve, const std::vector<const LazyPoint*>& points, const std::string& axis) {
  std::vector<double> x, drift;
  for (const auto* p : points) x.push_back(at(*p, axis)), drift.push_back(p->drift);
  const auto line = numerics::least_squares_power(x, drift);
  return {curve, line.slope, line.lo, line.hi, points.size()};
}

// In the study's order.
std::vector<std::pair<std::string, std::vector<const LazyPoint*>>> curves_of(const LazinessStudy& study) {
  std::vector<std::pair<std::string, std::vector<const LazyPoint*>>> curves;
  for (const auto& point : study.points) {
    const std::string name = curve_of(point, study.axis);
    auto curve = std::find_if(curves.begin(), curves.end(), [&](const auto& c) { return c.first == name; });
    if (curve == curves.end()) curve = curves.insert(curves.end(), {name, {}});
    curve->second.push_back(&point);
  }
  return curves;
}

}  // namespace

LazinessStudy laziness_study(const sweep::Study& study, int threads, const KeepPoint& keep) {
  if (study.points.front().experiment.model.reads_tokens())
    throw base::InputError("a study of the drift needs the squared loss; choose readout identity or linear");
  std::vector<Value> configurations;
  for (const auto& point : study.points) configurations.push_back(sweep::resolved(point.experiment));
  const auto keys = numeric_keys(configurations);
  if (keys.empty())
    throw base::InputError(
        "the [grid] varies no number of [model] or [data]; add a key such as \"model.d_hidden\" = [32, 128]");
  LazinessStudy result;
  double work = 0;
  for (const auto& point : study.points) work += point.cost_flop;
  base::Progress progress("flow", work);
  for (std::size_t i = 0; i < study.points.size(); ++i) {
    const sweep::Point& point = study.points[i];
    base::throw_if_interrupted();
    const auto measure_it = [&] { return to_value(measure(point, threads)); };
    auto measured = point_from(keep ? keep(point, measure_it) : measure_it());
    measured.seed = point.experiment.seed;
    for (const auto& key : keys) measured.keys.emplace_back(key, value_of(configurations[i], key)->number());
    if (measured.status == "finished")
      result.points.push_back(std::move(measured));
    else
      result.warnings.push_back(
          fmt::format("run {} (seed {}) is skipped, because its flow ended with '{}'; raise flow.budget", point.index,
                      measured.seed, measured.status));
    progress.advance(point.cost_flop);
  }
  if (result.points.empty()) throw base::RunError("no flow of the study finished; raise flow.budget or flow.rtol");
  result.axis = axis_of(result.points, keys);
  for (const auto& [curve, points] : curves_of(result)) result.slopes.push_back(slope_of(curve, points, result.axis));
  return result;
}

std::string laziness_csv(const LazinessStudy& study) {
  std::string csv = "seed";
  for (const auto& [key, value] : study.points.front().keys) csv += "," + key;
  csv += ",drift,linearisation,radius,time,lambda_min,lambda_max\n";
  for (const auto& p : study.points) {
    csv += std::to_string(p.seed);
    for (const auto& [key, value] : p.keys) csv += fmt::format(",{}", value);
    fmt::format_to(std::back_inserter(csv), ",{},{},{},{},{},{}\n", p.drift, p.linearisation, p.radius, p.time,
                   p.lambda_min, p.lambda_max);
  }
  return csv;
}

base::Value to_value(const LazinessStudy& study) {
  Value slopes;
  for (const auto& slope : study.slopes)
    slopes.push_back(Value::table({{"curve", slope.curve},
                                   {"value", slope.value},
                                   {"lo", slope.lo},
                                   {"hi", slope.hi},
                                   {"points", slope.points}}));
  return Value::table({{"axis", study.axis},
                       {"points", study.points.size()},
                       {"slopes", slopes},
                       {"method", "least squares of ln drift on ln axis, Student t interval at 95 %"},
                       {"warnings", Value(study.warnings)}});
}

report::Figure laziness_figure(const LazinessStudy& study) {
  using report::Colour;
  constexpr Colour kColours[] = {Colour::kVermillion, Colour::kBlue,   Colour::kGreen,
                                 Colour::kOrange,     Colour::kPurple, Colour::kBlack};
  report::Figure figure;
  figure.title = "Drift of the kernel along gradient flow against " + study.axis;
  figure.x = {study.axis, "", true};
  figure.y = {"||H(t) - H(0)|| / ||H(0)||", "", true};
  std::size_t k = 0;
  for (const auto& [name, points] : curves_of(study)) {
    std::map<double, std::vector<double>> drifts;
    for (const auto* p : points) drifts[at(*p, study.axis)].push_back(std::log(p->drift));
    report::Series series;
    const auto& slope = study.slopes[k];
    series.label = fmt::format("{}{}slope {}", name, name.empty() ? "" : ": ",
                               base::format_value(slope.value, slope.lo, slope.hi));
    for (const auto& [x, logs] : drifts) {
      series.x.push_back(x);
      series.y.push_back(std::exp(numerics::mean(logs)));
      series.error_lo.push_back(std::exp(*std::min_element(logs.begin(), logs.end())));
      series.error_hi.push_back(std::exp(*std::max_element(logs.begin(), logs.end())));
    }
    series.style = report::Style::kLinePoints;
    series.colour = kColours[k++ % std::size(kColours)];
    figure.series.push_back(std::move(series));
  }
  figure.caption =
      "Geometric mean over seeds, bars from the smallest to the largest. "
      "Each point is a gradient flow over forty time constants of the fastest direction of its kernel; "
      "in the lazy regime the drift is far below 1.";
  return figure;
}

report::Table slopes_table(const LazinessStudy& study) {
  report::Table table;
  table.caption = "Slope of ln drift on ln " + study.axis + ", 95 % interval over points and seeds.";
  table.columns = {"curve", "slope", "points"};
  for (const auto& slope : study.slopes)
    table.rows.push_back({slope.curve.empty() ? "all" : slope.curve,
                          base::format_value(slope.value, slope.lo, slope.hi), std::to_string(slope.points)});
  return table;
}

report::Page laziness_page(const LazinessStudy& study, const std::string& study_json) {
  report::Page page;
  page.title = "Lazy or rich";
  page.answer = fmt::format("{} flows; drift against {}.", study.points.size(), study.axis);
  page.figures = {laziness_figure(study)};
  report::Section section;
  section.title = "Slopes";
  for (const auto& warning : study.warnings) section.paragraphs.push_back("Note: " + warning + ".");
  section.tables = {slopes_table(study)};
  page.sections = {section};
  page.configurations.emplace_back("study", study_json);
  return page;
}

}  // namespace phaselaw::analysis
