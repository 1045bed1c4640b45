// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "phaselaw/dynamics/sequence_problem.h"

// Risk estimates from the training kernel that treat its M rows as independent:
//
//   GCV            (1/M) ||ridge A^-1 r||^2 / ((ridge/M) tr A^-1)^2              A = H + ridge I, r = y - f0
//   leave-one-row  (1/M) sum_k ( (A^-1 r)_k / (A^-1)_kk )^2
//
// The rows of one sequence are *not* independent (they share the sequence and, in a causal model, its prefix). On
// transformer kernels both estimates are too low, by 15 to 40 % (docs/dynamics.md, Risk estimates; measured again in
// the tests). `leave_one_out.h` is the reliable estimate; these are given for comparison.
// Cost: O(M) for GCV and O(M^2) for the other, given the eigensystem. Accuracy: cond(A) eps.
// Errors: InputError if A is singular (ridge at or below the noise floor of a singular H).
// Source: Craven and Wahba 1979; Wei, Hu, Steinhardt 2022 [T].
namespace phaselaw::dynamics {

struct RowEstimates {
  double train = 0;              // (1/M) ||r - H A^-1 r||^2
  double gcv = 0;                // assumes independent rows
  double leave_one_row_out = 0;  // assumes independent rows
};

// system: that of the training kernel; residual: r, M numbers; ridge > 0, or 0 if H is not singular.
[[nodiscard]] RowEstimates row_estimates(const EigenSystem& system, std::span<const double> residual, double ridge);

// The ridge equivalent to a flow of (2/n) H at time t: n / (2 t). t = 0: infinity.
[[nodiscard]] double equivalent_ridge(std::int64_t n_sequences, double time);

}  // namespace phaselaw::dynamics
