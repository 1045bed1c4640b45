// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "phaselaw/numerics/matrix.h"

// A tangent kernel between two lists of sequences, accessed by blocks of sequences: an existing matrix, or a callback
// that computes the requested block.
namespace phaselaw::dynamics {

// `block` writes H(rows, columns), |rows| R x |columns| R, for lists of sequence indices. The objects that it refers to
// must outlive it. Symmetric if both sides are the same pool.
struct SequenceKernel {
  std::int64_t n_rows = 0, n_columns = 0;  // number of sequences on either side
  std::int64_t rows_per_sequence = 1;
  std::function<void(std::span<const std::int64_t> rows, std::span<const std::int64_t> columns,
                     numerics::MatrixView<double> block)>
      block;
};
// A view of an existing matrix. InputError if its sides are no multiples of R.
[[nodiscard]] SequenceKernel sequence_kernel(numerics::ConstMatrixView<double> matrix, std::int64_t rows_per_sequence);

// H(rows, columns) as a matrix.
[[nodiscard]] numerics::Matrix<double> block_of(const SequenceKernel& kernel, std::span<const std::int64_t> rows,
                                                std::span<const std::int64_t> columns);

}  // namespace phaselaw::dynamics
