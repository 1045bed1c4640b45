// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "phaselaw/model/flop_count.h"
#include "phaselaw/model/options.h"

// The step between the projections of q, k, v and attention: rotary positions, and heads of keys and values that
// several queries share. Rows are packed q | k | v with 3 w numbers, w = n_heads d_head. With shared heads the
// projections fill the first n_kv_heads d_head numbers of the k and v parts; attention reads all w.
namespace phaselaw::model {

// cos and sin of t base^(-2 i / d_head), seq_len x d_head/2; empty without rotary positions.
template <class T>
struct Rotation {
  std::vector<T> cosine, sine;

  explicit Rotation(const ModelOptions& o) {
    if (o.positions != Positions::rotary) return;
    for (std::int64_t t = 0; t < o.seq_len; ++t)
      for (std::int64_t i = 0; i < o.d_head / 2; ++i) {
        const double angle = static_cast<double>(t) *
                             std::pow(o.rotary_base, -2 * static_cast<double>(i) / static_cast<double>(o.d_head));
        cosine.push_back(static_cast<T>(std::cos(angle)));
        sine.push_back(static_cast<T>(std::sin(angle)));
      }
  }
};

// Rotates coordinates i and i + d_head/2 of `heads` heads in every row by the angle of the row's token; direction +1 or
// -1. Source: Su et al. 2021 [T], with halves paired as in Llama's published weights.
template <class T>
void rotate_heads(const ModelOptions& o, const Rotation<T>& rotation, std::int64_t rows, std::int64_t heads,
                  int direction, T* x, std::int64_t stride) {
  const std::int64_t half = o.d_head / 2;
  for (std::int64_t t = 0; t < rows; ++t) {
    const T *const cosine = rotation.cosine.data() + t % o.seq_len * half, *const sine = rotation.sine.data() +
                                                                                         t % o.seq_len * half;
    for (std::int64_t head = 0; head < heads; ++head) {
      T *const first = x + t * stride + head * o.d_head, *const second = first + half;
#pragma omp simd
      for (std::int64_t i = 0; i < half; ++i) {
        const T a = first[i], b = second[i], s = static_cast<T>(direction) * sine[i];
        first[i] = a * cosine[i] - b * s;
        second[i] = b * cosine[i] + a * s;
      }
    }
  }
}

// Operations on one sequence, in either direction.
[[nodiscard]] inline FlopCount rotation_flops(const ModelOptions& o) {
  if (o.positions != Positions::rotary) return {};
  return {.other = static_cast<double>(o.seq_len) * 3 * static_cast<double>((o.n_heads + o.kv_heads()) * o.d_head)};
}

// Keys or values of n_kv_heads heads become those of n_heads queries, in place, in rows `stride` apart.
template <class T>
void share_heads(const ModelOptions& o, std::int64_t rows, T* x, std::int64_t stride) {
  const std::int64_t group = o.n_heads / o.kv_heads();
  if (group == 1) return;
  for (std::int64_t t = 0; t < rows; ++t) {
    T* const row = x + t * stride;
    for (std::int64_t head = o.n_heads - 1; head > 0; --head)  // downwards: sources are overwritten last
      std::copy_n(row + head / group * o.d_head, o.d_head, row + head * o.d_head);
  }
}

// The transpose: the sum over the queries that share a head.
template <class T>
void share_heads_backward(const ModelOptions& o, std::int64_t rows, T* dx, std::int64_t stride) {
  const std::int64_t group = o.n_heads / o.kv_heads();
  if (group == 1) return;
  for (std::int64_t t = 0; t < rows; ++t) {
    T* const row = dx + t * stride;
    for (std::int64_t head = 0; head < o.n_heads; ++head) {
      T* const sum = row + head / group * o.d_head;
      const T* const term = row + head * o.d_head;
      for (std::int64_t c = 0; c < o.d_head; ++c) sum[c] = (head % group == 0 ? T(0) : sum[c]) + term[c];
    }
  }
}

// Turns projections (or their tangents) into what attention reads, in place.
template <class T>
void arrange_heads(const ModelOptions& o, const Rotation<T>& rotation, std::int64_t rows, T* qkv) {
  const std::int64_t width = o.n_heads * o.d_head, stride = 3 * width;
  if (o.positions == Positions::rotary) {
    rotate_heads(o, rotation, rows, o.n_heads, 1, qkv, stride);
    rotate_heads(o, rotation, rows, o.kv_heads(), 1, qkv + width, stride);
  }
  for (const std::int64_t part : {width, 2 * width}) share_heads(o, rows, qkv + part, stride);
}

// The transpose: turns cotangents of what attention reads into those of the projections, in place.
template <class T>
void arrange_heads_backward(const ModelOptions& o, const Rotation<T>& rotation, std::int64_t rows, T* dqkv) {
  const std::int64_t width = o.n_heads * o.d_head, stride = 3 * width;
  for (const std::int64_t part : {width, 2 * width}) share_heads_backward(o, rows, dqkv + part, stride);
  if (o.positions != Positions::rotary) return;
  rotate_heads(o, rotation, rows, o.n_heads, -1, dqkv, stride);
  rotate_heads(o, rotation, rows, o.kv_heads(), -1, dqkv + width, stride);
}

}  // namespace phaselaw::model
