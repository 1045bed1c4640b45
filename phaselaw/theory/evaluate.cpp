// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/evaluate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "phaselaw/theory/convergence.h"
#include "phaselaw/theory/evaluate_laws.h"
#include "phaselaw/theory/first_order.h"
#include "phaselaw/theory/good_class.h"
#include "phaselaw/theory/matching_band.h"

namespace phaselaw::theory {

namespace {

constexpr double kLargest = std::numeric_limits<double>::max();

Quantity of(double value) { return {.value = value, .log10 = std::log10(value)}; }

double log_add(double a, double b) { return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b))); }

// The constants of the estimation term, ln(c_xi d_eff).
double log_estimation_constant(const TheoryNumbers& numbers) {
  return std::log(numbers.c_xi) + std::log(numbers.d_eff);
}

// Only the compute is given: the best n for it.
void evaluate_best_n(const TheoryNumbers& numbers, const ScheduledLaw& best, TheoryReport& report, double& log_upper) {
  report.compute = of(*numbers.compute);
  report.stage = Stage::data_limited;
  report.slope = best.slope;
  log_upper = best.log_excess_risk + log_estimation_constant(numbers);
  double log_lower = best.log_excess_risk / report.edition.risk_exponent - kLog16;
  report.excess_risk_lower = of_log(log_lower);
  if (!best.log_n_data) return;
  report.n_data = report.n_data_optimal = of_log(*best.log_n_data);
  report.threshold_compute = report.compute;
  if (report.n_data->value) report.noise = noise_at({numbers.noise, numbers.noise_exponent}, *report.n_data->value);
}

// n_data is given, with a compute or at its threshold.
void evaluate_at_n(const TheoryNumbers& numbers, const std::optional<ScheduledLaw>& best, TheoryReport& report,
                   std::optional<double>& log_upper) {
  const Edition& edition = report.edition;
  const double n = *numbers.n_data, noise = noise_at({numbers.noise, numbers.noise_exponent}, n);
  const double log_ratio = std::log(n) - 2 * std::log(noise);  // ln(n/xi^2)
  const double log_threshold = log_threshold_compute(edition, n, noise);
  const double log_estimation = -edition.risk_exponent * log_ratio + log_estimation_constant(numbers);
  report.n_data = of(n);
  report.noise = noise;
  report.excess_risk_lower = of_log(-log_ratio - kLog16);
  if (std::isfinite(log_threshold)) report.threshold_compute = of_log(log_threshold);
  if (!numbers.compute) {
    report.compute = report.threshold_compute;
    report.stage = Stage::data_limited;
    report.n_data_optimal = report.n_data;
    log_upper = log_estimation;
    // The slope of the law at which this n is the best.
    const double exponent = compute_exponent(edition, numbers.noise_exponent);
    const double w = edition.risk_exponent / exponent * std::max(log_ratio, 0.0);
    report.slope = exponent <= 0 ? 0 : edition.log_and_noise ? -exponent * w / (1 + w) : -exponent;
    return;
  }
  report.compute = of(*numbers.compute);
  report.stage = stage(edition, *numbers.compute, n, noise);
  if (best && best->log_n_data) report.n_data_optimal = of_log(*best->log_n_data);
  if (!edition.log_and_noise) return;  // no fixed-n law is known
  const FixedNTerms terms = fixed_n_terms(edition, *numbers.compute, n, noise, numbers.initial_risk);
  log_upper = log_estimation;
  report.slope = 0;
  if (std::isinf(terms.x)) return;
  log_upper = log_add(terms.log_optimisation, log_estimation);
  report.slope = -terms.x * std::exp(terms.log_optimisation - *log_upper);
}

// The term of the model, added to the bound; it is the stage if it is the largest.
void add_model_term(const TheoryNumbers& numbers, TheoryReport& report, double& log_upper) {
  const double log_model = std::log(numbers.c_model) - std::log(*numbers.n_params);
  const double without = log_upper;
  log_upper = log_add(log_upper, log_model);
  *report.slope *= std::exp(without - log_upper);
  if (log_model > without) report.stage = Stage::model_limited;
}

void evaluate_two_stage(const TheoryNumbers& numbers, TheoryReport& report) {
  const NoiseSchedule schedule{numbers.noise, numbers.noise_exponent};
  report.compute_exponent = compute_exponent(report.edition, numbers.noise_exponent);
  report.data_exponent = data_exponent(numbers.noise_exponent, report.edition.risk_exponent);
  report.effect_of_data = effect_of_data(schedule);
  std::optional<ScheduledLaw> best;
  if (numbers.compute) best = scheduled_law(report.edition, *numbers.compute, schedule);
  if (numbers.compute && numbers.noise_exponent == 0) evaluate_spending(numbers, report);
  std::optional<double> log_upper;
  if (numbers.n_data)
    evaluate_at_n(numbers, best, report, log_upper);
  else
    evaluate_best_n(numbers, *best, report, log_upper.emplace());
  if (!log_upper) return;
  if (numbers.n_params) add_model_term(numbers, report, *log_upper);
  report.excess_risk_upper = of_log(*log_upper);
}

void evaluate_good_class(const TheoryNumbers& numbers, TheoryReport& report) {
  std::optional<double> log_scale;
  if (numbers.branch_scale)
    log_scale = std::log(*numbers.branch_scale);
  else if (numbers.n_layers && numbers.seq_len && numbers.d_model)
    log_scale = log_branch_scale({.n_layers = *numbers.n_layers,
                                  .seq_len = *numbers.seq_len,
                                  .d_model = *numbers.d_model,
                                  .data_bound = numbers.data_bound,
                                  .c_omega = numbers.c_omega});
  if (numbers.rate) report.rate = of(*numbers.rate);
  if (!log_scale) return;
  report.branch_scale = of_log(*log_scale);
  ConvergenceNumbers convergence{.log_branch_scale = *log_scale,
                                 .lambda_min = numbers.lambda_min,
                                 .failure_prob = numbers.failure_prob,
                                 .trajectory_constant = numbers.trajectory_constant,
                                 .perturbation_constant = numbers.perturbation_constant};
  report.radius_max = of_log(log_radius_max(convergence));
  if (!numbers.n_layers) return;
  convergence.n_layers = *numbers.n_layers;
  if (report.n_data && report.n_data->value) {
    convergence.n_data = *report.n_data->value;
    if (!report.rate) report.rate = of_log(log_rate_with_growth(convergence, numbers.depth_growth));
    if (numbers.seq_len && numbers.d_model) {
      const double log10_width = log10_d_hidden_min({.n_data = convergence.n_data,
                                                     .seq_len = *numbers.seq_len,
                                                     .d_model = *numbers.d_model,
                                                     .n_layers = *numbers.n_layers,
                                                     .log_branch_scale = *log_scale,
                                                     .lambda_min = numbers.lambda_min,
                                                     .failure_prob = numbers.failure_prob,
                                                     .c_m = numbers.c_m,
                                                     .c_d = numbers.c_d});
      report.d_hidden_min = of_log(log10_width * std::numbers::ln10);
      report.d_hidden_min->log10 = log10_width;
    }
  }
  if (!numbers.d_hidden) return;
  report.trajectory_radius = of_log(log_trajectory_radius(convergence, std::log(*numbers.d_hidden)));
  report.stable = report.trajectory_radius->log10 <= report.radius_max->log10;
}

void evaluate_three_terms(const TheoryNumbers& numbers, TheoryReport& report) {
  if (numbers.time)
    report.n_steps = numbers.time;
  else if (numbers.n_params && report.compute && report.compute->value && report.n_data && report.n_data->value)
    report.n_steps = steps_of_compute(*report.compute->value, *numbers.n_params, *report.n_data->value);
  if (!numbers.n_params || !report.n_steps || !report.n_data || !report.n_data->value || !report.noise ||
      !report.rate || !report.rate->value)
    return;
  const ExcessRiskNumbers risk{.initial_risk = numbers.initial_risk,
                               .rate = *report.rate->value,
                               .time = *report.n_steps,
                               .n_params = *numbers.n_params,
                               .n_data = *report.n_data->value,
                               .noise = *report.noise,
                               .c_model = numbers.c_model,
                               .c_xi = numbers.c_xi,
                               .d_eff = numbers.d_eff,
                               .rate_data_exponent = numbers.rate ? 0.0 : 1.0};
  ThreeTermReport& three = report.three_terms.emplace();
  three.terms = excess_risk_terms(risk);
  three.elasticities = elasticities(risk);
  three.regime = regime(three.terms);
  three.bottleneck = bottleneck(three.elasticities);
  three.rate = risk.rate;
  three.time = risk.time;
  three.saturating_n_params = saturating_n_params(risk);
  three.saturating_time = saturating_time(risk);
}

void evaluate_first_order(const TheoryNumbers& numbers, TheoryReport& report) {
  if (numbers.condition_number) {
    report.condition_number = of(*numbers.condition_number);
    report.condition_number_source = "given";
  } else if (numbers.lambda_max) {
    report.condition_number = of_log(std::max(0.0, std::log(*numbers.lambda_max) - std::log(numbers.lambda_min)));
    report.condition_number_source = "lambda_max";
  } else if (numbers.seq_len && (numbers.d_out || numbers.d_model) && report.n_data && report.n_data->value) {
    const double d_out = numbers.d_out ? *numbers.d_out : *numbers.d_model;
    const double log_bound =
        log_lambda_max_bound(*report.n_data->value, *numbers.seq_len, d_out, numbers.data_bound, numbers.c_lambda) -
        std::log(numbers.lambda_min);
    if (log_bound < 0) return;  // lambda_min contradicts the bound, so nothing is known
    report.condition_number = of_log(log_bound);
    report.condition_number_source = "trace bound";
  }
  if (!report.condition_number) return;
  const double kc = report.condition_number->value.value_or(kLargest);
  report.gd_rate = gd_factor(kc);
  report.accelerated_rate = accelerated_factor(kc);
  report.condition_number_gap = condition_number_gap(kc);
  if (!report.n_steps || !std::isfinite(*report.n_steps)) return;
  report.oracle_loss_factor = of_log(log_oracle_bound(kc, *report.n_steps));
  report.gd_loss_factor = of_log(log_gd_loss(kc, *report.n_steps));
  report.chebyshev_loss_factor = of_log(log_chebyshev_loss(kc, *report.n_steps));
}

}  // namespace

Quantity of_log(double log) {
  Quantity quantity{.value = std::exp(log), .log10 = log / std::numbers::ln10};
  if (!std::isnormal(*quantity.value)) quantity.value.reset();
  return quantity;
}

TheoryReport evaluate(const TheoryNumbers& numbers) {
  check(numbers);
  TheoryReport report;
  report.edition = edition_of(numbers);
  evaluate_two_stage(numbers, report);
  evaluate_good_class(numbers, report);
  evaluate_three_terms(numbers, report);
  evaluate_first_order(numbers, report);
  if (numbers.law) evaluate_isolated_law(numbers, report);
  return report;
}

}  // namespace phaselaw::theory
