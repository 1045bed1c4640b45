// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "model/passes.h"
#include "phaselaw/kernel/matrix_free.h"
#include "phaselaw/numerics/matrix.h"

// Small models with their explicit Jacobian, for tests of what never forms it.
namespace phaselaw::testing {

inline std::vector<double> random_rows(std::int64_t size, std::uint64_t seed) {
  numerics::RandomStream stream(seed, "test/rows");
  std::vector<double> v(static_cast<std::size_t>(size));
  for (auto& x : v) x = stream.normal();
  return v;
}

inline kernel::TangentOperator<double> operator_of(const Case& c, const kernel::TangentOptions& options = {}) {
  return {c.options, c.theta, c.inputs(), options};
}

// J of all rows, one VJP each, over every parameter.
inline numerics::Matrix<double> explicit_jacobian(const Case& c) {
  const model::Transformer<double> m(c.options);
  model::Transformer<double>::Workspace workspace(m, c.n);
  const auto outputs = fast_forward(c, workspace, m, c.theta);
  numerics::Matrix<double> j =
      numerics::Matrix<double>::Zero(static_cast<Eigen::Index>(outputs.size()), m.table().size());
  for (Eigen::Index row = 0; row < j.rows(); ++row) {
    std::vector<double> unit(outputs.size(), 0.0);
    unit[static_cast<std::size_t>(row)] = 1;
    m.backward(c.theta, c.inputs(), workspace, unit.data(), {j.row(row).data(), static_cast<std::size_t>(j.cols())});
  }
  return j;
}

// The model of the numerical checks: 3 layers, 4 sequences of 6 tokens, width 8.
inline Case checked_model(model::Activation activation, std::int64_t n_layers = 3) {
  Case c;
  c.options.n_layers = n_layers;
  c.options.d_model = 8;
  c.options.d_hidden = 32;
  c.options.seq_len = 6;
  c.options.n_heads = 2;
  c.options.d_head = 4;
  c.options.activation = activation;
  c.n = 4;
  fill(c, 11);
  return c;
}

}  // namespace phaselaw::testing
