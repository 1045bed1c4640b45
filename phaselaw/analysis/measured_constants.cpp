// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/analysis/measured_constants.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/data/noise.h"
#include "phaselaw/dynamics/closed_form.h"
#include "phaselaw/dynamics/first_order.h"
#include "phaselaw/dynamics/lazy.h"
#include "phaselaw/dynamics/parameter_flow.h"
#include "phaselaw/kernel/kernel.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/theory/convergence.h"
#include "phaselaw/theory/good_class.h"

namespace phaselaw::analysis {

namespace {

using base::kNaN;

std::vector<LayerKernel> layer_kernels(const PreparedExperiment& s) {
  auto dense = kernel::dense_kernel<double>(s.model, s.theta_0, s.train().inputs, {.detail = kernel::Detail::layers});
  std::vector<LayerKernel> layers;
  for (auto& part : dense.parts) {
    if (part.layer < 0) continue;
    const auto spectrum =
        kernel::spectrum_in_place<double>({part.values.data(), part.values.rows(), part.values.cols()});
    layers.push_back({part.name, spectrum.lambda_min, spectrum.lambda_max, spectrum.noise_floor});
  }
  return layers;
}

// Entries in units of their initial standard deviation times multiplier sqrt(fan_in): 1 for a Gaussian weight. Gains
// and biases start at 1 and 0 and are numbers as they stand.
double data_bound(const PreparedExperiment& s) {
  double bound = 0;
  for (const double x : s.split.train.x) bound = std::max(bound, std::abs(x));
  for (const auto& block : s.model.table().blocks())
    for (std::int64_t i = 0; i < block.size(); ++i)
      bound = std::max(bound, std::abs(s.theta_0[static_cast<std::size_t>(block.offset + i)]) /
                                  (block.is_vector() ? 1.0 : block.init_std));
  return bound;
}

struct FlowEnd {
  double time = 0, rate = 0, radius = 0, drift_norm = 0, excess_risk = kNaN;
  std::string stopped;  // why the flow ended before its time; empty if it did not
};

FlowEnd follow(const PreparedExperiment& s, double time, double step, int threads) {
  const auto& options = s.experiment.flow;
  dynamics::LazyOptions lazy;
  lazy.threads = threads;
  lazy.dense_rows = options.max_rows;
  dynamics::LazyRecorder recorder(s.experiment.model, s.theta_0, s.train(), std::nullopt, lazy);
  auto flow = s.integration(step, threads);
  flow.test_outputs = s.split.target_known;
  std::vector<double> times = numerics::log_spaced(time / 1e4, time, static_cast<std::size_t>(options.points));
  times.insert(times.begin(), 0.0);
  FlowEnd end;
  double first = 0;
  bool rated = false;
  const auto& clean = s.split.test.clean;
  const auto result = dynamics::parameter_flow(s.model, s.theta_0, s.train(), s.test(), times, flow,
                                               [&](const dynamics::FlowRecord& record, std::span<const double>) {
                                                 if (record.time == 0) first = record.train_loss;
                                                 if (record.time > 0 && !rated) {
                                                   end.rate = std::log(first / record.train_loss) / record.time;
                                                   rated = record.train_loss <= first / 100;
                                                 }
                                                 if (s.split.target_known) {
                                                   const double risk = mean_squared(record.test_outputs.data(),
                                                                                    clean.data(), clean.size());
                                                   if (!(risk >= end.excess_risk)) end.excess_risk = risk;
                                                 }
                                                 return true;
                                               });
  if (result.records.size() < 2)
    throw base::RunError(fmt::format("the flow ended before its first time ({}): {}; raise flow.budget",
                                     base::enum_name(result.status), result.reason));
  const auto& record = recorder.record(result.time, result.theta);
  end.time = result.time;
  if (result.status != numerics::OdeStatus::finished)
    end.stopped = fmt::format("{}: {}", base::enum_name(result.status), result.reason);
  for (const auto& part : record.parts) end.radius = std::max(end.radius, part.radius);
  end.drift_norm = record.total.drift_norm;
  return end;
}

using Factors = std::vector<std::pair<std::string, double>>;  // name, log10

std::string largest(const Factors& factors) {
  const auto most = std::max_element(factors.begin(), factors.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  return fmt::format("{} = 10^{}", most->first, base::format_number(most->second));
}

void check_bounds(const PreparedExperiment& s, MeasuredConstants& c) {
  const auto& n = c.numbers;
  const auto& o = s.experiment.model;
  const double ln10 = std::log(10.0);
  const double N = *n.n_layers, L = *n.seq_len, d = *n.d_model, B = n.data_bound, delta = n.failure_prob,
               data = *n.n_data, omega = *n.branch_scale;
  // Definition 5.2, branch scale.
  const double log_omega = theory::log_branch_scale({N, L, d, B, n.c_omega}) / ln10;
  c.checks.push_back({"branch scale omega as prescribed by Definition 5.2", "Definition 5.2 [S]", log_omega,
                      std::log10(omega), omega <= std::pow(10, log_omega), false,
                      largest({{"B^3", 3 * std::log10(B)},
                               {"d^2.5", 2.5 * std::log10(d)},
                               {"L^2", 2 * std::log10(L)},
                               {"N", std::log10(N)}})});
  if (!(n.lambda_min > 0)) return;
  const double lambda = std::log10(n.lambda_min);
  const double width = theory::log10_d_hidden_min({data, L, d, N, std::log(omega), n.lambda_min, delta, n.c_m, n.c_d});
  const double d_hidden = static_cast<double>(o.d_hidden);
  c.checks.push_back({"width m >= c_m n^3 L^5 exp(d)/(omega^6 lambda^6 delta^3 N^2), with the model's own omega",
                      "Definition 5.2 [S]", width, std::log10(d_hidden), std::log10(d_hidden) >= width, width > 9,
                      largest({{"lambda^-6", -6 * lambda},
                               {"omega^-6", -6 * std::log10(omega)},
                               {"exp(d)", d / ln10},
                               {"n^3", 3 * std::log10(data)},
                               {"L^5", 5 * std::log10(L)},
                               {"delta^-3", -3 * std::log10(delta)}})});
  const theory::ConvergenceNumbers k{N, data, std::log(omega), n.lambda_min, delta, 1, n.perturbation_constant};
  const double rate = theory::log_rate(k) / ln10;
  c.checks.push_back({"training loss falls at least at the rate alpha = 2 N omega^2 lambda/n", "Lemma 5.3 [R]", rate,
                      std::log10(c.rate), c.rate >= std::pow(10, rate), std::pow(10, rate) * c.time < 0.01,
                      largest({{"1/lambda", -lambda}, {"n", std::log10(data)}, {"omega^-2", -2 * std::log10(omega)}})});
  const double radius = theory::log_radius_max(k) / ln10;
  c.checks.push_back({"weights stay within R_max = omega^2 lambda^2 delta/(4 K^2), K as measured",
                      "docs/theory/convergence.md [R]", radius, std::log10(c.radius), c.radius <= std::pow(10, radius),
                      false,
                      largest({{"lambda^-2", -2 * lambda},
                               {"1/delta", -std::log10(delta)},
                               {"K^2", 2 * std::log10(n.perturbation_constant)}})});
  const double smallest = [&] {
    double least = c.layers.front().lambda_min;
    for (const auto& layer : c.layers) least = std::min(least, layer.lambda_min);
    return least;
  }();
  c.checks.push_back({"the kernel drifts by less than lambda_min/2", "docs/theory/convergence.md [S]",
                      std::log10(smallest / 2), std::log10(c.drift_norm), c.drift_norm <= smallest / 2, false,
                      largest({{"1/lambda_min", -std::log10(smallest)}, {"drift", std::log10(c.drift_norm)}})});
}

// The excess risk between the statistical lower bound and the three-term upper bound.
void check_risk(MeasuredConstants& c) {
  const auto& n = c.numbers;
  if (std::isnan(c.excess_risk) || !(n.noise > 0)) return;
  const double variance = n.noise * n.noise * n.d_eff / *n.n_data;
  c.checks.push_back({"excess risk <= R0 exp(-alpha T) + c_M/M + xi^2 d_eff/n, alpha and d_eff as measured",
                      "docs/theory/excess-risk.md [R]",
                      std::log10(n.initial_risk * std::exp(-c.rate * c.time) + n.c_model / *n.n_params + variance),
                      std::log10(c.excess_risk), false, false,
                      largest({{"R0 exp(-alpha T)", std::log10(n.initial_risk) - c.rate * c.time / std::log(10.0)},
                               {"c_M/M", std::log10(n.c_model / *n.n_params)},
                               {"xi^2 d_eff/n", std::log10(variance)}})});
  auto& upper = c.checks.back();
  upper.holds = upper.log10_measured <= upper.log10_bound;
  upper.vacuous = upper.holds && std::pow(10, upper.log10_bound) > c.trivial_risk;
  const double lower = n.noise * n.noise / (16 * *n.n_data);
  c.checks.push_back({"excess risk >= xi^2/(16 n), worst case over targets", "docs/theory/lower-bounds.md [T]",
                      std::log10(lower), std::log10(c.excess_risk), c.excess_risk >= lower, false,
                      "n = " + fmt::format("{}", *n.n_data)});
}

void require_measurable(const PreparedExperiment& s) {
  if (s.cross_entropy())
    throw base::InputError(
        "the theory's constants belong to the squared loss; choose readout "
        "identity or linear");
  const std::int64_t rows = s.split.train.n * s.rows_per_sequence();
  if (rows > s.experiment.flow.max_rows)
    throw base::InputError(fmt::format("{} kernel rows exceed flow.max_rows = {}; use fewer sequences, or raise it",
                                       rows, s.experiment.flow.max_rows));
}

// Assumption 5.1: every layer's kernel is positive definite.
theory::LayerAssumption check_assumption(const PreparedExperiment& s, MeasuredConstants& c) {
  std::vector<double> smallest;
  double floor = 0;
  for (const auto& layer : c.layers) smallest.push_back(layer.lambda_min), floor = std::max(floor, layer.noise_floor);
  auto assumption = theory::check_layer_kernels(smallest, s.experiment.model.branch_scale, floor);
  if (assumption.verdict != theory::PositiveDefinite::holds)
    c.notes.push_back(
        fmt::format("Assumption 5.1 {}: the smallest eigenvalue of {} is {}, with rounding errors of {}; "
                    "bounds that divide by lambda give no information",
                    base::enum_name(assumption.verdict), c.layers[assumption.weakest_layer].name,
                    base::format_number(smallest[assumption.weakest_layer]), base::format_number(floor)));
  return assumption;
}

// What the gradient flow does up to the time of the training.
void observe_flow(const PreparedExperiment& s, const dynamics::ClosedForm& closed, int threads, MeasuredConstants& c) {
  const double learning = dynamics::step_limit(closed) / 2;
  const double wanted = s.flow_time(learning);
  const auto end = follow(s, wanted, learning, threads);
  if (!end.stopped.empty())
    c.notes.push_back(fmt::format(
        "the gradient flow ended at t = {} of {} ({}), and all numbers of the flow hold only up to there; raise flow.budget",
        base::format_number(end.time, 4), base::format_number(wanted, 4), end.stopped));
  c.rate = end.rate;
  c.radius = end.radius;
  c.drift_norm = end.drift_norm;
  c.time = end.time;
  c.excess_risk = end.excess_risk;
  const double times[] = {end.time};
  c.d_eff = closed.excess_risks(times, s.split.train.y, 0).front().d_eff;
  const auto& known = s.split.target_known ? s.split.test.clean : s.split.test.y;
  const auto test_start = s.outputs(s.split.test, s.theta_0);
  c.trivial_risk = mean_squared(test_start.data(), known.data(), known.size());
}

// The numbers of the theory's formulas, from the experiment and from what was measured.
void fill_numbers(const PreparedExperiment& s, const dynamics::ClosedForm& closed,
                  const theory::LayerAssumption& assumption, MeasuredConstants& c) {
  const auto& o = s.experiment.model;
  auto& n = c.numbers;
  n.n_data = static_cast<double>(s.split.train.n);
  n.n_params = static_cast<double>(s.model.table().n_trainable());
  n.time = c.time;
  n.n_layers = static_cast<double>(o.all_layers());
  n.seq_len = static_cast<double>(o.seq_len);
  n.d_model = static_cast<double>(o.d_model);
  n.d_out = static_cast<double>(o.outputs());
  n.d_hidden = static_cast<double>(o.d_hidden);
  n.data_bound = data_bound(s);
  n.branch_scale = o.branch_scale;
  if (assumption.lambda_min > 0) n.lambda_min = assumption.lambda_min;
  n.condition_number = dynamics::first_order_rates(closed).condition_number;
  n.rate = c.rate;
  n.d_eff = c.d_eff;
  n.initial_risk = c.trivial_risk;
  if (s.experiment.data.noise > 0)
    n.noise = data::noise_level(s.experiment.data);
  else
    c.notes.push_back("the data have no noise; formulas that need one use xi = 1");
  const double delta = n.failure_prob;
  if (c.radius > 0) {
    n.perturbation_constant = c.drift_norm / (o.branch_scale * std::sqrt(c.radius / delta));
    n.trajectory_constant = c.radius * *n.n_layers * o.branch_scale * n.lambda_min * std::sqrt(delta * *n.d_hidden);
  }
}

}  // namespace

MeasuredConstants measured_constants(const PreparedExperiment& s, int threads) {
  require_measurable(s);
  MeasuredConstants c;
  c.layers = layer_kernels(s);
  base::throw_if_interrupted();
  const auto assumption = check_assumption(s, c);
  const auto start = s.outputs(s.split.train, s.theta_0);
  const dynamics::ClosedForm closed(s.kernel(), s.split.train.n, s.split.train.y, start);
  observe_flow(s, closed, threads, c);
  fill_numbers(s, closed, assumption, c);
  c.report = theory::evaluate(c.numbers);
  if (assumption.lambda_min > 0) check_bounds(s, c);
  check_risk(c);
  return c;
}

base::Value to_value(const MeasuredConstants& c) {
  using base::Value;
  Value layers, checks;
  for (const auto& layer : c.layers)
    layers.push_back(
        Value::table({{"name", layer.name}, {"lambda_min", layer.lambda_min}, {"lambda_max", layer.lambda_max}}));
  for (const auto& check : c.checks)
    checks.push_back(Value::table({{"statement", check.statement},
                                   {"source", check.source},
                                   {"log10_bound", check.log10_bound},
                                   {"log10_measured", check.log10_measured},
                                   {"holds", check.holds},
                                   {"vacuous", check.vacuous},
                                   {"blame", check.blame}}));
  Value json = theory::to_value(c.report);
  json["measured"] = Value::table({{"numbers", base::write_fields(c.numbers)},
                                   {"layers", layers},
                                   {"rate", c.rate},
                                   {"radius", c.radius},
                                   {"drift_norm", c.drift_norm},
                                   {"d_eff", c.d_eff},
                                   {"time", c.time},
                                   {"excess_risk", c.excess_risk},
                                   {"trivial_risk", c.trivial_risk}});
  json["checks"] = checks;
  json["notes"] = Value(c.notes);
  return json;
}

}  // namespace phaselaw::analysis
