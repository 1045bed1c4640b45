// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "phaselaw/dynamics/sequence_problem.h"

// The test risk of kernel ridge regression from its training data: leave-one-sequence-out in closed form.
//
//   A = H + ridge I,  alpha = A^-1 (y - f0);   [(A^-1)_aa] e_a = alpha_a   for each fold a;   risk = mean ||e_a||^2 / R
//
// e_a is exactly y_a - f_{-a} on a, where f_{-a} is fitted (with the same ridge) to the other sequences. It needs no
// refit and no assumption of independent rows. It estimates the risk at n - |a| sequences.
// Accuracy: about cond(A) eps. Cost: M^3 flop (Cholesky and inverse) + sum over folds of (|a| R)^3; memory M^2 numbers.
// Errors: InputError for a bad problem, n = 1, a negative ridge, and a ridge too small for a singular H (with a
// sufficient one). Source: [T] block form of the leave-one-out identity of ridge regression; docs/dynamics.md, Risk
// estimates.
namespace phaselaw::dynamics {

[[nodiscard]] HeldOutRisk leave_out_ridge(const SequenceProblem& problem, double ridge, const Folds& folds);
[[nodiscard]] HeldOutRisk leave_one_out_ridge(const SequenceProblem& problem, double ridge);

}  // namespace phaselaw::dynamics
