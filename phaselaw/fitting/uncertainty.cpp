// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/uncertainty.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/interval.h"
#include "phaselaw/fitting/new_run.h"
#include "phaselaw/fitting/profiler.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

std::optional<double> finite(double x) { return std::isfinite(x) ? std::optional<double>(x) : std::nullopt; }

numerics::LeastSquaresResult optimum_of(const Fit& fit) {
  if (fit.value.empty())
    throw base::InputError(fmt::format("the fit of {} has no optimum ({}); fit again, or choose another law",
                                       fit.name(), fit.convergence.status));
  numerics::LeastSquaresResult optimum;
  optimum.parameters = fit.theta;
  optimum.cost = fit.objective_value;
  return optimum;
}

// NaN counts as unknown on either side, so it widens both.
Interval percentiles(std::vector<double> draws, double tail) {
  if (draws.size() < 2) return {};
  std::vector<double> low = draws, high = std::move(draws);
  for (double& x : low)
    if (std::isnan(x)) x = -base::kInfinity;
  for (double& x : high)
    if (std::isnan(x)) x = base::kInfinity;
  std::sort(low.begin(), low.end());
  std::sort(high.begin(), high.end());
  return {finite(numerics::quantile_of_sorted(low, tail)), finite(numerics::quantile_of_sorted(high, 1 - tail))};
}

}  // namespace

struct Uncertainty::State {
  const Fit& fit;
  const tables::Measurements& data;
  FitOptions options;  // as applied
  numerics::LeastSquaresResult optimum;
  LawForm form;
  Refitter refitter;
  Calibration calibration;
  Profiler profiler;
  IntervalMethod method;
  std::vector<std::vector<double>> draws;  // parameters of the refits of a bootstrap
  double tail = 0.025;
  std::string description;
  std::optional<NewRunNoise> noise;

  State(const Fit& f, const tables::Measurements& rows, const FitOptions& asked)
      : fit(f),
        data(rows),
        options(applied_options(f, asked)),
        optimum(optimum_of(f)),
        form(f.law, rows, f.fixed, {}, options.room_above(rows.output)),
        refitter(form, options),
        calibration(refitter, f.theta, options),
        profiler(refitter, optimum, calibration, options.level),
        method(f.method) {
    const std::size_t k = fit.theta.size();
    for (std::size_t begin = 0; begin + k <= fit.replicates.size(); begin += k)
      draws.push_back(parameters_at(fit, std::span(fit.replicates).subspan(begin, k)));
    if (method != IntervalMethod::sandwich)
      method = draws.empty() ? IntervalMethod::profile : IntervalMethod::bootstrap;
    const double groups = static_cast<double>(n_groups(form.n_rows(), options.cluster));
    tail = expanded_tail(options.level, groups,
                         std::max(1.0, groups - (options.cluster.empty() ? static_cast<double>(k) : 1.0)));
    description = method == IntervalMethod::bootstrap
                      ? fmt::format("{}bootstrap of {}", fit.clustered ? "cluster " : "", draws.size())
                      : std::string(base::enum_name(method));
  }

  // Computed when it is first needed, because it sorts the residuals.
  [[nodiscard]] const NewRunNoise& new_run_noise() {
    if (!noise) noise.emplace(fit, data, calibration);
    return *noise;
  }

  [[nodiscard]] Interval interval(const Uncertainty::Function& quantity, bool positive) {
    if (method == IntervalMethod::bootstrap) {
      std::vector<double> values;
      for (const std::vector<double>& parameters : draws) values.push_back(quantity(parameters));
      return percentiles(std::move(values), tail);
    }
    const Derived derived{"", positive,
                          [&](std::span<const double> theta) { return quantity(parameters_at(fit, theta)); }, -1};
    if (method == IntervalMethod::profile) return profile_of(profiler, derived);
    const auto groups = n_groups(form.n_rows(), options.cluster);
    const double dof = std::max(
        1.0, static_cast<double>(groups) - (options.cluster.empty() ? static_cast<double>(fit.theta.size()) : 1.0));
    return sandwich_interval(refitter, fit.theta, options, derived, dof);
  }
};

Uncertainty::Uncertainty(const Fit& fit, const tables::Measurements& data, const FitOptions& options)
    : state_(std::make_unique<State>(fit, data, options)) {}
Uncertainty::Uncertainty(const SavedFit& saved) : Uncertainty(saved.fit, saved.data, saved.options) {}
Uncertainty::~Uncertainty() = default;
Uncertainty::Uncertainty(Uncertainty&&) noexcept = default;

const std::string& Uncertainty::method() const { return state_->description; }
double Uncertainty::level() const { return state_->options.level; }
bool Uncertainty::known() const {
  return state_->method == IntervalMethod::bootstrap || state_->form.n_rows() > state_->fit.theta.size();
}

Estimate Uncertainty::estimate(std::string name, const Function& quantity, bool positive) const {
  Estimate out{std::move(name), quantity(state_->fit.value), {}, {}, false, false};
  if (std::isnan(out.value)) return out;
  if (!std::isfinite(out.value) && state_->method != IntervalMethod::bootstrap) return out;
  const Interval interval = state_->interval(quantity, positive && out.value > 0);
  if (interval.lo) out.lo = finite(*interval.lo);
  if (interval.hi) out.hi = finite(*interval.hi);
  out.identified = out.lo && out.hi && (!positive || within_widest_factor(out));
  return out;
}

Estimate Uncertainty::value(std::string name, const tables::Columns& at) const {
  const laws::Evaluator evaluator(state_->fit.law.expression, at);
  laws::EvaluatorWorkspace workspace;
  return estimate(std::move(name), [&](std::span<const double> parameters) {
    double value = 0;
    evaluator.evaluate({}, parameters, {&value, 1}, {}, workspace);
    return value;
  });
}

Estimate Uncertainty::new_run(std::string name, const tables::Columns& at) const {
  return new_run(std::move(name), at, value("value", at));
}

Estimate Uncertainty::new_run(std::string name, const tables::Columns& at, const Estimate& value) const {
  State& s = *state_;
  Estimate out{std::move(name), value.value, {}, {}, value.identified, false};
  if (!(value.value > 0)) return out;
  Interval interval;
  if (s.method == IntervalMethod::profile) {
    const laws::Evaluator evaluator(s.fit.law.expression, at);
    laws::EvaluatorWorkspace workspace;
    const Refitter::Quantity log_value = [&](std::span<const double> theta) {
      double x = 0;
      evaluator.evaluate({}, parameters_at(s.fit, theta), {&x, 1}, {}, workspace);
      return std::log(x);
    };
    const NewRunNoise& noise = s.new_run_noise();
    interval = new_run_interval(s.profiler, log_value, {value.lo, value.hi}, noise, noise.at(at));
  } else {
    interval = new_run_interval(value.value, {value.lo, value.hi},
                                residual_interval(s.refitter, s.fit.theta, s.options.level));
  }
  out.lo = interval.lo;
  out.hi = interval.hi;
  return out;
}

Estimate Uncertainty::new_run(std::string name, const tables::Columns& at, const Linear& value) const {
  State& s = *state_;
  Estimate out{std::move(name), std::exp(value.log_value), {}, {}, true, false};
  const NewRunNoise& noise = s.new_run_noise();
  const NewRunNoise::Local local = noise.at(at);
  const double error = value.error * value.error, total = error + local.variance;
  const double dof = total / (error / value.dof + local.variance / local.dof);
  const double t = numerics::student_t_quantile((1 + s.options.level) / 2, dof), tail = (1 - s.options.level) / 2;
  double lo = value.log_value - t * std::sqrt(total), hi = value.log_value + t * std::sqrt(total);
  if (noise.joins()) {
    const double half = value.error * value.quantile;
    lo = std::min(lo, noise.approximate_quantile(value.log_value, half, local, tail));
    hi = std::max(hi, noise.approximate_quantile(value.log_value, half, local, 1 - tail));
  }
  out.lo = finite(std::exp(lo));
  out.hi = finite(std::exp(hi));
  return out;
}

std::vector<Uncertainty::Linear> Uncertainty::linear(const tables::Columns& at) const {
  State& s = *state_;
  const std::size_t rows = at.n_rows(), k = s.fit.theta.size();
  std::vector<std::optional<double>> fixed(s.fit.law.parameters.size());
  for (const auto& [name, value] : s.fit.fixed) fixed[s.fit.law.find(name)] = value;
  const laws::Evaluator evaluator(s.fit.law.expression, at, fixed);
  std::vector<double> parameter(k), chain(k), log(rows), gradient(rows * k);
  for (std::size_t j = 0; j < k; ++j) {
    parameter[j] = s.fit.coordinates[j].parameter(s.fit.theta[j]);
    chain[j] = s.fit.coordinates[j].logarithmic ? parameter[j] : std::exp(s.fit.coordinates[j].log_unit);
  }
  laws::EvaluatorWorkspace workspace;
  evaluator.evaluate_log({}, parameter, chain, log, gradient, workspace);
  std::vector<Linear> out;
  for (std::size_t i = 0; i < rows; ++i) {
    const Calibration::Spread spread = s.calibration.spread(std::span(gradient).subspan(i * k, k));
    out.push_back({log[i], spread.error * std::sqrt(spread.kappa),
                   numerics::student_t_quantile((1 + s.options.level) / 2, spread.dof), spread.dof});
  }
  return out;
}

}  // namespace phaselaw::fitting
