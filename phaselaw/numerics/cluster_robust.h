// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

// The variance of linear combinations of least-squares coefficients when the noise is uneven or shared within clusters.
//
// b = (X'X)^-1 X'y for a design X (n x q), and a contrast c'b. With the leverage H_g = X_g (X'X)^-1 X_g' of cluster g and
// the residuals e = y - X b:
//
//   model_variance  c'(X'X)^-1 c; times the variance of the noise it is the variance for even, independent noise
//   cr2             sum_g (c'(X'X)^-1 X_g' (I - H_g)^(-1/2) e_g)^2; unbiased if the noise is even and independent
//   cr3             the same with (I - H_g)^(-1), which is close to the jackknife over clusters and errs upwards
//   dof             (tr M)^2/tr(M M) of M = E'E, where column g of E is the linear form in y that is squared in the term g of cr2.
//                   c'b/sqrt(cr2) is compared with Student's t at these degrees of freedom
//
// Single rows as clusters give HC2 and HC3. A cluster that determines a direction alone has an eigenvalue 1 of H_g and a
// residual of 0 in that direction: the power of I - H_g is then the pseudo-inverse. If such a direction matters, the
// variance errs downwards, and dof is small.
//
// Columns are scaled to unit length, and the basis is made orthonormal twice, so that results do not depend on units; their
// relative error is about n eps/sqrt(smallest_eigenvalue()).
// Cost: O(n q^2) once, and O(n q + G q^2) for each contrast with G clusters, whatever their sizes; memory 3 n q numbers.
// Errors: std::domain_error for sizes that do not agree, values that are not finite, and clusters that do not contain every
// row once.
// Source: [T] Bell and McCaffrey 2002, Pustejovsky and Tipton 2018; HC2 and HC3: MacKinnon and White 1985.
namespace phaselaw::numerics {

class ClusterRobust {
 public:
  // `design` is n x q, row-major, already multiplied by the square roots of the weights. `clusters` empty: each row is its
  // own cluster.
  ClusterRobust(std::span<const double> design, std::size_t n, std::size_t q,
                const std::vector<std::vector<std::size_t>>& clusters);

  // A column is zero, or the smallest eigenvalue is within rounding of 0. Contrasts are then NaN.
  [[nodiscard]] bool singular() const { return singular_; }
  // Of X'X with columns of unit length; between 0 and 1.
  [[nodiscard]] double smallest_eigenvalue() const { return smallest_; }

  struct Contrast {
    double model_variance = 0, cr2 = 0, cr3 = 0;
    double dof = 0;  // 0 if no cluster leaves a residual to judge by
  };
  // `c` has q values, `residuals` n, weighted as the design.
  [[nodiscard]] Contrast contrast(std::span<const double> c, std::span<const double> residuals) const;

 private:
  void orthonormalise(std::span<const double> design);
  void factor_clusters(const std::vector<std::vector<std::size_t>>& clusters);

  std::size_t n_, q_;
  bool singular_ = false;
  double smallest_ = 0;
  std::vector<double> basis_;               // n x q, row-major: orthonormal columns Q = X transform
  std::vector<double> transform_;           // q x q, row-major
  std::vector<std::size_t> rows_, offset_;  // of the clusters, one after the other; both empty: single rows
  // X_g in orthonormal coordinates as Q_g = V P with orthonormal columns of V: P has orthogonal rows (min(rows, q) x q),
  // and their squared lengths are the eigenvalues of H_g. Empty for single rows, where P is the row of the basis.
  std::vector<double> factor_;
  std::vector<std::size_t> factor_offset_;
};

}  // namespace phaselaw::numerics
