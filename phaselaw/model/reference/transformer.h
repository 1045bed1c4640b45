// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "phaselaw/model/backward_plan.h"
#include "phaselaw/model/options.h"
#include "phaselaw/model/parameters.h"
#include "phaselaw/model/reference/attention_branch.h"
#include "phaselaw/model/reference/cross_branch.h"
#include "phaselaw/model/reference/mlp_branch.h"
#include "phaselaw/model/reference/parts.h"

// The definition of the model: one sequence, plain loops, any scalar S with + - * / sqrt exp tanh (double; a dual
// number for derivatives; a counting number for FLOP). Slow on purpose: every fast path is tested against this one.
// Equations: model/options.h. theta is the flat buffer of parameters.h.
namespace phaselaw::model::reference {

template <class S>
struct Sequence {
  Rows<S> vectors;                   // input_len x d_model, or
  std::vector<std::int32_t> tokens;  // input_len: the source's, then the decoder's
};

template <class S>
struct Trace {
  // Of each layer: the decoder's, then the encoder's. cross: of the decoder's; none without an encoder.
  std::vector<AttentionTrace<S>> attention, cross;
  std::vector<MlpTrace<S>> mlp;
  Normalised<S> source;  // of the encoder's last stream
  Rows<S> x;             // last stream
  Normalised<S> final;   // token readout
  Rows<S> outputs;       // seq_len x d_out: kappa G
};

// One stream's part of an input: rows first .. first + length - 1, and its table of positions.
struct InputPart {
  std::int64_t first = 0, length = 0;
  BlockKind position{};
};
[[nodiscard]] inline InputPart decoder_part(const ModelOptions& o) {
  return {o.source_rows(), o.seq_len, BlockKind::position};
}
[[nodiscard]] inline InputPart source_part(const ModelOptions& o) {
  return {0, o.source_rows(), BlockKind::source_position};
}

// The stream that enters the first layer.
template <class S>
Rows<S> read_in(const ModelOptions& o, const ParameterTable& table, const std::vector<S>& theta,
                const Sequence<S>& input, const InputPart& part) {
  if (!o.reads_tokens())
    return Rows<S>(input.vectors.begin() + part.first, input.vectors.begin() + part.first + part.length);
  const auto& embed = table.at(BlockKind::embed);
  const auto* const position = table.find(part.position);
  Rows<S> x = zeros<S>(part.length, o.d_model);
  for (std::size_t t = 0; t < x.size(); ++t)
    for (std::size_t i = 0; i < x[t].size(); ++i) {
      const std::int32_t token = input.tokens[static_cast<std::size_t>(part.first) + t];
      x[t][i] = theta[static_cast<std::size_t>(embed.offset + token * o.d_model) + i];
      if (position != nullptr)
        x[t][i] = x[t][i] + theta[static_cast<std::size_t>(position->offset) + t * x[t].size() + i];
    }
  return x;
}

template <class S>
void read_in_backward(const ModelOptions& o, const ParameterTable& table, const Sequence<S>& input,
                      const InputPart& part, const Rows<S>& dx, std::vector<S>& gradient) {
  const auto& embed = table.at(BlockKind::embed);
  const auto* const position = table.find(part.position);
  for (std::size_t t = 0; t < dx.size(); ++t)
    for (std::size_t i = 0; i < dx[t].size(); ++i) {
      const std::int32_t token = input.tokens[static_cast<std::size_t>(part.first) + t];
      S& e = gradient[static_cast<std::size_t>(embed.offset + token * o.d_model) + i];
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

// The encoder's layers, numbered after the decoder's, and the normalisation of its outputs: trace.source.
template <class S>
void encode(const ModelOptions& o, const ParameterTable& table, const std::vector<S>& theta, const Sequence<S>& input,
            Trace<S>& trace) {
  const ModelOptions encoder = encoder_of(o);
  Rows<S> x = read_in(o, table, theta, input, source_part(o));
  for (std::int64_t layer = o.n_layers; layer < o.all_layers(); ++layer) {
    const LayerMaps<S> maps{table, theta, layer};
    trace.attention.push_back(attention_forward(encoder, maps, x));
    trace.mlp.push_back(mlp_forward(encoder, maps, x));
  }
  trace.source =
      normalise(o, theta, table.find(BlockKind::source_norm_gain), table.find(BlockKind::source_norm_bias), x);
}

// dsource: the cotangent of the encoder's normalised outputs.
template <class S>
void encode_backward(const ModelOptions& o, const ParameterTable& table, const std::vector<S>& theta,
                     const Sequence<S>& input, const BackwardPlan& plan, const Trace<S>& trace, const Rows<S>& dsource,
                     std::vector<S>& gradient) {
  if (!plan.source_normal) return;
  const ModelOptions encoder = encoder_of(o);
  Rows<S> dx = zeros<S>(o.source_rows(), o.d_model);
  const LayerMaps<S> outside{table, theta, -1};
  outside.norm_backward(o, BlockKind::source_norm_gain, BlockKind::source_norm_bias, plan.wanted, plan.source_stream,
                        trace.source, dsource, dx, gradient);
  for (std::int64_t layer = o.all_layers() - 1; layer >= o.n_layers; --layer) {
    const LayerMaps<S> maps{table, theta, layer};
    const auto at = static_cast<std::size_t>(layer);
    mlp_backward(encoder, maps, plan.layers[at], trace.mlp[at], dx, gradient);
    attention_backward(encoder, maps, plan.layers[at], trace.attention[at], dx, gradient);
  }
  if (plan.embed) read_in_backward(o, table, input, source_part(o), dx, gradient);
}

template <class S>
Trace<S> forward(const ModelOptions& o, const ParameterTable& table, const std::vector<S>& theta,
                 const Sequence<S>& input) {
  Trace<S> trace, of_source;
  if (o.has_encoder()) encode(o, table, theta, input, of_source);
  trace.source = of_source.source;
  trace.x = read_in(o, table, theta, input, decoder_part(o));
  for (std::int64_t layer = 0; layer < o.n_layers; ++layer) {
    const LayerMaps<S> maps{table, theta, layer};
    trace.attention.push_back(attention_forward(o, maps, trace.x));
    if (o.has_encoder()) trace.cross.push_back(cross_forward(o, maps, trace.source.h, trace.x));
    trace.mlp.push_back(mlp_forward(o, maps, trace.x));
  }
  trace.attention.insert(trace.attention.end(), of_source.attention.begin(), of_source.attention.end());
  trace.mlp.insert(trace.mlp.end(), of_source.mlp.begin(), of_source.mlp.end());
  read_out(o, table, theta, trace);
  return trace;
}

// gradient += J(theta)^T cotangent (seq_len x d_out) for the trainable blocks.
template <class S>
void backward(const ModelOptions& o, const ParameterTable& table, const std::vector<S>& theta, const Sequence<S>& input,
              const Trace<S>& trace, const Rows<S>& cotangent, std::vector<S>& gradient) {
  const BackwardPlan plan(table);
  Rows<S> dx = read_out_backward(o, table, theta, plan, trace, cotangent, gradient);
  Rows<S> dsource = zeros<S>(o.source_rows(), o.d_model);
  for (std::int64_t layer = o.n_layers - 1; layer >= 0; --layer) {
    const LayerMaps<S> maps{table, theta, layer};
    const auto at = static_cast<std::size_t>(layer);
    mlp_backward(o, maps, plan.layers[at], trace.mlp[at], dx, gradient);
    if (o.has_encoder())
      cross_backward(o, maps, plan.layers[at], trace.source.h, trace.cross[at], dx, dsource, gradient);
    attention_backward(o, maps, plan.layers[at], trace.attention[at], dx, gradient);
  }
  if (plan.embed) read_in_backward(o, table, input, decoder_part(o), dx, gradient);
  encode_backward(o, table, theta, input, plan, trace, dsource, gradient);
}

}  // namespace phaselaw::model::reference
