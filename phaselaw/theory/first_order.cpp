// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/first_order.h"

#include <cmath>

#include <fmt/format.h>

#include <stdexcept>

#include "phaselaw/theory/domain.h"

namespace phaselaw::theory {

namespace {

// -ln((kc-1)/(kc+1)) and -ln q; infinity at kc = 1.
double gd_decay(double condition_number) {
  require_at_least("first-order bound", 1, {{"condition_number", condition_number}});
  return 2 * std::atanh(1 / condition_number);
}
double accelerated_decay(double condition_number) {
  require_at_least("first-order bound", 1, {{"condition_number", condition_number}});
  return 2 * std::atanh(1 / std::sqrt(condition_number));
}

double log_loss(double decay, double n_steps) {
  require_non_negative("first-order bound", {{"n_steps", n_steps}});
  return n_steps == 0 ? 0 : -2 * n_steps * decay;
}

double log_cosh(double y) {
  return y < 1 ? 0.5 * std::log1p(std::sinh(y) * std::sinh(y)) : y + std::log1p(std::exp(-2 * y)) - std::log(2.0);
}

void require_accuracy(double accuracy) {
  if (!(accuracy > 0 && accuracy <= 1))
    throw std::domain_error(fmt::format("first-order bound: expected accuracy in (0, 1], found {}", accuracy));
}

// log_gain/decay; one step if the problem is solved by any step.
double steps(double decay, double log_gain, double accuracy) {
  if (std::isinf(decay)) return accuracy < 1 ? 1 : 0;
  return log_gain / decay;
}

}  // namespace

double gd_factor(double condition_number) {
  require_at_least("first-order bound", 1, {{"condition_number", condition_number}});
  const double factor = (condition_number - 1) / (condition_number + 1);
  return factor * factor;
}

double accelerated_factor(double condition_number) {
  require_at_least("first-order bound", 1, {{"condition_number", condition_number}});
  const double root = std::sqrt(condition_number);
  const double q = (condition_number - 1) / ((root + 1) * (root + 1));  // no cancellation in root - 1
  return q * q;
}

double log_oracle_bound(double condition_number, double n_steps) {
  return log_loss(accelerated_decay(condition_number), n_steps);
}

double log_gd_loss(double condition_number, double n_steps) { return log_loss(gd_decay(condition_number), n_steps); }

double log_chebyshev_loss(double condition_number, double n_steps) {
  const double decay = accelerated_decay(condition_number);
  require_non_negative("first-order bound", {{"n_steps", n_steps}});
  return n_steps == 0 ? 0 : -2 * log_cosh(n_steps * decay);
}

double condition_number_gap(double condition_number) {
  const double gd = gd_decay(condition_number);
  return std::isinf(gd) ? 1 : accelerated_decay(condition_number) / gd;
}

double oracle_steps(double condition_number, double accuracy) {
  require_accuracy(accuracy);
  return steps(accelerated_decay(condition_number), -std::log(accuracy) / 2, accuracy);
}

double gd_steps(double condition_number, double accuracy) {
  require_accuracy(accuracy);
  return steps(gd_decay(condition_number), -std::log(accuracy) / 2, accuracy);
}

double chebyshev_steps(double condition_number, double accuracy) {
  require_accuracy(accuracy);
  return steps(accelerated_decay(condition_number), std::acosh(1 / std::sqrt(accuracy)), accuracy);
}

double steps_of_compute(double compute, double n_params, double n_data) {
  require_positive("steps of a compute", {{"compute", compute}, {"n_params", n_params}, {"n_data", n_data}});
  return compute / n_params / n_data;
}

double log_lambda_max_bound(double n_data, double seq_len, double d_out, double data_bound, double c_lambda) {
  require_positive(
      "trace bound",
      {{"n_data", n_data}, {"seq_len", seq_len}, {"d_out", d_out}, {"data_bound", data_bound}, {"c_lambda", c_lambda}});
  return std::log(c_lambda) + std::log(n_data) + std::log(seq_len) + std::log(d_out) + 2 * std::log(data_bound);
}

}  // namespace phaselaw::theory
