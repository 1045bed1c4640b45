// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/analysis/flow_point.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "phaselaw/analysis/prepared_experiment.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/dynamics/lazy.h"
#include "phaselaw/dynamics/signatures.h"
#include "phaselaw/model/flops.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/theory/convergence.h"
#include "phaselaw/theory/good_class.h"

namespace phaselaw::analysis {

namespace {

using base::kNaN;
using base::Value;
constexpr double kFirstTime = 0.01;  // in units of n/lambda_max
constexpr int kPointsPerDecade = 16;
constexpr double kFailureProb = 0.05;

constexpr std::pair<const char*, double FlowPoint::*> kFlowNumbers[] = {{"branch_scale", &FlowPoint::branch_scale},
                                                                        {"n_rows", &FlowPoint::n_rows},
                                                                        {"time", &FlowPoint::time},
                                                                        {"loss_ratio", &FlowPoint::loss_ratio},
                                                                        {"rate", &FlowPoint::rate},
                                                                        {"bound", &FlowPoint::bound},
                                                                        {"lambda", &FlowPoint::lambda},
                                                                        {"lambda_min", &FlowPoint::lambda_min},
                                                                        {"lambda_max", &FlowPoint::lambda_max},
                                                                        {"condition", &FlowPoint::condition},
                                                                        {"drift", &FlowPoint::drift},
                                                                        {"radius", &FlowPoint::radius},
                                                                        {"unit_radius", &FlowPoint::unit_radius},
                                                                        {"radius_ratio", &FlowPoint::radius_ratio},
                                                                        {"best_risk", &FlowPoint::best_risk},
                                                                        {"rhs_calls", &FlowPoint::rhs_calls},
                                                                        {"width_missed", &FlowPoint::width_missed}};
constexpr std::pair<const char*, std::int64_t FlowPoint::*> kCounts[] = {{"n_layers", &FlowPoint::n_layers},
                                                                         {"d_hidden", &FlowPoint::d_hidden},
                                                                         {"n_data", &FlowPoint::n_data},
                                                                         {"seed", &FlowPoint::seed}};

double machine_rounding(double rows, double lambda_max) {
  return rows * std::numeric_limits<double>::epsilon() * lambda_max;
}

// lambda, and with it the bound on the rate and the width required by Definition 5.2.
void take_start(const dynamics::LazyRecorder& recorder, const model::ModelOptions& model, FlowPoint& point) {
  double least = kNaN, rounding = 0;
  for (const auto& part : recorder.parts()) {
    if (!part.name.starts_with("layers.") && !part.name.starts_with("encoder.")) continue;
    if (!(part.lambda_min >= least)) least = part.lambda_min;
    rounding = std::max(rounding, machine_rounding(point.n_rows, part.lambda_max));
  }
  point.lambda_min = recorder.total().lambda_min;
  const bool known = point.lambda_min > machine_rounding(point.n_rows, point.lambda_max);
  point.condition = known ? point.lambda_max / point.lambda_min : kNaN;
  point.lambda = least > rounding ? least / (model.branch_scale * model.branch_scale) : kNaN;
  if (std::isnan(point.lambda)) return;
  const double layers = static_cast<double>(model.all_layers()), n = static_cast<double>(point.n_data);
  const double log_scale = std::log(model.branch_scale);
  point.bound = theory::rate({layers, n, log_scale, point.lambda, kFailureProb, 1, 1});
  point.width_missed =
      theory::log10_d_hidden_min({n, static_cast<double>(model.seq_len), static_cast<double>(model.d_model), layers,
                                  log_scale, point.lambda, kFailureProb, 1, 1}) -
      std::log10(static_cast<double>(model.d_hidden));
}

void take_end(dynamics::LazyRecorder& recorder, const dynamics::ParameterFlowResult& flow, double omega,
              FlowPoint& point) {
  const auto& record = recorder.record(flow.time, flow.theta);
  point.drift = record.total.drift;
  double largest = 0;
  for (const auto& part : record.parts) {
    point.radius = std::max(point.radius, part.radius);
    largest = std::max(largest, part.drift_norm);
  }
  point.radius_ratio = std::pow(2 * largest / (omega * omega * point.lambda), 2);
}

double unit_radius_of(const model::ParameterTable& table, std::span<const double> start, std::span<const double> end) {
  double largest = 0;
  for (const auto& block : table.blocks()) {
    if (block.kind != model::BlockKind::mlp_up) continue;
    for (std::int64_t row = 0; row < block.rows; ++row) {
      double squares = 0;
      for (std::int64_t col = 0; col < block.cols; ++col) {
        const auto i = static_cast<std::size_t>(block.offset + row * block.cols + col);
        squares += (end[i] - start[i]) * (end[i] - start[i]);
      }
      largest = std::max(largest, std::sqrt(squares));
    }
  }
  return largest;
}

// The first sequences with a kernel of at most max_rows rows.
std::int64_t sequences_that_fit(const PreparedExperiment& s) {
  return std::max<std::int64_t>(1, std::min(s.split.train.n, s.experiment.flow.max_rows / s.rows_per_sequence()));
}

// Records the kernel of the first `fitting` sequences.
dynamics::LazyRecorder recorder_of(const PreparedExperiment& s, std::int64_t fitting, int threads) {
  auto start = s.train();
  start.inputs.n = fitting;
  start.targets = start.targets.first(static_cast<std::size_t>(fitting * s.rows_per_sequence()));
  dynamics::LazyOptions lazy;
  lazy.threads = threads;
  lazy.dense_rows = fitting * s.rows_per_sequence();
  return {s.experiment.model, s.theta_0, start, std::nullopt, lazy};
}

// The point before its flow: what identifies it, and NaN for what is not yet measured.
FlowPoint described(const PreparedExperiment& s, double lambda_max) {
  const sweep::Experiment& experiment = s.experiment;
  FlowPoint point;
  point.n_layers = experiment.model.n_layers;
  point.d_hidden = experiment.model.d_hidden;
  point.n_data = s.split.train.n;
  point.seed = experiment.seed;
  point.branch_scale = experiment.model.branch_scale;
  point.n_rows = static_cast<double>(point.n_data * s.rows_per_sequence());
  point.lambda_max = lambda_max;
  for (double FlowPoint::*member : {&FlowPoint::bound, &FlowPoint::lambda, &FlowPoint::lambda_min,
                                    &FlowPoint::condition, &FlowPoint::width_missed, &FlowPoint::best_risk})
    point.*member = kNaN;
  return point;
}

std::vector<double> times_in_units_of(double unit) {
  const auto count = static_cast<std::size_t>(kPointsPerDecade * std::log10(kLongest / kFirstTime)) + 1;
  auto times = numerics::log_spaced(kFirstTime * unit, kLongest * unit, count);
  times.insert(times.begin(), 0.0);
  return times;
}

// Follows one flow until the training loss has fallen to kLearned of its start: the rate, the best risk, the signature.
class FlowObserver {
 public:
  FlowObserver(const PreparedExperiment& s, FlowPoint& point) : s_(s), point_(point) {}

  // False when the flow has learned and need not go on.
  bool see(const dynamics::FlowRecord& record) {
    if (record.time == 0) first_ = record.train_loss;
    if (record.time > 0) (void)detector_.observe({.time = record.time, .loss = record.train_loss});
    if (s_.split.target_known) {
      const auto& clean = s_.split.test.clean;
      const double risk = mean_squared(record.test_outputs.data(), clean.data(), clean.size());
      point_.past_minimum = risk > point_.best_risk;
      if (!(risk >= point_.best_risk)) point_.best_risk = risk;
    }
    const double goal = kLearned * first_;
    if (record.time > 0 && record.train_loss <= goal) {
      point_.learned = true;
      double reached = record.time;
      if (last_time_ > 0) {
        const double share = std::log(last_loss_ / goal) / std::log(last_loss_ / record.train_loss);
        reached = last_time_ * std::pow(record.time / last_time_, share);
      }
      point_.rate = std::log(1 / kLearned) / reached;
    }
    last_time_ = record.time;
    last_loss_ = record.train_loss;
    return !point_.learned;
  }

  void finish() {
    point_.loss_ratio = last_loss_ / first_;
    if (!point_.learned) point_.rate = last_time_ > 0 ? std::log(first_ / last_loss_) / last_time_ : kNaN;
    const auto verdict = detector_.verdict();
    point_.signature = base::enum_name(verdict.signature);
    if (verdict.signature == dynamics::Signature::instability)
      point_.signature += fmt::format(" ({})", base::enum_name(verdict.cause));
  }

 private:
  const PreparedExperiment& s_;
  FlowPoint& point_;
  dynamics::SignatureDetector detector_;
  double first_ = 0, last_time_ = 0, last_loss_ = 0;
};

}  // namespace

double flow_flop_limit(const sweep::Experiment& experiment) {
  return static_cast<double>(kMostRhs) * static_cast<double>(experiment.data.n_data) *
         model::sequence_cost(experiment.model).training_flop();
}

FlowPoint measure_flow(const sweep::Experiment& experiment, int threads) {
  const PreparedExperiment s(experiment);
  const std::int64_t fitting = sequences_that_fit(s);
  const bool whole = fitting == s.split.train.n;
  dynamics::LazyRecorder recorder = recorder_of(s, fitting, threads);
  FlowPoint point = described(s, recorder.total().lambda_max);
  if (whole) take_start(recorder, experiment.model, point);

  const double unit = static_cast<double>(fitting) / point.lambda_max;
  auto options = s.integration(0.5 * unit, threads);
  options.ode.budget = {.max_rhs = kMostRhs};
  if (options.fixed) options.fixed->budget = options.ode.budget;
  options.test_outputs = s.split.target_known;
  FlowObserver observer(s, point);
  const auto see = [&](const dynamics::FlowRecord& record, std::span<const double>) { return observer.see(record); };
  const auto flow =
      dynamics::parameter_flow(s.model, s.theta_0, s.train(), s.test(), times_in_units_of(unit), options, see);
  point.status = base::enum_name(flow.status);
  point.time = flow.time;
  point.rhs_calls = static_cast<double>(flow.rhs_calls);
  observer.finish();
  point.unit_radius = unit_radius_of(s.model.table(), s.theta_0, flow.theta);
  for (double FlowPoint::*member : {&FlowPoint::drift, &FlowPoint::radius_ratio})
    if (!whole) point.*member = kNaN;
  if (whole) take_end(recorder, flow, experiment.model.branch_scale, point);
  return point;
}

Value to_value(const FlowPoint& point) {
  Value value = Value::table({{"learned", point.learned},
                              {"past_minimum", point.past_minimum},
                              {"status", point.status},
                              {"signature", point.signature}});
  for (const auto& [name, member] : kCounts) value[name] = point.*member;
  for (const auto& [name, member] : kFlowNumbers) value[name] = point.*member;
  return value;
}

FlowPoint flow_point_from(const Value& value) {
  FlowPoint point;
  point.learned = value.at("learned").boolean();
  point.past_minimum = value.at("past_minimum").boolean();
  point.status = value.at("status").text();
  point.signature = value.at("signature").text();
  for (const auto& [name, member] : kCounts) point.*member = value.at(name).integer();
  for (const auto& [name, member] : kFlowNumbers)
    point.*member = value.at(name).is_null() ? kNaN : value.at(name).number();
  return point;
}

}  // namespace phaselaw::analysis
