// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "phaselaw/numerics/least_squares.h"

// A robust problem as a plain one, with the loss and the weights folded into the residuals:
//
//   u_i = sign(r_i) sqrt(w_i rho(r_i^2)),   du_i/dp = sqrt(w_i / rho) rho' |r_i| dr_i/dp,   F = 1/2 |u|^2
//
// Where rho is linear, the Gauss-Newton matrix of u has half the curvature that iteratively reweighted least squares
// assigns to a residual.
namespace phaselaw::numerics {

class FoldedResiduals {
 public:
  FoldedResiduals(const LeastSquaresProblem& problem, const LeastSquaresOptions& options)
      : problem_(problem), options_(options) {}

  [[nodiscard]] const LeastSquaresProblem& problem() const { return problem_; }

  // Fills u (n_residuals) and its Jacobian (n_residuals x n_parameters, row-major). False if a residual is not defined.
  [[nodiscard]] bool evaluate(std::span<const double> parameters, std::span<double> u,
                              std::span<double> jacobian) const;

 private:
  const LeastSquaresProblem& problem_;
  const LeastSquaresOptions& options_;
};

}  // namespace phaselaw::numerics
