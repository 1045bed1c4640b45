// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/base/team.h"

// Robust non-linear least squares with bounds, small and dense.
//
//   minimise  F(p) = 1/2 sum_i w_i rho( r_i(p)^2 )   subject to  lower_j <= p_j <= upper_j
//
//   rho(s):  none   s
//            huber  s for s <= delta^2, else 2 delta sqrt(s) - delta^2
//            absolute  2 sqrt(s), so that F is sum_i w_i |r_i|; s/delta + delta for s <= delta^2, which is smooth at 0
//                      (l1_fit.h finds the minimum without that)
//
// The last n_plain residuals are plain squares under every loss, for a penalty or a prior beside robust rows.
//
// Single-threaded and deterministic. Cost per iteration: a call or two of `evaluate` and O(n_residuals n_parameters^2).
// If the solver does not converge, the status says so. An inconsistent problem (sizes, bounds crossed) is an error of
// the caller: PHASELAW_CHECK.
namespace phaselaw::numerics {

enum class RobustLoss { none, huber, absolute };

struct LeastSquaresProblem {
  std::size_t n_parameters = 0;
  std::size_t n_residuals = 0;
  std::size_t n_plain = 0;  // <= n_residuals: how many residuals at the end have rho(s) = s, whatever the loss

  // Fills residuals (n_residuals) and, unless the span is empty, the Jacobian (n_residuals x n_parameters, row-major).
  // Returns false if the residuals are not defined; the solver then shortens its step.
  std::function<bool(std::span<const double> parameters, std::span<double> residuals, std::span<double> jacobian)>
      evaluate;

  std::vector<double> lower, upper;  // empty: unbounded; +-infinity: no bound on that side
  std::vector<double> weights;       // w_i >= 0; empty: all 1
  base::Team* team = nullptr;        // minimise_small: threads that share the sums over many residuals; may be null
};

struct LeastSquaresOptions {
  RobustLoss loss = RobustLoss::none;
  double delta = 1e-3;       // > 0; where the robust losses change from squares to absolute values, in units of r
  int max_iterations = 300;  // >= 1
  double function_tolerance = 1e-14;  // minimise: relative change of F; > 0
  double gradient_tolerance = 1e-9;   // on gradient_norm below; > 0
  double step_tolerance = 1e-12;      // relative length of a step; > 0
  // minimise_small: converged also where an undamped step predicts a decrease of F of at most this, in units of F; 0:
  // never. For refits of which only F is needed, and not to more digits than a statistic has.
  double decrease_tolerance = 0;
  // The first damping, relative to the squared columns of the Jacobian; >= 0. A start that is near the minimum needs fewer
  // steps with a small one, because the flat directions are then not held back.
  double first_damping = 1e-3;
  bool from_afar = true;  // minimise_small: approach a robust loss from wide delta; not for a warm start
  bool polish = false;    // minimise_small: end with Newton steps that lower the gradient, beyond what F can resolve
};

enum class LeastSquaresStatus {
  converged,       // gradient_norm <= gradient_tolerance, or no further decrease is possible in double
  max_iterations,  // the iterations were used up; parameters are the best found
  failed,          // not defined at the start, or no step could be taken
};
[[nodiscard]] base::EnumNames<LeastSquaresStatus> enum_names(LeastSquaresStatus);

struct LeastSquaresResult {
  std::vector<double> parameters;
  double cost = 0;           // F
  double gradient_norm = 0;  // max_j |cos(angle between column j of the weighted Jacobian and the weighted residual)|,
                             // 0 for a coordinate at its bound (within 1e-9); scale-free, in [0, 1]
  double jacobian_condition = 0;  // of the weighted Jacobian with unit columns (2-norm); infinity if singular
  int iterations = 0;
  LeastSquaresStatus status = LeastSquaresStatus::failed;
  std::string message;  // the reason as text
};

// Levenberg-Marquardt by QR decompositions on the residuals sign(r) sqrt(w rho(r^2)); half their sum of squares is
// exactly F (least_squares_qr.h). If its scaled gradient stays above the tolerance, minimise_small continues from its
// result. The number of parameters is not limited.
[[nodiscard]] LeastSquaresResult minimise(const LeastSquaresProblem& problem, std::span<const double> start,
                                          const LeastSquaresOptions& options = {});

// cost, gradient_norm and jacobian_condition at `parameters`; status is converged, or failed where the residuals are not
// defined. Cost: one evaluation, and a QR decomposition of the Jacobian.
[[nodiscard]] LeastSquaresResult measure_optimum(const LeastSquaresProblem& problem, std::span<const double> parameters,
                                                 const LeastSquaresOptions& options);

inline constexpr std::size_t kMaxSmallParameters = 16;

// Sums over residuals (least_squares_sums.h).
struct LeastSquaresSums {
  std::array<double, kMaxSmallParameters> gradient{}, scale{};
  std::array<double, kMaxSmallParameters * kMaxSmallParameters> curvature{};  // row-major, n_parameters columns
  double length = 0;
};

// Buffers of minimise_small, to be reused between calls.
struct LeastSquaresWorkspace {
  std::vector<double> residuals, trial_residuals, jacobian, trial_jacobian, factor, vectors;
  std::vector<LeastSquaresSums> chunks;
};

// The same minimum for at most kMaxSmallParameters parameters, without set-up cost: for the thousands of refits of a
// bootstrap and for multi-start. Levenberg-Marquardt in plain loops. The robust losses are approached from wide to
// narrow delta, because an almost linear loss has almost no curvature for a solver to follow. jacobian_condition and
// message are left empty. Allocates nothing except the result, once the workspace has grown.
[[nodiscard]] LeastSquaresResult minimise_small(const LeastSquaresProblem& problem, std::span<const double> start,
                                                const LeastSquaresOptions& options, LeastSquaresWorkspace& workspace);

// rho(r^2) of the loss above; half of it is what one residual adds to F.
[[nodiscard]] double robust_loss(double residual, RobustLoss loss, double delta);

// rho(s) and rho'(s).
struct RobustValue {
  double value = 0, derivative = 1;
};
[[nodiscard]] RobustValue robust_value(double s, RobustLoss loss, double delta);

}  // namespace phaselaw::numerics
