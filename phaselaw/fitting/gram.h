// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "phaselaw/fitting/refit.h"

// The linear approximation of a fit at theta: X = diag(sqrt(w)) dr/dtheta, n x k, and the inverse of X^T X, computed from
// columns of unit length. Cost: O(n k^2).
namespace phaselaw::fitting {

class Gram {
 public:
  Gram(const Refitter& refitter, std::span<const double> theta);

  // A column is zero. Columns that are only collinear have a very large variance in one direction (eigenvalues are taken
  // as at least 1e-12), so that quantities in the other directions keep theirs.
  [[nodiscard]] bool singular() const { return inverse_.empty(); }
  // The smallest eigenvalue of X^T X with unit columns; 0 if singular. The columns of coordinates that are no amplitudes
  // are first made orthogonal to those of amplitudes, so that it does not depend on the units of the law's columns: a new
  // unit adds a multiple of an amplitude's column to that of its exponent.
  [[nodiscard]] double smallest_eigenvalue() const { return smallest_; }
  [[nodiscard]] double variance(std::span<const double> c) const;  // c^T (X^T X)^-1 c
  // (X^T X)^-1 c / variance(c): the change of theta that raises c^T theta by 1 at the least cost.
  [[nodiscard]] std::vector<double> direction(std::span<const double> c) const;
  [[nodiscard]] std::vector<double> leverages() const;  // of the rows: diagonal of X (X^T X)^-1 X^T

  [[nodiscard]] std::span<const double> design() const { return design_; }        // X, row-major
  [[nodiscard]] std::span<const double> residuals() const { return residuals_; }  // unweighted
  [[nodiscard]] std::size_t n_rows() const { return residuals_.size(); }
  [[nodiscard]] std::size_t n_coordinates() const { return k_; }

 private:
  std::size_t k_ = 0;
  double smallest_ = 0;
  std::vector<double> design_, residuals_, inverse_;
};

}  // namespace phaselaw::fitting
