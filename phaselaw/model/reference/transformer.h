// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "phaselaw/model/backward_plan.h"
#include "phaselaw/model/options.h"
#include "phaselaw/model/parameters.h"

// The definition of the model: one sequence, plain loops, any scalar S with + - * / sqrt exp tanh (double; a dual
// number for derivatives; a counting number for FLOP). Slow on purpose: every fast path is tested against this one.
// Equations: model/options.h. theta is the flat buffer of parameters.h.
namespace phaselaw::model::reference {

template <class S>
using Rows = std::vector<std::vector<S>>;

template <class S>
struct Sequence {
  Rows<S> vectors;                   // seq_len x d_model, or
  std::vector<std::int32_t> tokens;  // seq_len
};

template <class S>
struct LayerTrace {
  Rows<S> x, h, q, k, v, z, x_mid, h_mid, pre, act;  // each seq_len rows
  std::vector<S> inv_rms, inv_rms_mid;
  std::vector<Rows<S>> attention;  // head, token, source
};

template <class S>
struct Trace {
  std::vector<LayerTrace<S>> layers;
  Rows<S> x, h;  // last stream, its normalisation (token readout)
  std::vector<S> inv_rms;
  Rows<S> outputs;  // seq_len x d_out: kappa G
};

template <class S>
S value_of(Activation activation, const S& x) {
  using std::exp, std::tanh;
  switch (activation) {
    case Activation::relu:
      return x > S(0) ? x : S(0);
    case Activation::gelu:
      return S(0.5) * x * (S(1) + tanh(S(0.7978845608028654) * (x + S(0.044715) * x * x * x)));
    case Activation::silu:
      return x / (S(1) + exp(S(0) - x));
    case Activation::tanh:
      return tanh(x);
    case Activation::identity:
      break;
  }
  return x;
}

template <class S>
S derivative_of(Activation activation, const S& x) {
  using std::exp, std::tanh;
  switch (activation) {
    case Activation::relu:
      return x > S(0) ? S(1) : S(0);
    case Activation::gelu: {
      const S t = tanh(S(0.7978845608028654) * (x + S(0.044715) * x * x * x));
      return S(0.5) * (S(1) + t) +
             S(0.5) * x * (S(1) - t * t) * S(0.7978845608028654) * (S(1) + S(3 * 0.044715) * x * x);
    }
    case Activation::silu: {
      const S s = S(1) / (S(1) + exp(S(0) - x));
      return s * (S(1) + x * (S(1) - s));
    }
    case Activation::tanh: {
      const S t = tanh(x);
      return S(1) - t * t;
    }
    case Activation::identity:
      break;
  }
  return S(1);
}

template <class S>
Rows<S> zeros(std::int64_t rows, std::int64_t cols) {
  return Rows<S>(static_cast<std::size_t>(rows), std::vector<S>(static_cast<std::size_t>(cols), S(0)));
}

// inv_rms_t = 1 / sqrt(||x_t||^2 / d + eps);  h = x * inv_rms
template <class S>
void rms(const Rows<S>& x, double eps, Rows<S>& h, std::vector<S>& inv_rms) {
  using std::sqrt;
  h = x;
  inv_rms.assign(x.size(), S(0));
  for (std::size_t t = 0; t < x.size(); ++t) {
    S sum(0);
    for (const S& value : x[t]) sum = sum + value * value;
    inv_rms[t] = S(1) / sqrt(sum / S(static_cast<double>(x[t].size())) + S(eps));
    for (std::size_t i = 0; i < x[t].size(); ++i) h[t][i] = x[t][i] * inv_rms[t];
  }
}

// dx += J_rms^T dh:  inv_rms (dh - h <h, dh> / d)
template <class S>
void rms_backward(const Rows<S>& h, const std::vector<S>& inv_rms, const Rows<S>& dh, Rows<S>& dx) {
  for (std::size_t t = 0; t < h.size(); ++t) {
    S dot(0);
    for (std::size_t i = 0; i < h[t].size(); ++i) dot = dot + h[t][i] * dh[t][i];
    const S mean = dot / S(static_cast<double>(h[t].size()));
    for (std::size_t i = 0; i < h[t].size(); ++i) dx[t][i] = dx[t][i] + inv_rms[t] * (dh[t][i] - h[t][i] * mean);
  }
}

// scale * x W^T, W of `block`
template <class S>
Rows<S> product(const std::vector<S>& theta, const ParameterBlock& block, double scale, const Rows<S>& x) {
  Rows<S> y = zeros<S>(static_cast<std::int64_t>(x.size()), block.rows);
  for (std::size_t t = 0; t < x.size(); ++t)
    for (std::int64_t i = 0; i < block.rows; ++i) {
      S sum(0);
      for (std::int64_t j = 0; j < block.cols; ++j)
        sum = sum +
              theta[static_cast<std::size_t>(block.offset + i * block.cols + j)] * x[t][static_cast<std::size_t>(j)];
      y[t][static_cast<std::size_t>(i)] = S(scale) * sum;
    }
  return y;
}

// scale * dy W
template <class S>
Rows<S> product_backward(const std::vector<S>& theta, const ParameterBlock& block, double scale, const Rows<S>& dy) {
  Rows<S> dx = zeros<S>(static_cast<std::int64_t>(dy.size()), block.cols);
  for (std::size_t t = 0; t < dy.size(); ++t)
    for (std::int64_t j = 0; j < block.cols; ++j) {
      S sum(0);
      for (std::int64_t i = 0; i < block.rows; ++i)
        sum = sum +
              theta[static_cast<std::size_t>(block.offset + i * block.cols + j)] * dy[t][static_cast<std::size_t>(i)];
      dx[t][static_cast<std::size_t>(j)] = S(scale) * sum;
    }
  return dx;
}

// dW += scale * dy^T x
template <class S>
void weight_gradient(const ParameterBlock& block, double scale, const Rows<S>& dy, const Rows<S>& x,
                     std::vector<S>& gradient) {
  for (std::int64_t i = 0; i < block.rows; ++i)
    for (std::int64_t j = 0; j < block.cols; ++j) {
      S sum(0);
      for (std::size_t t = 0; t < dy.size(); ++t)
        sum = sum + dy[t][static_cast<std::size_t>(i)] * x[t][static_cast<std::size_t>(j)];
      S& entry = gradient[static_cast<std::size_t>(block.offset + i * block.cols + j)];
      entry = entry + S(scale) * sum;
    }
}

template <class S>
void add_to(Rows<S>& x, const Rows<S>& y) {
  for (std::size_t t = 0; t < x.size(); ++t)
    for (std::size_t i = 0; i < x[t].size(); ++i) x[t][i] = x[t][i] + y[t][i];
}

[[nodiscard]] inline std::size_t visible(const ModelOptions& o, std::size_t t) {
  return o.mask == Mask::causal ? t + 1 : static_cast<std::size_t>(o.seq_len);
}
[[nodiscard]] inline double attention_scale(const ModelOptions& o) {
  const auto size = static_cast<double>(o.d_head);
  return o.parametrisation == Parametrisation::mup ? 1 / size : 1 / std::sqrt(size);
}

template <class S>
Trace<S> forward(const ModelOptions& o, const ParameterTable& table, const std::vector<S>& theta,
                 const Sequence<S>& input) {
  using std::exp;
  Trace<S> trace;
  const auto length = static_cast<std::size_t>(o.seq_len);
  const auto d_head = static_cast<std::size_t>(o.d_head);
  Rows<S> x = input.vectors;
  if (o.reads_tokens()) {
    const auto &embed = table.at(BlockKind::embed), &position = table.at(BlockKind::position);
    x = zeros<S>(o.seq_len, o.d_model);
    for (std::size_t t = 0; t < length; ++t)
      for (std::size_t i = 0; i < x[t].size(); ++i)
        x[t][i] = theta[static_cast<std::size_t>(embed.offset + input.tokens[t] * o.d_model) + i] +
                  theta[static_cast<std::size_t>(position.offset) + t * static_cast<std::size_t>(o.d_model) + i];
  }
  for (std::int64_t layer = 0; layer < o.n_layers; ++layer) {
    const auto block = [&](BlockKind kind) -> const ParameterBlock& { return table.at(kind, layer); };
    LayerTrace<S> at;
    at.x = x;
    rms(x, o.rms_eps, at.h, at.inv_rms);
    at.q = product(theta, block(BlockKind::attn_q), block(BlockKind::attn_q).multiplier, at.h);
    at.k = product(theta, block(BlockKind::attn_k), block(BlockKind::attn_k).multiplier, at.h);
    at.v = product(theta, block(BlockKind::attn_v), block(BlockKind::attn_v).multiplier, at.h);
    at.z = zeros<S>(o.seq_len, o.n_heads * o.d_head);
    at.attention.assign(static_cast<std::size_t>(o.n_heads), zeros<S>(o.seq_len, o.seq_len));
    for (std::size_t head = 0; head < at.attention.size(); ++head)
      for (std::size_t t = 0; t < length; ++t) {
        std::vector<S>& weights = at.attention[head][t];
        S top(-1e300), total(0);
        for (std::size_t j = 0; j < visible(o, t); ++j) {
          S score(0);
          for (std::size_t c = head * d_head; c < (head + 1) * d_head; ++c) score = score + at.q[t][c] * at.k[j][c];
          weights[j] = S(attention_scale(o)) * score;
          if (weights[j] > top) top = weights[j];
        }
        for (std::size_t j = 0; j < visible(o, t); ++j) {
          weights[j] = exp(weights[j] - top);
          total = total + weights[j];
        }
        for (std::size_t j = 0; j < visible(o, t); ++j) {
          weights[j] = weights[j] / total;
          for (std::size_t c = head * d_head; c < (head + 1) * d_head; ++c)
            at.z[t][c] = at.z[t][c] + weights[j] * at.v[j][c];
        }
      }
    at.x_mid = x;
    add_to(at.x_mid,
           product(theta, block(BlockKind::attn_o), o.branch_scale * block(BlockKind::attn_o).multiplier, at.z));
    rms(at.x_mid, o.rms_eps, at.h_mid, at.inv_rms_mid);
    at.pre = product(theta, block(BlockKind::mlp_up), block(BlockKind::mlp_up).multiplier, at.h_mid);
    at.act = at.pre;
    for (auto& row : at.act)
      for (auto& unit : row) unit = value_of(o.activation, unit);
    x = at.x_mid;
    add_to(x,
           product(theta, block(BlockKind::mlp_down), o.branch_scale * block(BlockKind::mlp_down).multiplier, at.act));
    trace.layers.push_back(std::move(at));
  }
  trace.x = x;
  if (o.readout == Readout::identity) {
    trace.outputs = x;
    for (auto& row : trace.outputs)
      for (auto& entry : row) entry = S(o.output_scale) * entry;
    return trace;
  }
  const auto& out = table.at(BlockKind::out);
  if (o.readout == Readout::tokens) rms(x, o.rms_eps, trace.h, trace.inv_rms);
  trace.outputs = product(theta, out, o.output_scale * out.multiplier, o.readout == Readout::tokens ? trace.h : x);
  return trace;
}

// gradient += J(theta)^T cotangent (seq_len x d_out) for the trainable blocks.
template <class S>
void backward(const ModelOptions& o, const ParameterTable& table, const std::vector<S>& theta, const Sequence<S>& input,
              const Trace<S>& trace, const Rows<S>& cotangent, std::vector<S>& gradient) {
  const BackwardPlan plan(table);
  const auto length = static_cast<std::size_t>(o.seq_len);
  const auto d_head = static_cast<std::size_t>(o.d_head);
  Rows<S> dx = zeros<S>(o.seq_len, o.d_model);
  if (o.readout == Readout::identity) {
    for (std::size_t t = 0; t < length; ++t)
      for (std::size_t i = 0; i < dx[t].size(); ++i) dx[t][i] = S(o.output_scale) * cotangent[t][i];
  } else {
    const auto& out = table.at(BlockKind::out);
    const double scale = o.output_scale * out.multiplier;
    const bool normalised = o.readout == Readout::tokens;
    if (plan.out) weight_gradient(out, scale, cotangent, normalised ? trace.h : trace.x, gradient);
    if (plan.stream) {
      const Rows<S> dh = product_backward(theta, out, scale, cotangent);
      if (normalised)
        rms_backward(trace.h, trace.inv_rms, dh, dx);
      else
        dx = dh;
    }
  }
  for (std::int64_t layer = o.n_layers - 1; layer >= 0; --layer) {
    const auto block = [&](BlockKind kind) -> const ParameterBlock& { return table.at(kind, layer); };
    const LayerTrace<S>& at = trace.layers[static_cast<std::size_t>(layer)];
    const LayerPlan& want = plan.layers[static_cast<std::size_t>(layer)];
    const auto &up = block(BlockKind::mlp_up), &down = block(BlockKind::mlp_down), &output = block(BlockKind::attn_o);
    if (want.down) weight_gradient(down, o.branch_scale * down.multiplier, dx, at.act, gradient);
    if (want.mlp_core) {
      Rows<S> dpre = product_backward(theta, down, o.branch_scale * down.multiplier, dx);
      for (std::size_t t = 0; t < length; ++t)
        for (std::size_t i = 0; i < dpre[t].size(); ++i)
          dpre[t][i] = dpre[t][i] * derivative_of(o.activation, at.pre[t][i]);
      if (want.up) weight_gradient(up, up.multiplier, dpre, at.h_mid, gradient);
      if (want.mlp_input) rms_backward(at.h_mid, at.inv_rms_mid, product_backward(theta, up, up.multiplier, dpre), dx);
    }
    if (want.o) weight_gradient(output, o.branch_scale * output.multiplier, dx, at.z, gradient);
    if (!want.attention_core) continue;
    const Rows<S> dz = product_backward(theta, output, o.branch_scale * output.multiplier, dx);
    Rows<S> dq = zeros<S>(o.seq_len, o.n_heads * o.d_head), dk = dq, dv = dq;
    for (std::size_t head = 0; head < at.attention.size(); ++head)
      for (std::size_t t = 0; t < length; ++t) {
        const std::vector<S>& weights = at.attention[head][t];
        std::vector<S> dweights(length, S(0));
        S mean(0);
        for (std::size_t j = 0; j < visible(o, t); ++j) {
          for (std::size_t c = head * d_head; c < (head + 1) * d_head; ++c) {
            dweights[j] = dweights[j] + dz[t][c] * at.v[j][c];
            dv[j][c] = dv[j][c] + weights[j] * dz[t][c];
          }
          mean = mean + weights[j] * dweights[j];
        }
        for (std::size_t j = 0; j < visible(o, t); ++j) {
          const S dscore = S(attention_scale(o)) * (weights[j] * (dweights[j] - mean));
          for (std::size_t c = head * d_head; c < (head + 1) * d_head; ++c) {
            dq[t][c] = dq[t][c] + dscore * at.k[j][c];
            dk[j][c] = dk[j][c] + dscore * at.q[t][c];
          }
        }
      }
    const auto &q = block(BlockKind::attn_q), &k = block(BlockKind::attn_k), &v = block(BlockKind::attn_v);
    if (want.q) weight_gradient(q, q.multiplier, dq, at.h, gradient);
    if (want.k) weight_gradient(k, k.multiplier, dk, at.h, gradient);
    if (want.v) weight_gradient(v, v.multiplier, dv, at.h, gradient);
    if (!want.attention_input) continue;
    Rows<S> dh = product_backward(theta, q, q.multiplier, dq);
    add_to(dh, product_backward(theta, k, k.multiplier, dk));
    add_to(dh, product_backward(theta, v, v.multiplier, dv));
    rms_backward(at.h, at.inv_rms, dh, dx);
  }
  if (!plan.embed) return;
  const auto &embed = table.at(BlockKind::embed), &position = table.at(BlockKind::position);
  for (std::size_t t = 0; t < length; ++t)
    for (std::size_t i = 0; i < dx[t].size(); ++i) {
      S& e = gradient[static_cast<std::size_t>(embed.offset + input.tokens[t] * o.d_model) + i];
      S& p = gradient[static_cast<std::size_t>(position.offset) + t * static_cast<std::size_t>(o.d_model) + i];
      e = e + dx[t][i];
      p = p + dx[t][i];
    }
}

}  // namespace phaselaw::model::reference
