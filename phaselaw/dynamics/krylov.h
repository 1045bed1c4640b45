// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/kernel/symmetric_operator.h"
#include "phaselaw/numerics/matrix.h"

// Gradient flow on a kernel that is known only by its action: one Lanczos run serves all times.
//
//   exp(-tau H) v ~ ||v|| Q exp(-tau T) e_1,   g_tau(H) v ~ ||v|| Q g_tau(T) e_1,   g_tau(h) = (1 - exp(-tau h))/h,
//
// Q (size x k) is the Lanczos basis from v with full reorthogonalisation, T = Q^T H Q tridiagonal, beta its next entry.
// Error of the first, for H positive semi-definite, in exact arithmetic:
//
//   ||exp(-tau H) v - approximation|| <= beta ||v|| |e_k^T g_tau(T) e_1|                                     [T]
//
// (variation of constants; e_k^T exp(-s T) e_1 has one sign for all s, so its integral is a bound). The bound for the
// second is integrated once more. The run grows until the bounds of all times meet the tolerance. If the Krylov space
// is invariant (beta at rounding), the result is exact except for rounding.
// Ritz values within size eps h_max count as exactly 0. Rounding adds about size eps, and tau h_max eps to the bounds:
// with tau h_max > 1e6, tolerances below 1e-9 may be met only by an invariant space.
// Steps needed: about sqrt(tau h_max ln(1/tolerance)) for tau h_max > 1 [T].
// Cost: one product and 8 size k flop per iteration; memory (k + 2 times) size doubles.
// Source: [T] Saad 1992; Hochbruck and Lubich 1997; Druskin and Knizhnerman 1989. docs/kernel.md, Matrix-free.
namespace phaselaw::dynamics {

struct KrylovOptions {
  double tolerance = 1e-10;    // > 0; on the bounds relative to ||v|| and to ||g_tau(H) v||
  std::int64_t max_steps = 0;  // number of Lanczos vectors; 0: 1000; at most the size
};

// converged        every bound is within tolerance, or the Krylov space is invariant
// iteration_limit  max_steps reached; the result is the best so far, and `errors` says how accurate it is
// indefinite       a Ritz value is negative by more than rounding: the operator is no kernel; results are empty
// not_finite       v or a product contains NaN or infinity; results are empty
enum class KrylovStatus { converged, iteration_limit, indefinite, not_finite };

struct KrylovExponential {
  numerics::Matrix<double> decayed;       // times x size: exp(-tau H) v
  numerics::Matrix<double> integrated;    // times x size: g_tau(H) v
  std::vector<double> errors;             // bound of ||decayed - exact|| / ||v||
  std::vector<double> integrated_errors;  // bound of ||integrated - exact|| / ||integrated||
  std::int64_t products = 0;
  bool invariant = false;
  KrylovStatus status = KrylovStatus::iteration_limit;
  std::string reason;  // explanation
};

// taus >= 0, ascending, finite: otherwise InputError (for infinity use kernel::conjugate_gradient, or ClosedForm).
// InputError also if v has another length than the operator, or tolerance <= 0.
[[nodiscard]] KrylovExponential krylov_exponential(const kernel::SymmetricOperator& op, std::span<const double> v,
                                                   std::span<const double> taus, const KrylovOptions& options = {});

// The flow of closed_form.h, df/dt = -(2/n) H (f - y): v = f0 - y, tau = 2 t/n.
struct KrylovFlow {
  numerics::Matrix<double> outputs;        // times x rows: f(t)
  numerics::Matrix<double> coefficients;   // times x rows: a(t), with f(x, t) = f0(x) - H(x, X) a(t)
  std::vector<double> losses;              // (1/n) ||f(t) - y||^2
  std::vector<double> errors;              // bound of ||f(t) - exact|| / ||f0 - y||
  std::vector<double> coefficient_errors;  // bound of ||a - exact|| / ||a||
  std::int64_t products = 0;
  KrylovStatus status = KrylovStatus::iteration_limit;
  std::string reason;
};

// `initial` = f0; empty: 0. InputError as above, and if n_data < 1.
[[nodiscard]] KrylovFlow krylov_flow(const kernel::SymmetricOperator& op, std::int64_t n_data,
                                     std::span<const double> targets, std::span<const double> initial,
                                     std::span<const double> times, const KrylovOptions& options = {});

}  // namespace phaselaw::dynamics
