// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "phaselaw/kernel/options.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/numerics/matrix.h"

// The definition of the tangent kernel: J by one VJP per output, then J J^T per parameter block. Double, small sizes:
// n L o backward passes and n L o x P numbers. Every algorithm of kernel.h is tested against this.
namespace phaselaw::kernel::reference {

// (n L o) x P with P all parameters; columns of frozen blocks are zero. Rows (sample, token, output coordinate).
inline numerics::Matrix<double> explicit_jacobian(const model::Transformer<double>& model,
                                                  std::span<const double> theta, const model::Inputs<double>& inputs) {
  const std::int64_t outputs = model.outputs_per_sequence(), parameters = model.table().size();
  numerics::Matrix<double> jacobian = numerics::Matrix<double>::Zero(inputs.n * outputs, parameters);
  model::Transformer<double>::Workspace workspace(model, 1);
  std::vector<double> result(static_cast<std::size_t>(outputs)), one_hot(result.size());
  for (std::int64_t a = 0; a < inputs.n; ++a) {
    const model::Inputs<double> one = inputs.part(model.options(), a, 1);
    model.forward(theta, one, workspace, result.data());
    for (std::int64_t i = 0; i < outputs; ++i) {
      one_hot[static_cast<std::size_t>(i)] = 1;
      model.backward(theta, one, workspace, one_hot.data(),
                     {jacobian.row(a * outputs + i).data(), static_cast<std::size_t>(parameters)});
      one_hot[static_cast<std::size_t>(i)] = 0;
    }
  }
  return jacobian;
}

// Sums rows of the Jacobian (or of a kernel, from the left) as `reduce` says.
inline numerics::Matrix<double> reduce_rows(const numerics::Matrix<double>& rows, Reduce reduce, std::int64_t seq_len,
                                            std::int64_t outputs) {
  if (reduce == Reduce::none) return rows;
  const std::int64_t step = reduce == Reduce::coordinates ? outputs : outputs * seq_len;
  numerics::Matrix<double> sums(rows.rows() / step, rows.cols());
  for (std::int64_t r = 0; r < sums.rows(); ++r) sums.row(r) = rows.middleRows(r * step, step).colwise().sum();
  return sums;
}

// sum over the blocks of J_block J'_block^T; `name` picks blocks: "" all, "layers.1" or "encoder.1" a layer,
// "layers.1.attn.q", "embed" (with positions) or "out".
inline numerics::Matrix<double> kernel_of(const model::ParameterTable& table, const numerics::Matrix<double>& rows,
                                          const numerics::Matrix<double>& cols, const std::string& name) {
  numerics::Matrix<double> kernel = numerics::Matrix<double>::Zero(rows.rows(), cols.rows());
  for (const auto& block : table.blocks()) {
    const std::string known = model::is_position(block.kind) ? "embed" : block.name;
    if (!name.empty() && known != name && known.rfind(name + ".", 0) != 0) continue;
    kernel += rows.middleCols(block.offset, block.size()) * cols.middleCols(block.offset, block.size()).transpose();
  }
  return kernel;
}

}  // namespace phaselaw::kernel::reference
