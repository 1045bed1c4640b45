// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "phaselaw/dynamics/leave_one_out_flow.h"

// The two methods of leave_one_out_flow.h, for checked arguments.
namespace phaselaw::dynamics::leave_one_out_methods {

// residuals (times x M): y - f_{-a}(t) on the rows of each of the given folds; other rows are not changed.
void rational(const SequenceProblem& problem, std::span<const double> times,
              std::span<const std::vector<std::int64_t>> folds, numerics::Matrix<double>& residuals);

struct LanczosOutcome {
  double error_estimate = 0;
  std::int64_t steps = 0;
  Folds unfinished;
};

// For finite times only. Rows of unfinished folds are not changed.
[[nodiscard]] LanczosOutcome lanczos(const SequenceProblem& problem, std::span<const double> times, const Folds& folds,
                                     const LeaveOutFlowOptions& options, numerics::Matrix<double>& residuals);

// Krylov dimension at which exp(-x), 0 <= x <= span, is accurate to `tolerance` (an upper bound for smooth spectra).
[[nodiscard]] double expected_krylov_steps(double span, double tolerance);

// A lower estimate of h_max, accurate to a few per cent: 20 steps of the power method.
[[nodiscard]] double rough_largest_eigenvalue(numerics::ConstMatrixView<double> kernel);

}  // namespace phaselaw::dynamics::leave_one_out_methods
