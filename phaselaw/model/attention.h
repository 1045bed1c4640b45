// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "phaselaw/model/flop_count.h"
#include "phaselaw/model/options.h"

// Softmax attention of a batch, without its matrices:
//
//   A_tj = softmax_j( scale <q_t, k_j> ) over visible j,   z_t = sum_j A_tj v_j        (per sequence and head)
//
// its vector-Jacobian product and its Jacobian-vector product. q, k, v lie side by side in rows of length 3 w (w =
// n_heads d_head), head by head. Small heads are computed side by side in the lanes of a vector (attention_lanes.h),
// larger ones by products of blocks of rows; neither computes much of the masked half. Scratch: attention_scratch()
// elements, 32-byte aligned.
namespace phaselaw::model {

struct AttentionShape {
  std::int64_t n = 0, seq_len = 0, n_heads = 0, d_head = 0;
  bool causal = true;
  double scale = 1;

  // Tokens that token t sees: 0 .. visible(t) - 1.
  [[nodiscard]] std::int64_t visible(std::int64_t t) const { return causal ? t + 1 : seq_len; }
};

[[nodiscard]] AttentionShape attention_shape(const ModelOptions& options, std::int64_t n);
[[nodiscard]] std::int64_t attention_scratch(const AttentionShape& shape);
[[nodiscard]] PassFlops attention_flops(const AttentionShape& shape);  // of the n sequences

// qkv: (n L) x 3w;  weights: n x H x L x L, zero where masked;  z: (n L) x w.
template <class T>
void attention_forward(const AttentionShape& shape, const T* qkv, T* weights, T* z, T* scratch);

// dqkv (overwritten) from dz.
template <class T>
void attention_backward(const AttentionShape& shape, const T* qkv, const T* weights, const T* dz, T* dqkv, T* scratch);

// dz (overwritten), the derivative of z along dqkv:
//   dS_tj = scale (<dq_t, k_j> + <q_t, dk_j>),   dA_tj = A_tj (dS_tj - sum_i A_ti dS_ti),
//   dz_t  = sum_j dA_tj v_j + A_tj dv_j
template <class T>
void attention_tangent(const AttentionShape& shape, const T* qkv, const T* weights, const T* dqkv, T* dz, T* scratch);

}  // namespace phaselaw::model
