// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "phaselaw/dynamics/closed_form.h"

// Full-batch first-order methods on a fixed kernel, in the eigen-coordinates of ClosedForm. Each is a polynomial of the
// kernel, r_k = p_k(H) r_0 with p_k(0) = 1; L = h_max, mu = h_min (the smallest that is not null), kc = L / mu:
//
//   gradient_descent    f_{k+1} = f_k - (2 step/n) H (f_k - y)                      p_k = (1 - 2 step h/n)^k
//   heavy_ball          the same + momentum (f_k - f_{k-1}), f_{-1} = f_0
//   chebyshev           p_k = T_k((L+mu-2h)/(L-mu)) / T_k((L+mu)/(L-mu)): smallest worst case over [mu, L]
//   conjugate_gradient  p_k = argmin ||p(H) r_0||, p(0) = 1: CG on Loss as a function of the weights (CGLS); no method
//                       with steps in the span of its gradients has a lower Loss after k steps, for this r_0
//
// `counts`: iteration counts, at least 0 and ascending (otherwise InputError); row k of the result belongs to
// counts[k]. outputs() and losses() of ClosedForm and TestOutputs read the result.
// Accuracy: gradient_descent to k eps relative per mode; the others to about k eps ||r_0||. conjugate_gradient loses
// conjugacy by rounding: its Loss may then lag the optimum by some iterations, but it does not rise.
// Cost: gradient_descent M flop per count, whatever its size; the others 6 to 12 M flop per iteration.
// Source: [T] Polyak 1964; Golub and Varga 1961; Saad, Iterative Methods, algorithms 8.4 and 12.1.
// docs/theory/lower-bounds.md.
namespace phaselaw::dynamics {

// InputError unless ascending and at least 0.
void require_counts(std::span<const std::int64_t> counts);

// n / h_max: gradient descent converges iff step < limit. Infinity for the zero kernel.
[[nodiscard]] double step_limit(const ClosedForm& problem);

// n / (h_max + h_min): the step for which the slowest mode decays fastest. Infinity for the zero kernel.
[[nodiscard]] double best_step(const ClosedForm& problem);

// InputError if step is not positive or not below the limit, with the limit.
[[nodiscard]] SpectralPath gradient_descent(const ClosedForm& problem, double step,
                                            std::span<const std::int64_t> counts);

struct HeavyBall {
  double step = 0;      // > 0 and < (1 + momentum) n / h_max
  double momentum = 0;  // in [0, 1)
};

// step = 2 n / (sqrt L + sqrt mu)^2, momentum = ((sqrt kc - 1)/(sqrt kc + 1))^2. std::domain_error unless
// 0 < h_min <= h_max < infinity and n_data >= 1.
[[nodiscard]] HeavyBall optimal_heavy_ball(double h_min, double h_max, std::int64_t n_data);
[[nodiscard]] HeavyBall optimal_heavy_ball(const ClosedForm& problem);  // InputError for the zero kernel

// InputError if step or momentum is outside its range, with the limit.
[[nodiscard]] SpectralPath heavy_ball(const ClosedForm& problem, const HeavyBall& method,
                                      std::span<const std::int64_t> counts);

[[nodiscard]] SpectralPath chebyshev(const ClosedForm& problem, std::span<const std::int64_t> counts);
[[nodiscard]] SpectralPath conjugate_gradient(const ClosedForm& problem, std::span<const std::int64_t> counts);

// The fraction of Loss (without its null part) that remains per iteration in the worst case, to be raised to the power
// k: gradient_descent at best_step has ((kc-1)/(kc+1))^{2k}; chebyshev has 4 q^k/(1 + q^k)^2, q = accelerated, and
// conjugate_gradient the same or less; heavy_ball decays as q^k times a polynomial in k. No span method is faster than
// the order of q^k, the oracle's lower bound. Both are 0 for kc = 1 and for the zero kernel.
struct FirstOrderRates {
  double condition_number = 1;  // h_max / h_min over the modes that are not null
  double gradient_descent = 0;  // ((kc - 1)/(kc + 1))^2
  double accelerated = 0;       // ((sqrt kc - 1)/(sqrt kc + 1))^2
};
[[nodiscard]] FirstOrderRates first_order_rates(const ClosedForm& problem);

}  // namespace phaselaw::dynamics
