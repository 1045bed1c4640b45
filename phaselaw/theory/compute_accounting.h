// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/theory/two_stage.h"

// How the exponent p of the two-stage law is made up, and what it says a compute should be spent on (theory.md section
// 6).
//
//   C = M n T,   M = n^p_M,  data n^p_D,  T = a n^p_T log(n/xi^2)/xi^2,   p = p_M + p_D + p_T                    [R]
//
// v1: (3, 1, 2), forced by p = 6 and the n^3 of Definition 5.2. v3: (4, 1, 2) or (3, 1, 3): a guess, the paper's split
// of p = 7 is not known to us. p_D = 1 always: each step sees all n sequences. The predecessor's split is not known.
// Errors: std::domain_error unless compute, noise and the exponents are positive and finite, p_data 1, and the
// edition's p the sum. Source: [R].
namespace phaselaw::theory {

struct ComputeAccounting {
  double p_model = 3, p_data = 1, p_time = 2;
  [[nodiscard]] double p() const { return p_model + p_data + p_time; }
};

// The splits that an edition allows, the likelier first; empty for "predecessor" and "free".
[[nodiscard]] std::vector<ComputeAccounting> accountings(const std::string& edition);

// What to spend a compute on, in the theory's units: natural logarithms, because M = n^3 grows fast.
// ln M + ln n + ln T = ln C exactly: T takes the constant and the logarithm.
struct LogAllocation {
  double n_params = 0, n_data = 0, n_steps = 0;
};
[[nodiscard]] LogAllocation optimal_allocation(const Edition& edition, const ComputeAccounting& accounting,
                                               double compute, double noise);

}  // namespace phaselaw::theory
