// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "model/random_model.h"
#include "phaselaw/dynamics/full_batch.h"
#include "phaselaw/kernel/kernel.h"

// Small models with data for the flows and for the lazy and rich measurements.
namespace phaselaw::testing {

struct FlowCase : Case {
  std::vector<double> targets;            // squared loss
  std::vector<std::int32_t> next_tokens;  // cross-entropy
  [[nodiscard]] dynamics::FlowData data() const { return {inputs(), targets, next_tokens}; }
};

inline FlowCase flow_case(model::ModelOptions options, std::int64_t n, std::uint64_t seed) {
  FlowCase c;
  c.options = std::move(options);
  c.n = n;
  fill(c, seed);
  numerics::RandomStream stream(seed, "test/targets");
  if (c.options.reads_tokens()) {
    for (std::int64_t i = 0; i < n * c.options.seq_len; ++i)
      c.next_tokens.push_back(static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(c.options.vocab))));
  } else {
    c.targets.resize(static_cast<std::size_t>(n * c.options.seq_len * c.options.outputs()));
    for (double& y : c.targets) y = stream.normal();
  }
  return c;
}

inline model::ModelOptions small_options(std::int64_t n_layers = 2, std::int64_t d_hidden = 16) {
  model::ModelOptions o;
  o.n_layers = n_layers;
  o.seq_len = 3;
  o.d_model = 8;
  o.d_hidden = d_hidden;
  o.n_heads = 2;
  o.d_head = 4;
  o.activation = model::Activation::tanh;
  return o;
}

inline model::ModelOptions token_options() {
  model::ModelOptions o = small_options();
  o.readout = model::Readout::tokens;
  o.vocab = 5;
  return o;
}

inline std::vector<double> outputs_of(const FlowCase& c, const std::vector<double>& theta) {
  const model::Transformer<double> m(c.options);
  model::Transformer<double>::Workspace workspace(m, c.n);
  return fast_forward(c, workspace, m, theta);
}

inline numerics::Matrix<double> kernel_of(const FlowCase& c, const std::vector<double>& theta) {
  const model::Transformer<double> m(c.options);
  return kernel::dense_kernel<double>(m, theta, c.inputs()).total;
}

// Targets at distance `residual` (in the norm of one standard normal number an output) from the start: y = F(theta_0)
// + residual * noise.
inline void targets_near_start(FlowCase& c, double residual) {
  numerics::RandomStream stream(77, "test/residual");
  c.targets = outputs_of(c, c.theta);
  for (double& y : c.targets) y += residual * stream.normal();
}

}  // namespace phaselaw::testing
