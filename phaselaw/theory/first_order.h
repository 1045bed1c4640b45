// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a first-order method can reach in k steps on a quadratic of condition number kc: the oracle lower bound, plain
// gradient descent, and the methods between them (docs/theory/lower-bounds.md).
//
// The residual after k steps is p(H) r_0 with p(0) = 1 and degree k. The spectrum of H lies in [lambda_min,
// lambda_max], kc = lambda_max/lambda_min >= 1, q = (sqrt kc - 1)/(sqrt kc + 1). Worst-case factors of the loss
// ||r_k||^2/||r_0||^2 [T]:
//   oracle (span methods, any dimension > k)      >= q^(2k)                 (Nesterov; the paper's form [S name])
//   Chebyshev, exact minimax over the interval    1/T_k((kc+1)/(kc-1))^2 = (2 q^k/(1 + q^(2k)))^2
//   gradient descent, best constant step          ((kc-1)/(kc+1))^(2k),   step 2/(lambda_min + lambda_max)
// For every k: q^(2k) <= Chebyshev <= gradient descent, and Chebyshev <= 4 q^(2k), so the oracle bound is tight to a
// factor 4. The Chebyshev number is itself a lower bound for every span method, conjugate gradients included: there are
// a spectrum of k + 1 points and a start for which no polynomial of degree k is better. Heavy-ball and conjugate
// gradients have the asymptotic factor q^2 per step.
//
// The condition-number gap is the ratio of the steps of gradient descent to those of an accelerated method at the same
// accuracy: ln q / ln((kc-1)/(kc+1)) = atanh(1/sqrt kc)/atanh(1/kc), which tends to sqrt kc.
//
// Factors are returned as natural logarithms (k may be 1e12). Accuracy 1e-14 relative. Cost: 100 ns. kc = 1: -infinity
// for k > 0, 0 for k = 0. Errors: std::domain_error unless kc >= 1, k >= 0, finite. Source: Nemirovski and Yudin 1983;
// Nesterov 2004, theorem 2.1.13; Saad 2003, section 6.11 [T].
namespace phaselaw::theory {

[[nodiscard]] double gd_factor(double condition_number);           // ((kc-1)/(kc+1))^2: of the loss, per step
[[nodiscard]] double accelerated_factor(double condition_number);  // q^2

[[nodiscard]] double log_oracle_bound(double condition_number, double n_steps);    // of the loss: 2 k ln q
[[nodiscard]] double log_gd_loss(double condition_number, double n_steps);         // 2 k ln((kc-1)/(kc+1))
[[nodiscard]] double log_chebyshev_loss(double condition_number, double n_steps);  // -2 ln T_k

[[nodiscard]] double condition_number_gap(double condition_number);  // >= 1; about sqrt kc

// Steps until the loss is `accuracy` times the initial one, worst case; a real number, to be rounded up.
// 0 < accuracy <= 1.
[[nodiscard]] double oracle_steps(double condition_number, double accuracy);
[[nodiscard]] double gd_steps(double condition_number, double accuracy);
[[nodiscard]] double chebyshev_steps(double condition_number, double accuracy);

// k = C/(M n): the number of full-batch steps for a compute, in the theory's units [S].
[[nodiscard]] double steps_of_compute(double compute, double n_params, double n_data);

// lambda_max(H^(nu)/omega^2) <= trace <= c_lambda n L o B^2 [R]: every diagonal entry of a layer's kernel is of order
// B^2. With lambda_min it bounds kc if lambda_max was not measured; it is usually loose by orders of magnitude.
[[nodiscard]] double log_lambda_max_bound(double n_data, double seq_len, double d_out, double data_bound,
                                          double c_lambda = 1);

}  // namespace phaselaw::theory
