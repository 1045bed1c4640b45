// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/dynamics/omniscient.h"

// The expected risk along gradient flow df/ds = -K (f - y) on n independent rows (K not normalised; f(0) = 0):
//
//   E(d1, d2)       = [ sum_k kappa1 kappa2 w_k^2 / ((lambda_k+kappa1)(lambda_k+kappa2)) + sigma^2 ]
//                     / [ 1 - (1/n) sum_k lambda_k^2 / ((lambda_k+kappa1)(lambda_k+kappa2)) ]      kappa_i of ridge d_i
//   E_train(d1, d2) = d1 d2 / (n^2 kappa1 kappa2) E(d1, d2)
//   E(s)            = sum_ij b_i b_j E(delta_i, delta_j)      flow as a sum of ridges: rational_exponential.h
//
// This is the full-batch dynamical mean-field result at infinite width. The project's flow (2/n_seq) H has s = 2 t /
// n_seq. Assumes independent rows, like omniscient.h, and is too low on transformer kernels for that reason. Accuracy:
// 1e-10 of the formula. The formula itself is accurate to a few per cent at n = 100, except for training risks so late
// that the smallest eigenvalue of the sample dominates (20 % too low at 1e-7 of the start). Cost: per time 12 complex
// effective ridges (about 20 passes over the spectrum each) and 288 sums over it. Errors: std::domain_error for a
// negative or infinite time (use omniscient_ridge with ridge 0) and as there. Source: Bordelon, Atanasov, Pehlevan
// 2024; two-point form [R].
namespace phaselaw::dynamics {

struct FlowRisk {
  double test = 0, train = 0;  // per number, including noise
};

[[nodiscard]] FlowRisk gradient_flow_risk(const Population& population, double n_rows, double time);

}  // namespace phaselaw::dynamics
