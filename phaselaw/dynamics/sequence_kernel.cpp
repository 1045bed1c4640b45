// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/sequence_kernel.h"

#include "phaselaw/base/errors.h"

namespace phaselaw::dynamics {

using Index = Eigen::Index;
using numerics::Matrix;

SequenceKernel sequence_kernel(numerics::ConstMatrixView<double> matrix, std::int64_t rows_per_sequence) {
  if (rows_per_sequence < 1 || matrix.rows() % rows_per_sequence != 0 || matrix.cols() % rows_per_sequence != 0)
    throw base::InputError(fmt::format("kernel: {} x {} is no whole number of sequences of {} rows", matrix.rows(),
                                       matrix.cols(), rows_per_sequence));
  const auto copy = [matrix, rows_per_sequence](std::span<const std::int64_t> rows,
                                                std::span<const std::int64_t> columns,
                                                numerics::MatrixView<double> block) {
    const Index r = rows_per_sequence;
    for (std::size_t a = 0; a < rows.size(); ++a)
      for (std::size_t b = 0; b < columns.size(); ++b)
        block.block(static_cast<Index>(a) * r, static_cast<Index>(b) * r, r, r) =
            matrix.block(rows[a] * r, columns[b] * r, r, r);
  };
  return {matrix.rows() / rows_per_sequence, matrix.cols() / rows_per_sequence, rows_per_sequence, copy};
}

Matrix<double> block_of(const SequenceKernel& kernel, std::span<const std::int64_t> rows,
                        std::span<const std::int64_t> columns) {
  Matrix<double> block(static_cast<Index>(rows.size()) * kernel.rows_per_sequence,
                       static_cast<Index>(columns.size()) * kernel.rows_per_sequence);
  kernel.block(rows, columns, {block.data(), block.rows(), block.cols()});
  return block;
}

}  // namespace phaselaw::dynamics
