// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "model/random_model.h"
#include "model/scalars.h"

// The passes of a case: by the definition in plain loops, by the fast path in either precision, and by the definition
// on other numbers.
namespace phaselaw::testing {

// Rounding of a chain of `depth` products of inner size <= k grows like depth * sqrt(k) * eps; 200 covers the constants
// of softmax and normalisation at the sizes of random_case (k <= 65, 3 layers).
inline constexpr double kDoubleTolerance = 200 * 9 * 2.3e-16;

inline double dot(const std::vector<double>& x, const std::vector<double>& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

struct Passes {
  std::vector<double> outputs, gradient;  // gradient = J^T cotangent
};

inline Passes reference_passes(const Case& c) {
  Passes p;
  p.gradient.assign(static_cast<std::size_t>(c.table.size()), 0.0);
  auto u = c.cotangent.begin();
  for (std::int64_t s = 0; s < c.n; ++s) {
    const auto sequence = c.sequence<double>(s);
    const auto trace = model::reference::forward(c.options, c.table, c.theta, sequence);
    model::reference::Rows<double> cotangent;
    for (const auto& row : trace.outputs) {
      p.outputs.insert(p.outputs.end(), row.begin(), row.end());
      cotangent.emplace_back(u, u + static_cast<std::ptrdiff_t>(row.size()));
      u += static_cast<std::ptrdiff_t>(row.size());
    }
    model::reference::backward(c.options, c.table, c.theta, sequence, trace, cotangent, p.gradient);
  }
  return p;
}

template <class T>
Passes fast_passes(const Case& c) {
  const std::vector<T> theta(c.theta.begin(), c.theta.end()), vectors(c.vectors.begin(), c.vectors.end()),
      cotangent(c.cotangent.begin(), c.cotangent.end());
  model::Inputs<T> in;
  in.n = c.n;
  c.options.reads_tokens() ? (void)(in.tokens = c.tokens.data()) : (void)(in.vectors = vectors.data());
  const model::Transformer<T> m(c.options);
  typename model::Transformer<T>::Workspace workspace(m, c.n);
  std::vector<T> outputs(static_cast<std::size_t>(c.n * m.outputs_per_sequence())), gradient(theta.size(), T(0));
  m.forward(theta, in, workspace, outputs.data());
  m.backward(theta, in, workspace, cotangent.data(), gradient);
  return {{outputs.begin(), outputs.end()}, {gradient.begin(), gradient.end()}};
}

// J v of all sequences, by dual numbers.
inline std::vector<double> reference_tangent(const Case& c, const std::vector<double>& v) {
  std::vector<Dual> theta;
  for (std::size_t p = 0; p < v.size(); ++p) theta.emplace_back(c.theta[p], v[p]);
  std::vector<double> jv;
  for (std::int64_t s = 0; s < c.n; ++s)
    for (const auto& row : model::reference::forward(c.options, c.table, theta, c.sequence<Dual>(s)).outputs)
      for (const auto& output : row) jv.push_back(output.slope);
  return jv;
}

struct CountedFlop {
  double forward = 0, backward = 0;
};

// Operations of the first sequence's passes, one by one.
inline CountedFlop counted_flop(const Case& c) {
  const std::vector<Counted> theta(c.theta.begin(), c.theta.end());
  const auto sequence = c.sequence<Counted>(0);
  Counted::operations = 0;
  const auto trace = model::reference::forward(c.options, c.table, theta, sequence);
  CountedFlop flop{Counted::operations, 0};
  std::vector<Counted> gradient(theta.size());
  Counted::operations = 0;
  model::reference::backward(c.options, c.table, theta, sequence, trace, trace.outputs, gradient);
  flop.backward = Counted::operations;
  return flop;
}

}  // namespace phaselaw::testing
