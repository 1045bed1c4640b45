// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "phaselaw/model/backward_plan.h"
#include "phaselaw/model/options.h"
#include "phaselaw/model/parameters.h"
#include "phaselaw/model/reference/attention_branch.h"
#include "phaselaw/model/reference/mlp_branch.h"
#include "phaselaw/model/reference/parts.h"

// The definition of the model: one sequence, plain loops, any scalar S with + - * / sqrt exp tanh (double; a dual
// number for derivatives; a counting number for FLOP). Slow on purpose: every fast path is tested against this one.
// Equations: model/options.h. theta is the flat buffer of parameters.h.
namespace phaselaw::model::reference {

template <class S>
struct Sequence {
  Rows<S> vectors;                   // seq_len x d_model, or
  std::vector<std::int32_t> tokens;  // seq_len
};

template <class S>
struct Trace {
  std::vector<AttentionTrace<S>> attention;  // of each layer
  std::vector<MlpTrace<S>> mlp;
  Rows<S> x;            // last stream
  Normalised<S> final;  // token readout
  Rows<S> outputs;      // seq_len x d_out: kappa G
};

// The stream that enters the first layer.
template <class S>
Rows<S> read_in(const ModelOptions& o, const ParameterTable& table, const std::vector<S>& theta,
                const Sequence<S>& input) {
  if (!o.reads_tokens()) return input.vectors;
  const auto& embed = table.at(BlockKind::embed);
  const auto* const position = table.find(BlockKind::position);
  Rows<S> x = zeros<S>(o.seq_len, o.d_model);
  for (std::size_t t = 0; t < x.size(); ++t)
    for (std::size_t i = 0; i < x[t].size(); ++i) {
      x[t][i] = theta[static_cast<std::size_t>(embed.offset + input.tokens[t] * o.d_model) + i];
      if (position != nullptr)
        x[t][i] = x[t][i] + theta[static_cast<std::size_t>(position->offset) + t * x[t].size() + i];
    }
  return x;
}

template <class S>
void read_in_backward(const ModelOptions& o, const ParameterTable& table, const Sequence<S>& input, const Rows<S>& dx,
                      std::vector<S>& gradient) {
  const auto& embed = table.at(BlockKind::embed);
  const auto* const position = table.find(BlockKind::position);
  for (std::size_t t = 0; t < dx.size(); ++t)
    for (std::size_t i = 0; i < dx[t].size(); ++i) {
      S& e = gradient[static_cast<std::size_t>(embed.offset + input.tokens[t] * o.d_model) + i];
      e = e + dx[t][i];
      if (position == nullptr) continue;
      S& p = gradient[static_cast<std::size_t>(position->offset) + t * dx[t].size() + i];
      p = p + dx[t][i];
    }
}

// The outputs of the last stream, trace.x.
template <class S>
void read_out(const ModelOptions& o, const ParameterTable& table, const std::vector<S>& theta, Trace<S>& trace) {
  if (o.readout == Readout::identity) {
    trace.outputs = trace.x;
    for (auto& row : trace.outputs)
      for (auto& entry : row) entry = S(o.output_scale) * entry;
    return;
  }
  if (o.readout == Readout::tokens)
    trace.final =
        normalise(o, theta, table.find(BlockKind::final_norm_gain), table.find(BlockKind::final_norm_bias), trace.x);
  trace.outputs = product(theta, *table.readout(), o.output_scale * table.readout_multiplier(),
                          o.readout == Readout::tokens ? trace.final.h : trace.x);
}

// The cotangent of the last stream; zero where the plan does not want it.
template <class S>
Rows<S> read_out_backward(const ModelOptions& o, const ParameterTable& table, const std::vector<S>& theta,
                          const BackwardPlan& plan, const Trace<S>& trace, const Rows<S>& cotangent,
                          std::vector<S>& gradient) {
  Rows<S> dx = zeros<S>(o.seq_len, o.d_model);
  if (o.readout == Readout::identity) {
    for (std::size_t t = 0; t < dx.size(); ++t)
      for (std::size_t i = 0; i < dx[t].size(); ++i) dx[t][i] = S(o.output_scale) * cotangent[t][i];
    return dx;
  }
  const ParameterBlock& out = *table.readout();
  const double scale = o.output_scale * table.readout_multiplier();
  const bool normalised = o.readout == Readout::tokens;
  if (plan.out) weight_gradient(out, scale, cotangent, normalised ? trace.final.h : trace.x, gradient);
  if (!plan.normal) return dx;
  const Rows<S> dh = product_backward(theta, out, scale, cotangent);
  if (!normalised) return dh;
  const LayerMaps<S> maps{table, theta, -1};
  maps.norm_backward(o, BlockKind::final_norm_gain, BlockKind::final_norm_bias, plan.wanted, plan.stream, trace.final,
                     dh, dx, gradient);
  return dx;
}

template <class S>
Trace<S> forward(const ModelOptions& o, const ParameterTable& table, const std::vector<S>& theta,
                 const Sequence<S>& input) {
  Trace<S> trace;
  trace.x = read_in(o, table, theta, input);
  for (std::int64_t layer = 0; layer < o.n_layers; ++layer) {
    const LayerMaps<S> maps{table, theta, layer};
    trace.attention.push_back(attention_forward(o, maps, trace.x));
    trace.mlp.push_back(mlp_forward(o, maps, trace.x));
  }
  read_out(o, table, theta, trace);
  return trace;
}

// gradient += J(theta)^T cotangent (seq_len x d_out) for the trainable blocks.
template <class S>
void backward(const ModelOptions& o, const ParameterTable& table, const std::vector<S>& theta, const Sequence<S>& input,
              const Trace<S>& trace, const Rows<S>& cotangent, std::vector<S>& gradient) {
  const BackwardPlan plan(table);
  Rows<S> dx = read_out_backward(o, table, theta, plan, trace, cotangent, gradient);
  for (std::int64_t layer = o.n_layers - 1; layer >= 0; --layer) {
    const LayerMaps<S> maps{table, theta, layer};
    const auto at = static_cast<std::size_t>(layer);
    mlp_backward(o, maps, plan.layers[at], trace.mlp[at], dx, gradient);
    attention_backward(o, maps, plan.layers[at], trace.attention[at], dx, gradient);
  }
  if (plan.embed) read_in_backward(o, table, input, dx, gradient);
}

}  // namespace phaselaw::model::reference
