// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <iterator>
#include <vector>

#include "phaselaw/model/backward_plan.h"
#include "phaselaw/model/reference/parts.h"

// The attention branch of the reference model (model/reference/transformer.h):
//
//   x' = x + omega (c W_O z + b_O),   z_t = sum_j A_tj v_j,   A_tj = softmax_j(scale <q_t, k_j>) over visible j
namespace phaselaw::model::reference {

template <class S>
struct AttentionTrace {
  Normalised<S> input;           // of the stream before attention
  Rows<S> q, k, v, z;            // a row for each token; of k and v, for each token that is attended to
  std::vector<Rows<S>> weights;  // head, token, token that is attended to
  bool sees_all = false;         // whatever the mask
};

// Coordinates i and i + d_head/2 of every head turn by t base^(-2 i / d_head) (direction +1) or back (-1).
template <class S>
void rotate(const ModelOptions& o, double direction, Rows<S>& x) {
  const auto size = static_cast<std::size_t>(o.d_head), half = size / 2;
  for (std::size_t t = 0; t < x.size(); ++t)
    for (std::size_t head = 0; head < x[t].size(); head += size)
      for (std::size_t i = 0; i < half; ++i) {
        const double angle = static_cast<double>(t) *
                             std::pow(o.rotary_base, -2 * static_cast<double>(i) / static_cast<double>(o.d_head));
        const S cosine(std::cos(angle)), sine(direction * std::sin(angle));
        S &a = x[t][head + i], &b = x[t][head + half + i];
        const S turned = a * cosine - b * sine;
        b = b * cosine + a * sine;
        a = turned;
      }
}

template <class S>
std::size_t visible(const ModelOptions& o, const AttentionTrace<S>& at, std::size_t t) {
  return o.mask == Mask::causal && !at.sees_all ? t + 1 : at.k.size();
}
[[nodiscard]] inline double attention_scale(const ModelOptions& o) {
  const auto size = static_cast<double>(o.d_head);
  return o.parametrisation == Parametrisation::mup ? 1 / size : 1 / std::sqrt(size);
}

// The columns of q and of k, v that belong to a head: [first, first + d_head).
struct HeadColumns {
  std::size_t query, source;
};
[[nodiscard]] inline HeadColumns head_columns(const ModelOptions& o, std::size_t head) {
  const auto size = static_cast<std::size_t>(o.d_head), group = static_cast<std::size_t>(o.n_heads / o.kv_heads());
  return {head * size, head / group * size};
}

template <class S>
void attend(const ModelOptions& o, AttentionTrace<S>& at) {
  using std::exp;
  const std::size_t length = at.q.size(), size = static_cast<std::size_t>(o.d_head);
  at.z = zeros<S>(o.seq_len, o.n_heads * o.d_head);
  at.weights.assign(static_cast<std::size_t>(o.n_heads), zeros<S>(o.seq_len, std::ssize(at.k)));
  for (std::size_t head = 0; head < at.weights.size(); ++head) {
    const auto [query, source] = head_columns(o, head);
    for (std::size_t t = 0; t < length; ++t) {
      std::vector<S>& weights = at.weights[head][t];
      S top(-1e300), total(0);
      for (std::size_t j = 0; j < visible(o, at, t); ++j) {
        S score(0);
        for (std::size_t c = 0; c < size; ++c) score = score + at.q[t][query + c] * at.k[j][source + c];
        weights[j] = S(attention_scale(o)) * score;
        if (weights[j] > top) top = weights[j];
      }
      for (std::size_t j = 0; j < visible(o, at, t); ++j) {
        weights[j] = exp(weights[j] - top);
        total = total + weights[j];
      }
      for (std::size_t j = 0; j < visible(o, at, t); ++j) {
        weights[j] = weights[j] / total;
        for (std::size_t c = 0; c < size; ++c)
          at.z[t][query + c] = at.z[t][query + c] + weights[j] * at.v[j][source + c];
      }
    }
  }
}

template <class S>
void attend_backward(const ModelOptions& o, const AttentionTrace<S>& at, const Rows<S>& dz, Rows<S>& dq, Rows<S>& dk,
                     Rows<S>& dv) {
  const std::size_t length = at.q.size(), size = static_cast<std::size_t>(o.d_head);
  dq = zeros<S>(o.seq_len, o.n_heads * o.d_head);
  dv = dk = zeros<S>(std::ssize(at.k), o.kv_heads() * o.d_head);
  for (std::size_t head = 0; head < at.weights.size(); ++head) {
    const auto [query, source] = head_columns(o, head);
    for (std::size_t t = 0; t < length; ++t) {
      const std::vector<S>& weights = at.weights[head][t];
      std::vector<S> dweights(at.k.size(), S(0));
      S mean(0);
      for (std::size_t j = 0; j < visible(o, at, t); ++j) {
        for (std::size_t c = 0; c < size; ++c) {
          dweights[j] = dweights[j] + dz[t][query + c] * at.v[j][source + c];
          dv[j][source + c] = dv[j][source + c] + weights[j] * dz[t][query + c];
        }
        mean = mean + weights[j] * dweights[j];
      }
      for (std::size_t j = 0; j < visible(o, at, t); ++j) {
        const S dscore = S(attention_scale(o)) * (weights[j] * (dweights[j] - mean));
        for (std::size_t c = 0; c < size; ++c) {
          dq[t][query + c] = dq[t][query + c] + dscore * at.k[j][source + c];
          dk[j][source + c] = dk[j][source + c] + dscore * at.q[t][query + c];
        }
      }
    }
  }
}

// x becomes x'.
template <class S>
AttentionTrace<S> attention_forward(const ModelOptions& o, const LayerMaps<S>& maps, Rows<S>& x) {
  using enum BlockKind;
  AttentionTrace<S> at;
  at.input = normalise(o, maps.theta, maps.find(attn_norm_gain), maps.find(attn_norm_bias), x);
  at.q = maps.linear(attn_q, attn_q_bias, 1, at.input.h);
  at.k = maps.linear(attn_k, attn_k_bias, 1, at.input.h);
  at.v = maps.linear(attn_v, attn_v_bias, 1, at.input.h);
  if (o.positions == Positions::rotary) {
    rotate(o, 1, at.q);
    rotate(o, 1, at.k);
  }
  attend(o, at);
  add_to(x, maps.linear(attn_o, attn_o_bias, o.branch_scale, at.z));
  return at;
}

// dx, the cotangent of x', becomes that of x.
template <class S>
void attention_backward(const ModelOptions& o, const LayerMaps<S>& maps, const LayerPlan& plan,
                        const AttentionTrace<S>& at, Rows<S>& dx, std::vector<S>& gradient) {
  using enum BlockKind;
  const KindSet& wanted = plan.wanted;
  maps.gradients(attn_o, attn_o_bias, wanted, o.branch_scale, dx, at.z, gradient);
  if (!plan.attention.inside) return;
  Rows<S> dq, dk, dv;
  attend_backward(o, at, maps.cotangent(attn_o, o.branch_scale, dx), dq, dk, dv);
  if (o.positions == Positions::rotary) {
    rotate(o, -1, dq);
    rotate(o, -1, dk);
  }
  maps.gradients(attn_q, attn_q_bias, wanted, 1, dq, at.input.h, gradient);
  maps.gradients(attn_k, attn_k_bias, wanted, 1, dk, at.input.h, gradient);
  maps.gradients(attn_v, attn_v_bias, wanted, 1, dv, at.input.h, gradient);
  if (!plan.attention.normal) return;
  Rows<S> dh = maps.cotangent(attn_q, 1, dq);
  add_to(dh, maps.cotangent(attn_k, 1, dk));
  add_to(dh, maps.cotangent(attn_v, 1, dv));
  maps.norm_backward(o, attn_norm_gain, attn_norm_bias, wanted, plan.attention.input, at.input, dh, dx, gradient);
}

}  // namespace phaselaw::model::reference
