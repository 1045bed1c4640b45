// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phaselaw/dynamics/sequence_problem.h"

// Leave-one-sequence-out along gradient flow: for every fold a, the flow on the other sequences, evaluated on a,
//
//   f_{-a}(t) = f0_a + H_{a,-a} g_t(H_{-a,-a}) (y - f0)_{-a},   g_t(h) = (1 - exp(-2 h t / n_a)) / h,   n_a = n - |a|
//
// and risk(t) = mean ||y_a - f_{-a}(t)||^2 / R. Two methods give the same answer:
//
// rational  exp(-x) = sum_j A_j / (x + D_j) (rational_exponential.h) makes g_t a sum of ridge regressions,
//             g_t(h) = sum_j b_j / (h + delta_j),   b_j = A_j / D_j,   delta_j = D_j n_a / (2 t),
//           with complex ridges, and each has the closed form of leave_one_out.h:
//             y_a - f_{-a}(t) = sum_j b_j [((H + delta_j)^-1)_aa]^-1 ((H + delta_j)^-1 (y - f0))_a.
//           One eigendecomposition of H serves all folds and times, without refits or iterations, for any t.
//           Error of a prediction, relative to the residual's root mean square: 2e-13 sqrt(x) + 4 eps x with
//           x = 2 t h_max / n_a (the second term is the rounding of H itself, which every method has). Cost: 9 M^3 +
//           24 times * M^2 (R_a + 3) flop in matrix products, R_a rows per fold; memory 3 M^2 numbers.
//           t = infinity (the pseudo-inverse of H_{-a,-a}) has its own exact formula. Eigenvalues of H at or below the
//           noise floor M eps h_max count as zero, and a time that would resolve them as infinity.
// lanczos   All folds together: a Krylov space for each, started at its masked residual. The products of one step are
//           one GEMM H Q (M x folds) with masked rows, with full reorthogonalisation. All times come from the small
//           tridiagonals, each with the a-posteriori estimate |change of the prediction over the last steps|. Cost:
//           2 M^2 folds k + 4 M folds k^2 flop for k steps, k at most about 2 sqrt(2 t h_max / n_a) + 16. Memory:
//           M folds k numbers; folds are processed in groups that fit memory_limit. Needs fewer flop for a few folds,
//           or small t. A fold that has not converged after M/2 steps, and t = infinity, are passed to `rational`.
// automatic the method with the smaller count.
//
// Errors: InputError for a bad problem, n = 1, folds that are no partition, negative times or NaN.
// Source: [R]; rational: Trefethen, Weideman, Schmelzer 2006 [T] for the exponential.
namespace phaselaw::dynamics {

enum class FlowMethod { automatic, rational, lanczos };

struct LeaveOutFlowOptions {
  FlowMethod method = FlowMethod::automatic;
  double tolerance = 1e-10;   // lanczos: tolerance of a prediction, relative to the residual's root mean square
  double memory_limit = 2e9;  // lanczos: bytes of Krylov bases at a time
};

struct LeaveOutFlow {
  std::vector<HeldOutRisk> at;  // one per time, in the order given
  double error_estimate = 0;    // the largest over folds and times, relative to the residual's root mean square
  FlowMethod method = FlowMethod::rational;  // method that was used
  std::int64_t krylov_steps = 0;             // lanczos: the largest dimension
  std::int64_t handed_over = 0;              // lanczos: folds that `rational` finished
};

// Times >= 0 in any order; infinity allowed.
[[nodiscard]] LeaveOutFlow leave_out_flow(const SequenceProblem& problem, std::span<const double> times,
                                          const Folds& folds, const LeaveOutFlowOptions& options = {});
[[nodiscard]] LeaveOutFlow leave_one_out_flow(const SequenceProblem& problem, std::span<const double> times,
                                              const LeaveOutFlowOptions& options = {});

}  // namespace phaselaw::dynamics
