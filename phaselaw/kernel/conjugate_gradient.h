// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/kernel/symmetric_operator.h"

// (H + ridge I) x = y by preconditioned conjugate gradients: kernel ridge regression without the kernel matrix.
//
// Stops at ||y - A x|| <= tolerance ||y||, A = H + ridge I. The result is always finite and is the iterate with the
// smallest residual; `status` says how the iteration ended:
//
//   converged        the residual, recomputed from its definition, is within twice the tolerance (or y = 0)
//   iteration_limit  `max_iterations` reached: raise it, or add a ridge or a preconditioner
//   stagnated        no smaller residual in max(50, size) iterations, or the recurrence deviated from the true
//                    residual: rounding limits this system, at about eps cond(A); float products at about 1e-6 cond(A)
//   singular         a direction p with |p^T A p| <= size eps ||A|| ||p||^2: y is not in the range of H; add a ridge
//   indefinite       p^T A p < 0 by more than rounding: A is not positive semi-definite
//   not_finite       y, the operator or the preconditioner returned NaN or infinity
//
// Error of x: ||x - A^-1 y|| <= cond(A) residual ||A^-1 y||. Iterations ~ sqrt(cond)/2 ln(2/tolerance) [T]: the square
// root is the condition-number gap of docs/theory/lower-bounds.md.
// Cost: one product per iteration and one for the last check; 6 vectors of memory.
// Source: [T] Hestenes and Stiefel 1952; Saad, Iterative Methods, algorithm 9.1.
namespace phaselaw::kernel {

using Preconditioner = std::function<void(std::span<const double> residual, std::span<double> solved)>;

struct ConjugateGradientOptions {
  double tolerance = 1e-10;         // relative residual
  std::int64_t max_iterations = 0;  // 0: 10 * size, at least 100
  double ridge = 0;                 // >= 0
  Preconditioner preconditioner;    // z = B r with B symmetric positive definite, about A^-1; empty: identity
};

enum class SolveStatus { converged, iteration_limit, stagnated, singular, indefinite, not_finite };

struct ConjugateGradientResult {
  std::vector<double> x;
  std::vector<double> residuals;  // relative, by the recurrence: entry k after k iterations; entry 0 is 1
  double residual = 1;            // relative, of x, from its definition
  std::int64_t products = 0;
  SolveStatus status = SolveStatus::iteration_limit;
  std::string reason;  // explanation
};

// std::domain_error if y has another length than the operator, tolerance <= 0 or ridge < 0.
[[nodiscard]] ConjugateGradientResult conjugate_gradient(const SymmetricOperator& op, std::span<const double> y,
                                                         const ConjugateGradientOptions& options = {});

}  // namespace phaselaw::kernel
