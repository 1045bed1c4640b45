// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "phaselaw/base/fields.h"

// Convergence in the lazy regime: the rate, how far the weights move, and how far they may move
// (docs/theory/convergence.md).
//
//   alpha  = 2 N omega^2 lambda / n,   Loss(t) <= exp(-alpha t) Loss(0)      Lemma 5.3 [R]
//   R_traj = A / (N omega lambda sqrt(delta m))                              distance that the weights move [R]
//   ||H(t) - H(0)|| <= K omega sqrt(R / delta)                               effect of a distance R on a kernel [R]
//   R_max  = omega^2 lambda^2 delta / (4 K^2)                                largest R that keeps it definite [R]
//   R_traj <= R_max  <=>  m >= 16 A^2 K^4 / (N^2 omega^6 lambda^6 delta^3)   Definition 5.2 in N, omega, lambda,
//                                                                            delta [R]; its n, L, d are in A, K
// Loss = (1/n) ||F - Y||_F^2. A is `trajectory_constant` and K `perturbation_constant`, 1 unless known;
// docs/theory/convergence.md gives their contents. Computed in logarithms, so nothing overflows before the result does.
//
// Accuracy: 16 eps times the sum of the logarithms' magnitudes. Cost: 100 ns. Errors: std::domain_error unless every
// number is positive and finite and failure_prob < 1. Source: Yang, arXiv 2512.22088, Lemma 5.3 ff., reconstructed [R].
namespace phaselaw::theory {

struct ConvergenceNumbers {
  double n_layers = 1, n_data = 1;
  double log_branch_scale = 0;  // ln omega
  double lambda_min = 1;        // without omega^2
  double failure_prob = 0.05;
  double trajectory_constant = 1;    // A
  double perturbation_constant = 1;  // K
};

[[nodiscard]] double log_rate(const ConvergenceNumbers& numbers);  // ln alpha, alpha per unit of gradient-flow time
[[nodiscard]] double rate(const ConvergenceNumbers& numbers);

// The other reading of "the rate grows exponentially with depth" [S1; formula R]: the gradient of layer nu passes
// N - nu layers, and each multiplies it by 1 + c. Then N in alpha becomes S(N, c) = sum_nu (1 + c)^(2 (N - nu)) for
// nu = 1 .. N. S(N, 0) = N. depth_growth c > -1.
[[nodiscard]] double log_depth_sum(double n_layers, double depth_growth);
[[nodiscard]] double log_rate_with_growth(const ConvergenceNumbers& numbers, double depth_growth);

// Loss(0) exp(-alpha t). initial_loss >= 0, rate >= 0, time >= 0.
[[nodiscard]] double loss_bound(double initial_loss, double rate, double time);

[[nodiscard]] double log_trajectory_radius(const ConvergenceNumbers& numbers, double log_d_hidden);  // ln R_traj
[[nodiscard]] double log_radius_max(const ConvergenceNumbers& numbers);                              // ln R_max
// ln of the m for which R_traj = R_max: log_trajectory_radius(m) <= log_radius_max  <=>  ln m >= this.
[[nodiscard]] double log_d_hidden_for_stability(const ConvergenceNumbers& numbers);

// A = 2 G sqrt(n E0), where G bounds the derivative of the outputs by one hidden unit's weights, ||df/dw_r|| <= omega G
// / sqrt m, and E0 the expected initial loss; Markov's inequality turns E0 into E0/delta [R].
[[nodiscard]] double trajectory_constant(double gradient_bound, double n_data, double expected_initial_loss);

// ||H(t) - H(0)|| <= K omega sqrt(R/delta); radius >= 0.
[[nodiscard]] double kernel_drift_bound(const ConvergenceNumbers& numbers, double radius);

// Kernel instability, the paper's failure signature [S]: the weights moved further than R_max,
//   ||H(t) - H(0)|| > lambda_min(H(0))/2, or the loss diverges.
// Unset observations were not made. A NaN or infinite loss counts as diverged; NaN elsewhere is a std::domain_error.
// The kernel numbers are as measured, omega^2 included.
struct StabilityObservation {
  std::optional<double> radius = {}, radius_max = {};
  std::optional<double> kernel_drift = {}, kernel_lambda_min = {};
  std::optional<double> loss = {}, initial_loss = {};  // diverged: loss > divergence initial_loss
  double divergence = 2;                               // > 1; below the edge of stability the loss never doubles
};
enum class Instability { weights_left_the_ball, kernel_drifted, loss_diverged };
[[nodiscard]] base::EnumNames<Instability> enum_names(Instability);
// The signs that are present; empty if the kernel is stable in all observations.
[[nodiscard]] std::vector<Instability> instabilities(const StabilityObservation& seen);

}  // namespace phaselaw::theory
