// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/analysis/flow_views.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/analysis/kernel_view.h"
#include "phaselaw/base/clock.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/dynamics/parameter_flow.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/training/trainer.h"

namespace phaselaw::analysis {

namespace {

using base::kNaN;
constexpr double kFlowSpan = 1e4;  // from the first time to the last

// Passes the trajectory to a signature detector and, at some times, to the recorder of the drift.
class FlowMonitor {
 public:
  FlowMonitor(dynamics::LazyRecorder& recorder, double first, double last, std::int64_t records)
      : recorder_(recorder), due_(numerics::log_spaced(first, last, static_cast<std::size_t>(records - 1))) {}

  void see(double time, double train_loss, std::span<const double> theta) {
    if (time == 0 || (next_ < due_.size() && time >= due_[next_] * (1 - 1e-9))) {
      while (next_ < due_.size() && time >= due_[next_] * (1 - 1e-9)) ++next_;
      records_.push_back(recorder_.record(time, theta));
    }
    if (time > last_) detector_.observe({.time = time, .loss = train_loss});
    last_ = time;
  }
  [[nodiscard]] dynamics::SignatureEvent verdict() const { return detector_.verdict(); }
  [[nodiscard]] const std::vector<dynamics::LazyRecord>& records() const { return records_; }

 private:
  dynamics::LazyRecorder& recorder_;
  dynamics::SignatureDetector detector_;
  std::vector<dynamics::LazyRecord> records_;
  std::vector<double> due_;
  std::size_t next_ = 0;
  double last_ = -1;
};

class TrainingWatch : public training::Observer<double> {
 public:
  explicit TrainingWatch(FlowMonitor& watch) : watch_(watch) {}
  void on_measurement(const training::Measurement& m, std::span<const double> theta) override {
    watch_.see(m.time, m.train_loss, theta);
  }

 private:
  FlowMonitor& watch_;
};

dynamics::LazyRecorder recorder_of(const PreparedExperiment& s, int threads) {
  dynamics::LazyOptions options;
  options.threads = threads;
  options.dense_rows = std::min<std::int64_t>(options.dense_rows, s.experiment.flow.max_rows);
  options.seed = static_cast<std::uint64_t>(s.experiment.seed);
  return {s.experiment.model, s.theta_0, s.train(), s.test(), options};
}

void train(const PreparedExperiment& s, double time_end, dynamics::LazyRecorder& recorder, FlowViews& views) {
  const auto start = base::Clock::now();
  FlowMonitor watch(recorder, time_end / kFlowSpan, time_end, s.experiment.flow.records);
  TrainingWatch observer(watch);
  training::Observer<double>* observers[] = {&observer};
  const numerics::OneBlasThread one;  // small products: a second BLAS thread would only wait
  const auto result = training::train<double>(s.model, s.theta_0, s.split, s.experiment.training,
                                              static_cast<std::uint64_t>(s.experiment.seed), observers);
  ViewCurve curve{"trained", base::enum_to_text(s.experiment.training.optimizer) + " as in the file"};
  for (const auto& m : result.curve) {
    curve.time.push_back(m.time);
    curve.train_loss.push_back(m.train_loss);
    curve.test_loss.push_back(m.test_loss);
    curve.excess_risk.push_back(m.excess_risk);
  }
  curve.status = base::enum_to_text(result.outcome);
  curve.reason = result.reason;
  curve.seconds = base::seconds_since(start);
  views.curves.push_back(std::move(curve));
  views.trained_laziness = watch.records();
  views.trained_signature = watch.verdict();
  if (result.outcome == training::Outcome::diverged)  // the curve ends before the loss at which it would apply
    views.trained_signature = {.signature = dynamics::Signature::instability,
                               .cause = dynamics::SignatureCause::loss_rises,
                               .onset = result.curve.back().time,
                               .seen_at = result.curve.back().time,
                               .reason = "the training diverged: " + result.reason};
  views.learning_rate = result.learning_rate;
  views.start.assign(1, recorder.total());
  views.start.insert(views.start.end(), recorder.parts().begin(), recorder.parts().end());
}

void judge_condition(double lambda_min, FlowViews& views) {
  const char* kStatement = "The theory's stability condition, ||H(t) - H(0)|| <= lambda_min/2,";
  if (std::isnan(lambda_min)) {
    views.condition = fmt::format("{} is not checked: lambda_min is known only for dense kernels.", kStatement);
    return;
  }
  for (const auto& record : views.flow_laziness)
    if (record.total.drift_norm > lambda_min / 2) {
      views.condition_fails_at = record.time;
      views.condition = fmt::format("{} fails from the record at t = {} on: {} against {}.", kStatement,
                                    base::format_number(record.time), base::format_number(record.total.drift_norm),
                                    base::format_number(lambda_min / 2));
      return;
    }
  const auto unknown = std::count_if(views.flow_laziness.begin(), views.flow_laziness.end(),
                                     [](const auto& record) { return std::isnan(record.total.drift_norm); });
  views.condition = unknown > 0
                        ? fmt::format("{} is not decided: the norm of the drift is not known at {} of {} records.",
                                      kStatement, unknown, views.flow_laziness.size())
                        : fmt::format("{} holds at every record of the flow.", kStatement);
}

void flow(const PreparedExperiment& s, int threads, dynamics::LazyRecorder& recorder, FlowViews& views) {
  const auto& options = s.experiment.flow;
  FlowMonitor watch(recorder, views.times.front(), views.times.back(), options.records);
  auto flow = s.integration(views.dense ? views.step_limit / 2 : views.learning_rate, threads);
  flow.test_outputs = s.split.target_known;
  std::vector<double> times = {0};
  times.insert(times.end(), views.times.begin(), views.times.end());
  const auto& clean = s.split.test.clean;
  ViewCurve curve{"flow", "gradient flow of the model, integrated"};
  base::Progress progress("gradient flow", static_cast<double>(times.size()));
  const auto result = dynamics::parameter_flow(
      s.model, s.theta_0, s.train(), s.test(), times, flow,
      [&](const dynamics::FlowRecord& record, std::span<const double> theta) {
        watch.see(record.time, per_number(s, record.train_loss), theta);
        if (record.time > 0) {
          curve.time.push_back(record.time);
          curve.train_loss.push_back(per_number(s, record.train_loss));
          curve.test_loss.push_back(per_number(s, record.test_loss));
          curve.excess_risk.push_back(
              s.split.target_known ? mean_squared(record.test_outputs.data(), clean.data(), clean.size()) : kNaN);
        }
        progress.advance(1);
        return true;
      });
  curve.status = base::enum_name(result.status);
  curve.reason = result.reason;
  curve.seconds = result.seconds;
  if (result.status != numerics::OdeStatus::finished)
    views.warnings.push_back(fmt::format(
        "the gradient flow ended at t = {} of {} ({}): {}; raise flow.budget or flow.rtol, or reduce flow.time",
        base::format_number(result.time, 4), base::format_number(views.time, 4), curve.status, curve.reason));
  views.curves.push_back(std::move(curve));
  views.flow_laziness = watch.records();
  views.flow_signature = watch.verdict();
  judge_condition(recorder.total().lambda_min, views);
}

dynamics::Departure departure(const FlowViews& views, std::string_view prediction, std::string_view measured,
                              double tolerance) {
  const ViewCurve *kernel = views.find(prediction), *other = views.find(measured);
  dynamics::Departure none;
  none.reason = "not compared";
  if (kernel == nullptr || other == nullptr) return none;
  const auto against = log_interpolated(other->time, other->test_loss, kernel->time);
  std::vector<double> times, predicted, seen;
  for (std::size_t i = 0; i < kernel->time.size(); ++i)
    if (!std::isnan(against[i]) && !std::isnan(kernel->test_loss[i])) {
      times.push_back(kernel->time[i]);
      predicted.push_back(kernel->test_loss[i]);
      seen.push_back(against[i]);
    }
  return times.empty() ? none : dynamics::departure(times, predicted, seen, tolerance);
}

}  // namespace

const ViewCurve* FlowViews::find(std::string_view view) const {
  for (const auto& curve : curves)
    if (curve.view == view) return &curve;
  return nullptr;
}

FlowViews flow_views(const PreparedExperiment& s, int threads) {
  const auto& e = s.experiment;
  FlowViews views;
  views.n_rows = s.split.train.n * s.rows_per_sequence();
  views.n_params = s.model.table().n_trainable();
  auto recorder = recorder_of(s, threads);  // of both trajectories, because their start is the same
  const bool chosen = e.training.learning_rate.is_word();
  train(s, s.flow_time(chosen ? 1e-2 : e.training.learning_rate.value), recorder, views);
  base::throw_if_interrupted();
  views.time = s.flow_time(views.learning_rate);
  views.times = numerics::log_spaced(views.time / kFlowSpan, views.time, static_cast<std::size_t>(e.flow.points));
  if (const auto warning = s.target_warning(); !warning.empty()) views.warnings.push_back(warning);
  if (e.training.optimizer == training::OptimizerKind::adamw)
    views.warnings.push_back("adamw is no discretised gradient flow, so its curve cannot be compared at equal times");
  add_kernel_views(s, threads, views);
  base::throw_if_interrupted();
  flow(s, threads, recorder, views);
  views.kernel_leaves_flow = departure(views, "kernel", "flow", e.flow.tolerance);
  views.kernel_leaves_trained = departure(views, "kernel", "trained", e.flow.tolerance);
  views.sgd_leaves_trained = departure(views, "sgd_epochs", "trained", e.flow.tolerance);
  return views;
}

}  // namespace phaselaw::analysis
