// SPDX-License-Identifier: Apache-2.0
#pragma once

// Le Cam's two-point lower bound on the excess risk of any estimator (docs/theory/lower-bounds.md).
//
// Two constant targets F+- = +-(s/2) u, ||u|| = 1, at distance s = h xi/sqrt n; n observations with independent
// Gaussian noise of standard deviation xi in each coordinate. Then [T]
//   KL(P+ || P-) = n s^2/(2 xi^2) = h^2/2
//   TV(P+, P-)  <= sqrt(KL/2) = h/2  (Pinsker),     TV = 2 Phi(h/2) - 1 = erf(h/sqrt 8)  exactly
//   sum of the two error probabilities of any test >= 1 - TV, attained by the likelihood ratio
//   worst-case risk max_+- E||Fhat - F+-||^2 >= (s^2/4)(1 - TV)/2 = s^2 (1 - TV)/8
// h = 1 with Pinsker: KL = 1/2, TV <= 1/2, risk >= xi^2/(16 n), the bound named in the paper [S name, T]. With the
// exact TV it is 0.0771 xi^2/n. How tight this is: the best h with the exact TV gives 0.1657 (kBestSeparation); two
// points can never give more than their own minimax risk; a single unknown coordinate has minimax risk xi^2/n.
//
// Units: risk in squared target units. Accuracy: a few eps. Cost: 50 ns; two_point_minimax_risk 20 us.
// Errors: std::domain_error unless noise, n_data and separation are positive and finite. Source: Le Cam 1973; Tsybakov
// 2009, section 2.4 [T].
namespace phaselaw::theory {

struct TwoPointBound {
  double distance = 0;       // s = ||F+ - F-||
  double kl = 0;             // h^2/2
  double tv_pinsker = 0;     // min(1, h/2)
  double tv = 0;             // exact, for Gaussian noise
  double risk_pinsker = 0;   // s^2 (1 - tv_pinsker)/8
  double risk = 0;           // s^2 (1 - tv)/8
  double error_sum_min = 0;  // 1 - tv: smallest sum of the two error probabilities of a test
};
[[nodiscard]] TwoPointBound two_point_bound(double noise, double n_data, double separation = 1);

// Maximiser over h of the bound with the exact TV, h^2 Phi(-h/2)/4 in units of xi^2/n.
inline constexpr double kBestSeparation = 2.3812024967;

// xi^2/(16 n): the constant quoted in every report.
[[nodiscard]] double statistical_lower_bound(double noise, double n_data);

// The smallest worst-case risk over the two points for any estimator: (s^2/4) E[1 - tanh^2(h t/2)], t ~ N(h/2, 1); the
// posterior mean under an equal prior attains it. Above two_point_bound().risk, below s^2/4. Absolute accuracy
// 1e-12 s^2.
[[nodiscard]] double two_point_minimax_risk(double noise, double n_data, double separation = 1);

}  // namespace phaselaw::theory
