// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "phaselaw/model/flop_count.h"
#include "phaselaw/model/options.h"

// Softmax attention of a batch, without its matrices:
//
//   A_tj = softmax_j( scale <q_t, k_j> ) over visible j,   z_t = sum_j A_tj v_j        (per sequence and head)
//
// its vector-Jacobian product and its Jacobian-vector product. In self-attention t and j run over the same tokens; in
// cross-attention j runs over the tokens of a source, all of them visible. Rows are w = n_heads d_head long, head by
// head (AttentionRows). Small heads are computed side by side in the lanes of a vector (attention_lanes.h),
// larger ones by products of blocks of rows; neither computes much of the masked half. Scratch: attention_scratch()
// elements, 32-byte aligned.
namespace phaselaw::model {

struct AttentionShape {
  std::int64_t n = 0, seq_len = 0, n_heads = 0, d_head = 0;
  bool causal = true;
  double scale = 1;
  std::int64_t source_len = 0;  // cross-attention: number of tokens j; 0: self-attention

  // Number of tokens j, S.
  [[nodiscard]] std::int64_t keys() const { return source_len == 0 ? seq_len : source_len; }
  // Tokens that token t sees: 0 .. visible(t) - 1.
  [[nodiscard]] std::int64_t visible(std::int64_t t) const { return causal ? t + 1 : keys(); }
};

// Where q (n L rows, `stride` numbers apart) and k, v (n S rows, `source_stride` apart) lie, or their cotangents or
// tangents. T may be const.
template <class T>
struct AttentionRows {
  T *q = nullptr, *k = nullptr, *v = nullptr;
  std::int64_t stride = 0, source_stride = 0;
};

// Self-attention: q | k | v in rows of 3 w.
template <class T>
[[nodiscard]] AttentionRows<T> self_rows(const AttentionShape& s, T* qkv) {
  const std::int64_t w = s.n_heads * s.d_head;
  return {qkv, qkv + w, qkv + 2 * w, 3 * w, 3 * w};
}
// Cross-attention: q in rows of w, k | v in rows of 2 w.
template <class T>
[[nodiscard]] AttentionRows<T> cross_rows(const AttentionShape& s, T* q, T* kv) {
  const std::int64_t w = s.n_heads * s.d_head;
  return {q, kv, kv + w, w, 2 * w};
}

// Of self-attention, and of attention to the source (models with an encoder).
[[nodiscard]] AttentionShape attention_shape(const ModelOptions& options, std::int64_t n);
[[nodiscard]] AttentionShape cross_attention_shape(const ModelOptions& options, std::int64_t n);
[[nodiscard]] std::int64_t attention_scratch(const AttentionShape& shape);
[[nodiscard]] PassFlops attention_flops(const AttentionShape& shape);  // of the n sequences

// weights: n x H x L x S, zero where masked;  z: (n L) x w.
template <class T>
void attention_forward(const AttentionShape& shape, const AttentionRows<const T>& rows, T* weights, T* z, T* scratch);

// drows (overwritten) from dz.
template <class T>
void attention_backward(const AttentionShape& shape, const AttentionRows<const T>& rows, const T* weights, const T* dz,
                        const AttentionRows<T>& drows, T* scratch);

// dz (overwritten), the derivative of z along drows:
//   dS_tj = scale (<dq_t, k_j> + <q_t, dk_j>),   dA_tj = A_tj (dS_tj - sum_i A_ti dS_ti),
//   dz_t  = sum_j dA_tj v_j + A_tj dv_j
template <class T>
void attention_tangent(const AttentionShape& shape, const AttentionRows<const T>& rows, const T* weights,
                       const AttentionRows<const T>& drows, T* dz, T* scratch);

}  // namespace phaselaw::model
