// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "phaselaw/fitting/fit.h"

// The least-squares fit of a law beside a given fit, and the tangent space of the law there, for tests of its residuals.
//
//   e_i = f_i (ln L_i - ln L(x_i; theta)),   f_i = sqrt(w_i) s_i,   minimal in squares over theta, started at the fit
//
// w_i and s_i are the weights and scales of the objective (options.h); if the objective is of the loss itself, f_i also
// contains L(x_i; theta). Rows without weight are left out. The columns of the Jacobian of coordinates at a bound are left
// out, because the fit cannot move along them; the basis spans the others, without directions that are numerically zero.
// Cost: a warm refit, and O(n p^2). Source: [T].
namespace phaselaw::fitting {

struct TangentSpace {
  std::size_t rank = 0;
  std::vector<std::size_t> rows;  // of the data, those with weight
  std::vector<double> factor;     // f_i: a change of ln L_i by x changes e_i by f_i x
  std::vector<double> residual;   // e_i without what is left of them in the tangent space
  std::vector<double> basis;      // n x rank, row-major, orthonormal: the weighted Jacobian
  double squares = 0;             // sum e_i^2

  [[nodiscard]] std::size_t n_rows() const { return rows.size(); }
  [[nodiscard]] double residual_dof() const { return static_cast<double>(rows.size()) - static_cast<double>(rank); }
  [[nodiscard]] double leverage(std::size_t i) const;
  // Takes the part in the tangent space away from a column with one value for each row, already times f_i.
  void project_out(std::vector<double>& column) const;
};

// std::nullopt if the fit has no optimum or the law is not defined beside it.
[[nodiscard]] std::optional<TangentSpace> tangent_space(const Fit& fit, const tables::Measurements& data,
                                                        const FitOptions& options);

}  // namespace phaselaw::fitting
