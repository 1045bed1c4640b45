// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/convergence.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "phaselaw/theory/domain.h"

namespace phaselaw::theory {

namespace {

void require(const ConvergenceNumbers& numbers) {
  require_positive("convergence", {{"n_layers", numbers.n_layers},
                                   {"n_data", numbers.n_data},
                                   {"lambda_min", numbers.lambda_min},
                                   {"trajectory_constant", numbers.trajectory_constant},
                                   {"perturbation_constant", numbers.perturbation_constant}});
  require_probability("convergence", {"failure_prob", numbers.failure_prob});
  require_at_least("convergence", std::numeric_limits<double>::lowest(),
                   {{"log_branch_scale", numbers.log_branch_scale}});
}

}  // namespace

double log_depth_sum(double n_layers, double depth_growth) {
  require_positive("depth sum", {{"n_layers", n_layers}, {"1 + depth_growth", 1 + depth_growth}});
  // S = expm1(2 N g)/expm1(2 g) with g = ln(1 + c): a geometric sum.
  const double g = std::log1p(depth_growth), top = 2 * n_layers * g;
  if (g == 0) return std::log(n_layers);
  if (g < 0) return std::log(std::expm1(top) / std::expm1(2 * g));
  return top + std::log(-std::expm1(-top)) - std::log(std::expm1(2 * g));
}

double log_rate_with_growth(const ConvergenceNumbers& numbers, double depth_growth) {
  require(numbers);
  return std::log(2.0) + log_depth_sum(numbers.n_layers, depth_growth) + 2 * numbers.log_branch_scale +
         std::log(numbers.lambda_min) - std::log(numbers.n_data);
}

double log_rate(const ConvergenceNumbers& numbers) { return log_rate_with_growth(numbers, 0); }

double rate(const ConvergenceNumbers& numbers) { return std::exp(log_rate(numbers)); }

double loss_bound(double initial_loss, double rate, double time) {
  require_non_negative("loss bound", {{"initial_loss", initial_loss}, {"rate", rate}, {"time", time}});
  return initial_loss * std::exp(-rate * time);
}

double log_trajectory_radius(const ConvergenceNumbers& numbers, double log_d_hidden) {
  require(numbers);
  require_at_least("trajectory radius", std::numeric_limits<double>::lowest(), {{"log_d_hidden", log_d_hidden}});
  return std::log(numbers.trajectory_constant) - std::log(numbers.n_layers) - numbers.log_branch_scale -
         std::log(numbers.lambda_min) - (std::log(numbers.failure_prob) + log_d_hidden) / 2;
}

double log_radius_max(const ConvergenceNumbers& numbers) {
  require(numbers);
  return 2 * numbers.log_branch_scale + 2 * std::log(numbers.lambda_min) + std::log(numbers.failure_prob) -
         std::log(4.0) - 2 * std::log(numbers.perturbation_constant);
}

double log_d_hidden_for_stability(const ConvergenceNumbers& numbers) {
  require(numbers);
  return std::log(16.0) + 2 * std::log(numbers.trajectory_constant) + 4 * std::log(numbers.perturbation_constant) -
         2 * std::log(numbers.n_layers) - 6 * numbers.log_branch_scale - 6 * std::log(numbers.lambda_min) -
         3 * std::log(numbers.failure_prob);
}

double trajectory_constant(double gradient_bound, double n_data, double expected_initial_loss) {
  require_positive(
      "trajectory constant",
      {{"gradient_bound", gradient_bound}, {"n_data", n_data}, {"expected_initial_loss", expected_initial_loss}});
  return 2 * gradient_bound * std::sqrt(n_data) * std::sqrt(expected_initial_loss);
}

double kernel_drift_bound(const ConvergenceNumbers& numbers, double radius) {
  require(numbers);
  require_non_negative("kernel drift bound", {{"radius", radius}});
  return numbers.perturbation_constant * std::exp(numbers.log_branch_scale) * std::sqrt(radius / numbers.failure_prob);
}

base::EnumNames<Instability> enum_names(Instability) {
  using enum Instability;
  static constexpr std::pair<std::string_view, Instability> kNames[] = {
      {"the weights moved further than radius_max", weights_left_the_ball},
      {"the kernel drifted by more than lambda_min/2", kernel_drifted},
      {"the loss diverged", loss_diverged}};
  return kNames;
}

std::vector<Instability> instabilities(const StabilityObservation& seen) {
  const auto check = [](const std::optional<double>& x, std::string_view name) {
    if (x && std::isnan(*x)) require_non_negative("kernel stability", {{name, *x}});
  };
  check(seen.radius, "radius");
  check(seen.radius_max, "radius_max");
  check(seen.kernel_drift, "kernel_drift");
  check(seen.kernel_lambda_min, "kernel_lambda_min");
  check(seen.initial_loss, "initial_loss");
  if (!(seen.divergence > 1)) throw std::domain_error("kernel stability: expected divergence > 1");

  std::vector<Instability> signs;
  if (seen.radius && seen.radius_max && *seen.radius > *seen.radius_max)
    signs.push_back(Instability::weights_left_the_ball);
  if (seen.kernel_drift && seen.kernel_lambda_min && *seen.kernel_drift > *seen.kernel_lambda_min / 2)
    signs.push_back(Instability::kernel_drifted);
  if (seen.loss &&
      (!std::isfinite(*seen.loss) || (seen.initial_loss && *seen.loss > seen.divergence * *seen.initial_loss)))
    signs.push_back(Instability::loss_diverged);
  return signs;
}

}  // namespace phaselaw::theory
