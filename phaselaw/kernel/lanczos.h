// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/kernel/symmetric_operator.h"

// The largest eigenvalues of a symmetric operator: implicitly restarted Lanczos with full reorthogonalisation (Spectra).
//
//   H v_i = lambda_i v_i,     residual_i = ||H v_i - lambda_i v_i||_2,  computed with one more product each
//
// Some eigenvalue of H lies within residual_i of values[i] (Weyl) [T]; for the largest ones of a kernel the error is
// residual^2 / gap. A multiple eigenvalue may be found fewer times than it occurs. The smallest eigenvalues converge
// slowly and would certify nothing about positive definiteness: use spectrum.h for them.
// Cost: `products` products and 4 size subspace^2 flop a restart; memory size (subspace + count) doubles, with
// subspace = max(2 count + 10, 30). Operators of size <= 64, and count near the size, are done densely with `size`
// products. Source: [T].
namespace phaselaw::kernel {

struct LanczosOptions {
  std::int64_t count = 10;      // eigenvalues wanted; at most the size
  std::int64_t restarts = 200;  // then status `iteration_limit`
  double tolerance = 1e-10;     // on the residual, relative to the largest |eigenvalue| seen
  std::uint64_t seed = 0;       // of the start vector
};

// converged            every residual is within tolerance
// iteration_limit      Lanczos was still improving: raise `restarts`
// limited_by_rounding  Lanczos believes it converged, the recomputed residuals do not reach the tolerance: the operator
//                      is computed too coarsely for it (float products: about 1e-6 of the largest)
// not_finite           the operator returned NaN or infinity; values are empty
enum class LanczosStatus { converged, iteration_limit, limited_by_rounding, not_finite };

struct LargestEigenvalues {
  std::vector<double> values;        // descending
  std::vector<double> residuals;     // beside them
  numerics::Matrix<double> vectors;  // row i is v_i
  std::int64_t products = 0, restarts = 0;
  LanczosStatus status = LanczosStatus::iteration_limit;
  std::string reason;
};

// std::domain_error when count < 1 or the operator is empty.
[[nodiscard]] LargestEigenvalues largest_eigenvalues(const SymmetricOperator& op, const LanczosOptions& options = {});

}  // namespace phaselaw::kernel
