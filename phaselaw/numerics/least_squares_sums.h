// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "phaselaw/numerics/least_squares.h"

// The sums over residuals of one step of minimise_small:
//
//   gradient_a = sum_i w_i rho'_i r_i J_ia,   scale_a = sum_i w_i rho'_i J_ia^2,   length = sum_i w_i rho'_i r_i^2,
//   curvature_ab = sum_i c_i w_i rho'_i J_ia J_ib (lower triangle), c_i = 1, or `linear_part` where rho is linear
//
// Rows are summed in chunks of kChunk, and the chunks in their order, so the bits do not depend on the number of
// threads. Cost: n k (k + 3) multiplications and additions, in vectors.
namespace phaselaw::numerics {

class ResidualSums {
 public:
  static constexpr std::size_t kChunk = 16384;
  static constexpr std::size_t kPadding = 16;  // numbers that must be readable behind the Jacobian

  ResidualSums(const LeastSquaresProblem& problem, const LeastSquaresOptions& options)
      : problem_(problem), options_(options), n_robust_(problem.n_residuals - problem.n_plain) {}

  // F of these residuals.
  [[nodiscard]] double cost(std::span<const double> residuals, double delta) const;
  // `jacobian`: n x k and kPadding numbers more. `chunks`: a buffer.
  void add(std::span<const double> residuals, std::span<const double> jacobian, double delta, double linear_part,
           std::vector<LeastSquaresSums>& chunks, LeastSquaresSums& out) const;

 private:
  [[nodiscard]] double weight(std::size_t i) const { return problem_.weights.empty() ? 1 : problem_.weights[i]; }
  // rho and rho' as robust_value gives them, without a square root; whether rho is linear there.
  struct Rho {
    double value = 0, derivative = 1;
    bool linear = false;
  };
  [[nodiscard]] Rho rho(std::size_t i, double r, double delta) const;
  template <std::size_t K, std::size_t bytes>
  static void add_rows(const ResidualSums& of, std::size_t begin, std::size_t end, const double* residuals,
                       const double* jacobian, double delta, double linear_part, LeastSquaresSums& out);
  template <std::size_t K = 1>
  void add_rows_of(std::size_t begin, std::size_t end, const double* residuals, const double* jacobian, double delta,
                   double linear_part, LeastSquaresSums& out) const;
  template <class Turn>
  void for_chunks(const Turn& turn) const;

  const LeastSquaresProblem& problem_;
  const LeastSquaresOptions& options_;
  std::size_t n_robust_;
};

}  // namespace phaselaw::numerics
