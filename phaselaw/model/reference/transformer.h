// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "phaselaw/model/backward_plan.h"
#include "phaselaw/model/options.h"
#include "phaselaw/model/parameters.h"
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
struct LayerTrace {
  Normalised<S> input, middle;     // of the stream before attention and before the MLP
  Rows<S> q, k, v, z, act;         // each seq_len rows
  Rows<S> pre, gate, open;         // W_up h; gated: W_gate h and phi of it
  std::vector<Rows<S>> attention;  // head, token, source
};

template <class S>
struct Trace {
  std::vector<LayerTrace<S>> layers;
  Rows<S> x;            // last stream
  Normalised<S> final;  // token readout
  Rows<S> outputs;      // seq_len x d_out: kappa G
};

// The columns of q and of k, v that belong to a head: [first, first + d_head).
struct HeadColumns {
  std::size_t query, source;
};
[[nodiscard]] inline HeadColumns head_columns(const ModelOptions& o, std::size_t head) {
  const auto size = static_cast<std::size_t>(o.d_head), group = static_cast<std::size_t>(o.n_heads / o.kv_heads());
  return {head * size, head / group * size};
}

template <class S>
void attend(const ModelOptions& o, LayerTrace<S>& at) {
  using std::exp;
  const auto length = static_cast<std::size_t>(o.seq_len), size = static_cast<std::size_t>(o.d_head);
  at.z = zeros<S>(o.seq_len, o.n_heads * o.d_head);
  at.attention.assign(static_cast<std::size_t>(o.n_heads), zeros<S>(o.seq_len, o.seq_len));
  for (std::size_t head = 0; head < at.attention.size(); ++head) {
    const auto [query, source] = head_columns(o, head);
    for (std::size_t t = 0; t < length; ++t) {
      std::vector<S>& weights = at.attention[head][t];
      S top(-1e300), total(0);
      for (std::size_t j = 0; j < visible(o, t); ++j) {
        S score(0);
        for (std::size_t c = 0; c < size; ++c) score = score + at.q[t][query + c] * at.k[j][source + c];
        weights[j] = S(attention_scale(o)) * score;
        if (weights[j] > top) top = weights[j];
      }
      for (std::size_t j = 0; j < visible(o, t); ++j) {
        weights[j] = exp(weights[j] - top);
        total = total + weights[j];
      }
      for (std::size_t j = 0; j < visible(o, t); ++j) {
        weights[j] = weights[j] / total;
        for (std::size_t c = 0; c < size; ++c)
          at.z[t][query + c] = at.z[t][query + c] + weights[j] * at.v[j][source + c];
      }
    }
  }
}

template <class S>
void attend_backward(const ModelOptions& o, const LayerTrace<S>& at, const Rows<S>& dz, Rows<S>& dq, Rows<S>& dk,
                     Rows<S>& dv) {
  const auto length = static_cast<std::size_t>(o.seq_len), size = static_cast<std::size_t>(o.d_head);
  dq = zeros<S>(o.seq_len, o.n_heads * o.d_head);
  dv = dk = zeros<S>(o.seq_len, o.kv_heads() * o.d_head);
  for (std::size_t head = 0; head < at.attention.size(); ++head) {
    const auto [query, source] = head_columns(o, head);
    for (std::size_t t = 0; t < length; ++t) {
      const std::vector<S>& weights = at.attention[head][t];
      std::vector<S> dweights(length, S(0));
      S mean(0);
      for (std::size_t j = 0; j < visible(o, t); ++j) {
        for (std::size_t c = 0; c < size; ++c) {
          dweights[j] = dweights[j] + dz[t][query + c] * at.v[j][source + c];
          dv[j][source + c] = dv[j][source + c] + weights[j] * dz[t][query + c];
        }
        mean = mean + weights[j] * dweights[j];
      }
      for (std::size_t j = 0; j < visible(o, t); ++j) {
        const S dscore = S(attention_scale(o)) * (weights[j] * (dweights[j] - mean));
        for (std::size_t c = 0; c < size; ++c) {
          dq[t][query + c] = dq[t][query + c] + dscore * at.k[j][source + c];
          dk[j][source + c] = dk[j][source + c] + dscore * at.q[t][query + c];
        }
      }
    }
  }
}

template <class S>
Trace<S> forward(const ModelOptions& o, const ParameterTable& table, const std::vector<S>& theta,
                 const Sequence<S>& input) {
  Trace<S> trace;
  Rows<S> x = input.vectors;
  if (o.reads_tokens()) {
    const auto& embed = table.at(BlockKind::embed);
    const auto* const position = table.find(BlockKind::position);
    x = zeros<S>(o.seq_len, o.d_model);
    for (std::size_t t = 0; t < x.size(); ++t)
      for (std::size_t i = 0; i < x[t].size(); ++i) {
        x[t][i] = theta[static_cast<std::size_t>(embed.offset + input.tokens[t] * o.d_model) + i];
        if (position != nullptr)
          x[t][i] = x[t][i] + theta[static_cast<std::size_t>(position->offset) + t * x[t].size() + i];
      }
  }
  for (std::int64_t layer = 0; layer < o.n_layers; ++layer) {
    const auto maybe = [&](BlockKind kind) { return table.find(kind, layer); };
    // scale (c W x + bias)
    const auto linear = [&](BlockKind kind, BlockKind bias, double scale, const Rows<S>& from) {
      const ParameterBlock& w = table.at(kind, layer);
      Rows<S> y = product(theta, w, scale * w.multiplier, from);
      add_bias(theta, maybe(bias), scale, y);
      return y;
    };
    LayerTrace<S> at;
    at.input = normalise(o, theta, maybe(BlockKind::attn_norm_gain), maybe(BlockKind::attn_norm_bias), x);
    at.q = linear(BlockKind::attn_q, BlockKind::attn_q_bias, 1, at.input.h);
    at.k = linear(BlockKind::attn_k, BlockKind::attn_k_bias, 1, at.input.h);
    at.v = linear(BlockKind::attn_v, BlockKind::attn_v_bias, 1, at.input.h);
    if (o.positions == Positions::rotary) {
      rotate(o, 1, at.q);
      rotate(o, 1, at.k);
    }
    attend(o, at);
    add_to(x, linear(BlockKind::attn_o, BlockKind::attn_o_bias, o.branch_scale, at.z));
    at.middle = normalise(o, theta, maybe(BlockKind::mlp_norm_gain), maybe(BlockKind::mlp_norm_bias), x);
    at.pre = linear(BlockKind::mlp_up, BlockKind::mlp_up_bias, 1, at.middle.h);
    at.act = at.pre;
    if (o.mlp == Mlp::gated) at.open = at.gate = linear(BlockKind::mlp_gate, BlockKind::mlp_gate_bias, 1, at.middle.h);
    for (std::size_t t = 0; t < at.act.size(); ++t)
      for (std::size_t i = 0; i < at.act[t].size(); ++i) {
        if (o.mlp == Mlp::plain) {
          at.act[t][i] = value_of(o.activation, at.pre[t][i]);
        } else {
          at.open[t][i] = value_of(o.activation, at.gate[t][i]);
          at.act[t][i] = at.open[t][i] * at.pre[t][i];
        }
      }
    add_to(x, linear(BlockKind::mlp_down, BlockKind::mlp_down_bias, o.branch_scale, at.act));
    trace.layers.push_back(std::move(at));
  }
  trace.x = x;
  if (o.readout == Readout::identity) {
    trace.outputs = x;
    for (auto& row : trace.outputs)
      for (auto& entry : row) entry = S(o.output_scale) * entry;
    return trace;
  }
  if (o.readout == Readout::tokens)
    trace.final =
        normalise(o, theta, table.find(BlockKind::final_norm_gain), table.find(BlockKind::final_norm_bias), x);
  trace.outputs = product(theta, *table.readout(), o.output_scale * table.readout_multiplier(),
                          o.readout == Readout::tokens ? trace.final.h : x);
  return trace;
}

// gradient += J(theta)^T cotangent (seq_len x d_out) for the trainable blocks.
template <class S>
void backward(const ModelOptions& o, const ParameterTable& table, const std::vector<S>& theta, const Sequence<S>& input,
              const Trace<S>& trace, const Rows<S>& cotangent, std::vector<S>& gradient) {
  const BackwardPlan plan(table);
  Rows<S> dx = zeros<S>(o.seq_len, o.d_model);
  if (o.readout == Readout::identity) {
    for (std::size_t t = 0; t < dx.size(); ++t)
      for (std::size_t i = 0; i < dx[t].size(); ++i) dx[t][i] = S(o.output_scale) * cotangent[t][i];
  } else {
    const ParameterBlock& out = *table.readout();
    const double scale = o.output_scale * table.readout_multiplier();
    const bool normalised = o.readout == Readout::tokens;
    if (plan.out) weight_gradient(out, scale, cotangent, normalised ? trace.final.h : trace.x, gradient);
    if (plan.normal) {
      const auto *gain = table.find(BlockKind::final_norm_gain), *bias = table.find(BlockKind::final_norm_bias);
      const Rows<S> dh = product_backward(theta, out, scale, cotangent);
      if (plan.final_gain) gain_gradient(*gain, trace.final.unit, dh, gradient);
      if (plan.final_bias) bias_gradient(*bias, 1, dh, gradient);
      if (!normalised)
        dx = dh;
      else if (plan.stream)
        normalise_backward(o, theta, gain, trace.final, dh, dx);
    }
  }
  for (std::int64_t layer = o.n_layers - 1; layer >= 0; --layer) {
    const auto maybe = [&](BlockKind kind) { return table.find(kind, layer); };
    const LayerTrace<S>& at = trace.layers[static_cast<std::size_t>(layer)];
    const LayerPlan& want = plan.layers[static_cast<std::size_t>(layer)];
    // Gradients of W and bias in scale (c W from + bias), and the cotangent of `from`.
    const auto gradients = [&](BlockKind kind, bool wanted, BlockKind bias, bool bias_wanted, double scale,
                               const Rows<S>& dy, const Rows<S>& from) {
      const ParameterBlock& w = table.at(kind, layer);
      if (wanted) weight_gradient(w, scale * w.multiplier, dy, from, gradient);
      if (bias_wanted) bias_gradient(*maybe(bias), scale, dy, gradient);
    };
    const auto cotangent_of = [&](BlockKind kind, double scale, const Rows<S>& dy) {
      const ParameterBlock& w = table.at(kind, layer);
      return product_backward(theta, w, scale * w.multiplier, dy);
    };
    gradients(BlockKind::mlp_down, want.down, BlockKind::mlp_down_bias, want.down_bias, o.branch_scale, dx, at.act);
    if (want.mlp_core) {
      Rows<S> dpre = cotangent_of(BlockKind::mlp_down, o.branch_scale, dx), dgate = dpre;
      for (std::size_t t = 0; t < dpre.size(); ++t)
        for (std::size_t i = 0; i < dpre[t].size(); ++i) {
          if (o.mlp == Mlp::plain) {
            dpre[t][i] = dpre[t][i] * derivative_of(o.activation, at.pre[t][i]);
          } else {
            dgate[t][i] = dpre[t][i] * at.pre[t][i] * derivative_of(o.activation, at.gate[t][i]);
            dpre[t][i] = dpre[t][i] * at.open[t][i];
          }
        }
      const Rows<S>& h = at.middle.h;
      gradients(BlockKind::mlp_up, want.up, BlockKind::mlp_up_bias, want.up_bias, 1, dpre, h);
      if (o.mlp == Mlp::gated)
        gradients(BlockKind::mlp_gate, want.gate, BlockKind::mlp_gate_bias, want.gate_bias, 1, dgate, h);
      if (want.mlp_normal) {
        Rows<S> dh = cotangent_of(BlockKind::mlp_up, 1, dpre);
        if (o.mlp == Mlp::gated) add_to(dh, cotangent_of(BlockKind::mlp_gate, 1, dgate));
        if (want.mlp_gain) gain_gradient(*maybe(BlockKind::mlp_norm_gain), at.middle.unit, dh, gradient);
        if (want.mlp_bias) bias_gradient(*maybe(BlockKind::mlp_norm_bias), 1, dh, gradient);
        if (want.mlp_input) normalise_backward(o, theta, maybe(BlockKind::mlp_norm_gain), at.middle, dh, dx);
      }
    }
    gradients(BlockKind::attn_o, want.o, BlockKind::attn_o_bias, want.o_bias, o.branch_scale, dx, at.z);
    if (!want.attention_core) continue;
    Rows<S> dq, dk, dv;
    attend_backward(o, at, cotangent_of(BlockKind::attn_o, o.branch_scale, dx), dq, dk, dv);
    if (o.positions == Positions::rotary) {
      rotate(o, -1, dq);
      rotate(o, -1, dk);
    }
    const Rows<S>& h = at.input.h;
    gradients(BlockKind::attn_q, want.q, BlockKind::attn_q_bias, want.q_bias, 1, dq, h);
    gradients(BlockKind::attn_k, want.k, BlockKind::attn_k_bias, want.k_bias, 1, dk, h);
    gradients(BlockKind::attn_v, want.v, BlockKind::attn_v_bias, want.v_bias, 1, dv, h);
    if (!want.attention_normal) continue;
    Rows<S> dh = cotangent_of(BlockKind::attn_q, 1, dq);
    add_to(dh, cotangent_of(BlockKind::attn_k, 1, dk));
    add_to(dh, cotangent_of(BlockKind::attn_v, 1, dv));
    if (want.attention_gain) gain_gradient(*maybe(BlockKind::attn_norm_gain), at.input.unit, dh, gradient);
    if (want.attention_bias) bias_gradient(*maybe(BlockKind::attn_norm_bias), 1, dh, gradient);
    if (want.attention_input) normalise_backward(o, theta, maybe(BlockKind::attn_norm_gain), at.input, dh, dx);
  }
  if (!plan.embed) return;
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

}  // namespace phaselaw::model::reference
