// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "phaselaw/analysis/flow_views.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/base/format.h"
#include "phaselaw/data/noise.h"

// The page of `phaselaw flow`: every view in one frame, the spectrum with the learning front, the drift.
namespace phaselaw::analysis {

namespace {

using base::format_number;
using report::Colour;
using report::Figure;
using report::Series;
using report::Style;

struct ViewStyle {
  Colour colour;
  Style style;
  double width;
};
ViewStyle style_of(const std::string& view) {
  if (view == "kernel") return {Colour::kVermillion, Style::kLine, 2.5};
  if (view == "flow") return {Colour::kBlue, Style::kLine, 2.5};
  if (view == "gd") return {Colour::kOrange, Style::kDashed, 1.8};
  if (view == "sgd_epochs") return {Colour::kGreen, Style::kLine, 1.8};
  if (view == "sgd") return {Colour::kGreen, Style::kDashed, 1.8};
  return {Colour::kBlack, Style::kPoints, 1.5};
}

std::string unit_of(const PreparedExperiment& s) { return s.cross_entropy() ? "nats per token" : "per output number"; }

Figure trajectories(const PreparedExperiment& s, const FlowViews& v, bool test) {
  Figure figure;
  figure.title = test ? "Test loss: kernel, flow and training" : "Training loss: kernel, flow and training";
  figure.x = {"gradient-flow time", "sum of learning rates", true, v.times.front(), v.times.back()};
  figure.y = {test ? "test loss" : "training loss", unit_of(s), true};
  for (const auto& curve : v.curves) {
    const ViewStyle look = style_of(curve.view);
    Series series;
    series.label = curve.view + ": " + curve.what;
    for (std::size_t i = 0; i < curve.time.size(); ++i) {
      if (curve.time[i] < v.times.front() || curve.time[i] > v.times.back() * (1 + 1e-9)) continue;
      series.x.push_back(curve.time[i]);
      series.y.push_back(test ? curve.test_loss[i] : curve.train_loss[i]);
    }
    series.colour = look.colour;
    series.style = look.style;
    series.width = look.width;
    figure.series.push_back(std::move(series));
  }
  const double noise = data::noise_level(s.experiment.data);
  if (test && noise > 0 && !s.cross_entropy())
    figure.horizontal_marks.push_back({noise * noise, "noise xi^2", Colour::kGrey});
  if (test && v.kernel_leaves_flow.time)
    figure.vertical_marks.push_back({*v.kernel_leaves_flow.time, "kernel leaves flow", Colour::kVermillion});
  figure.caption = fmt::format(
      "The test loss of the kernel at initialisation alone, of the exact gradient flow of the model, "
      "and of the training in the file, on the same data and the same axis of time. Kernel against flow: {}. "
      "Kernel against training: {}.",
      v.kernel_leaves_flow.reason, v.kernel_leaves_trained.reason);
  if (v.find("sgd_epochs") != nullptr)
    figure.caption += fmt::format(
        " SGD with shuffled epochs against training: {}. The training draws its batches from shuffled epochs, so it is "
        "compared with sgd_epochs; sgd assumes independent batches, which lose more.",
        v.sgd_leaves_trained.reason);
  return figure;
}

Figure in_sample(const PreparedExperiment& s, const FlowViews& v) {
  Figure figure;
  figure.title = "In-sample excess risk of the kernel: bias and variance";
  figure.x = {"gradient-flow time", "sum of learning rates", true, v.times.front(), v.times.back()};
  figure.y = {"in-sample excess risk", unit_of(s), true};
  Series bias, variance, total;
  const double last = per_number(s, v.in_sample.back().total());
  const double highest = per_number(s, v.in_sample.front().total());
  for (std::size_t i = 0; i < v.times.size(); ++i) {
    const auto& risk = v.in_sample[i];
    for (Series* series : {&bias, &variance, &total}) series->x.push_back(v.times[i]);
    bias.y.push_back(per_number(s, risk.bias));
    variance.y.push_back(per_number(s, risk.variance));
    total.y.push_back(per_number(s, risk.total()));
  }
  figure.y.lo = 1e-4 * std::min(last, highest);
  bias.label = "bias: not learned yet";
  bias.colour = Colour::kBlue;
  variance.label = "variance: learned noise, xi^2 d_eff(t)/n";
  variance.colour = Colour::kOrange;
  total.label = "excess risk";
  total.colour = Colour::kBlack;
  total.width = 2.5;
  figure.series = {bias, variance, total};
  figure.caption = fmt::format(
      "Exact for the fixed kernel (docs/dynamics.md). "
      "The effective dimension d_eff(t) counts the directions learned: {} of {} at the end.",
      format_number(v.in_sample.back().d_eff), v.n_rows);
  return figure;
}

Figure spectrum(const FlowViews& v) {
  Figure figure;
  figure.title = "Spectrum of the kernel and the learning front";
  figure.x = {"rank i", "", true};
  figure.y = {"relative size", "", true};
  Series eigenvalues, coefficients;
  const double h_max = v.spectrum.lambda_max, n_over_2 = h_max * v.step_limit / 2;  // n / 2
  const double c_max = *std::max_element(v.coefficients.begin(), v.coefficients.end());
  for (std::size_t i = 0; i < v.spectrum.eigenvalues.size(); ++i) {
    if (v.spectrum.eigenvalues[i] <= v.spectrum.noise_floor) break;
    eigenvalues.x.push_back(static_cast<double>(i) + 1);
    eigenvalues.y.push_back(v.spectrum.eigenvalues[i] / h_max);
    coefficients.x.push_back(static_cast<double>(i) + 1);
    coefficients.y.push_back(v.coefficients[i] / c_max);
  }
  coefficients.label = "residual (v_i, f0 - y)^2 over the largest";
  coefficients.style = Style::kPoints;
  coefficients.colour = Colour::kGrey;
  coefficients.width = 1;
  eigenvalues.label = "eigenvalue h_i over the largest";
  eigenvalues.colour = Colour::kVermillion;
  eigenvalues.width = 2.5;
  figure.series = {coefficients, eigenvalues};
  for (const double part : {1e-3, 1e-2, 1e-1, 1.0}) {
    const double front = n_over_2 / (v.time * part) / h_max;
    if (front < 1 && !eigenvalues.y.empty() && front > eigenvalues.y.back())
      figure.horizontal_marks.push_back(
          {front, fmt::format("front at t = {}", format_number(v.time * part)), Colour::kBlue});
  }
  figure.y.lo = std::max(1e-8, std::min(eigenvalues.y.empty() ? 1.0 : eigenvalues.y.back(), 1e-3) / 2);
  figure.caption =
      "A direction is learned once 2 h t/n exceeds 1: "
      "at time t everything above the front n/(2t) is learned, and everything below is unchanged. "
      "The weight of the residual on the directions shows how much each step of the front gains.";
  return figure;
}

Figure drift(const FlowViews& v) {
  Figure figure;
  figure.title = "Drift of the kernel along flow and training";
  figure.x = {"gradient-flow time", "sum of learning rates", true, v.times.front(), v.times.back()};
  figure.y = {"relative size", "", true};
  const auto add = [&](const std::vector<dynamics::LazyRecord>& records, const std::string& along, Style style) {
    Series total, linear;
    for (const auto& record : records) {
      if (record.time <= 0) continue;
      total.x.push_back(record.time);
      total.y.push_back(record.total.drift);
      linear.x.push_back(record.time);
      linear.y.push_back(record.linearisation);
    }
    total.label = "||H(t) - H(0)|| / ||H(0)|| along " + along;
    total.colour = Colour::kVermillion;
    linear.label = "linearisation error / first residual along " + along;
    linear.colour = Colour::kBlue;
    for (Series* series : {&total, &linear}) {
      series->style = style;
      figure.series.push_back(*series);
    }
  };
  add(v.flow_laziness, "flow", Style::kLine);
  add(v.trained_laziness, "training", Style::kPoints);
  figure.caption =
      "How lazy the run is. The kernel predicts well while both quantities are small; a drift of order one means that features change.";
  return figure;
}

Figure methods(const FlowViews& v) {
  Figure figure;
  figure.title = "The same kernel under better first-order methods";
  figure.x = {"iterations", "full-batch gradients", true};
  figure.y = {"training loss", "per output number", true};
  const Colour colours[] = {Colour::kBlack, Colour::kOrange, Colour::kGreen, Colour::kBlue};
  double top = 0, bottom = 1e300;
  for (std::size_t k = 0; k < v.methods.size(); ++k) {
    Series series;
    series.label = v.methods[k].method;
    for (std::size_t i = 1; i < v.methods[k].counts.size(); ++i) {
      series.x.push_back(static_cast<double>(v.methods[k].counts[i]));
      series.y.push_back(v.methods[k].train_loss[i]);
      top = std::max(top, series.y.back());
      bottom = std::min(bottom, series.y.back());
    }
    series.colour = colours[k % std::size(colours)];
    figure.series.push_back(std::move(series));
  }
  figure.y.lo = std::max(bottom, 1e-12 * top) / 2;
  figure.caption = fmt::format(
      "The condition-number gap: "
      "with kc = {} gradient descent leaves a factor {} of the loss per iteration in the worst case, an accelerated method {}.",
      format_number(v.rates.condition_number), format_number(v.rates.gradient_descent, 6),
      format_number(v.rates.accelerated, 6));
  return figure;
}

report::Table laziness_table(const FlowViews& v) {
  report::Table table;
  table.caption = "Laziness at the last record of each trajectory; total and by layer.";
  table.columns = {"along", "part", "time", "drift", "radius", "alignment", "linearisation"};
  const auto add = [&](const char* along, const std::vector<dynamics::LazyRecord>& records) {
    if (records.empty()) return;
    const auto& last = records.back();
    const auto row = [&](const dynamics::Laziness& part, double linearisation) {
      table.rows.push_back({along, part.name, format_number(last.time), format_number(part.drift),
                            format_number(part.radius), format_number(part.alignment), format_number(linearisation)});
    };
    row(last.total, last.linearisation);
    for (const auto& part : last.parts) row(part, base::kNaN);
  };
  add("flow", v.flow_laziness);
  add("trained", v.trained_laziness);
  return table;
}

std::string answer_of(const PreparedExperiment& s, const FlowViews& v) {
  const double drift = v.trained_laziness.empty() ? NAN : v.trained_laziness.back().total.drift;
  return fmt::format(
      "{} training sequences, {} rows: the kernel at initialisation {} the training's test loss within {}; "
      "the kernel drifted by {} of its norm.",
      s.split.train.n, v.n_rows, v.kernel_leaves_trained.time ? "does not predict" : "follows",
      base::format_percent(s.experiment.flow.tolerance), format_number(drift));
}

}  // namespace

report::Page flow_page(const PreparedExperiment& s, const FlowViews& v) {
  report::Page page;
  page.title = "Kernel, flow and training";
  page.answer = answer_of(s, v);
  page.figures = {trajectories(s, v, true)};
  report::Section section;
  section.title = "Details";
  for (const auto& warning : v.warnings) section.paragraphs.push_back("Note: " + warning + ".");
  for (const auto* event : {&v.flow_signature, &v.trained_signature})
    section.paragraphs.push_back(fmt::format("Signature of the {}: {}. {}",
                                             event == &v.flow_signature ? "flow" : "training",
                                             base::enum_name(event->signature), event->reason));
  section.paragraphs.push_back(v.condition);
  section.figures = {trajectories(s, v, false), drift(v)};
  if (v.dense) section.figures.push_back(spectrum(v));
  if (!v.in_sample.empty() && s.experiment.data.noise > 0) section.figures.push_back(in_sample(s, v));
  if (!v.methods.empty()) section.figures.push_back(methods(v));
  section.tables = {laziness_table(v)};
  page.sections = {section};
  page.configurations.emplace_back("experiment", base::to_json(s.configuration));
  return page;
}

}  // namespace phaselaw::analysis
