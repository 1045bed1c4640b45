// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "phaselaw/base/instruction_set.h"
#include "phaselaw/model/attention_lanes.h"
#include "phaselaw/model/elementwise.h"
#include "phaselaw/numerics/gemm.h"

namespace phaselaw::model {

using numerics::gemm;
using numerics::Op;

namespace {

// Up to this size of a head's q and k (tokens times d_head) lanes beat products by blocks of rows.
constexpr std::int64_t kLanesUpTo = 512;
constexpr std::int64_t kBlockRows = 32;

bool in_lanes(const AttentionShape& s) { return std::max(s.seq_len, s.keys()) * s.d_head <= kLanesUpTo; }

// In place: the softmax of the first `visible` of `length` numbers, zeros after them.
template <class T>
void softmax_row(std::int64_t visible, std::int64_t length, T* row) {
  using Vector = typename numerics::VectorOf<T>::type;
  constexpr std::int64_t kLanes = numerics::VectorOf<T>::kLanes;
  const std::int64_t whole = visible / kLanes * kLanes, padded = std::min(whole + kLanes, length);
  // The rest of the row is handled as a vector too, which is cheaper than single numbers; it may end beyond the row.
  const auto bytes = static_cast<std::size_t>(padded - whole) * sizeof(T);
  Vector rest = Vector{} - std::numeric_limits<T>::infinity();
  if (bytes == sizeof rest)
    rest = numerics::load<Vector>(row + whole);
  else
    std::memcpy(&rest, row + whole, bytes);
  Vector place = {};
  for (std::int64_t lane = 0; lane < kLanes; ++lane) place[lane] = static_cast<T>(lane);
  const auto shown = place < static_cast<T>(visible - whole);
  rest = shown ? rest : Vector{} - std::numeric_limits<T>::infinity();

  Vector tops = rest;
  for (std::int64_t j = 0; j < whole; j += kLanes) {
    const auto scores = numerics::load<Vector>(row + j);
    tops = scores > tops ? scores : tops;
  }
  T top = tops[0];
  for (std::int64_t lane = 1; lane < kLanes; ++lane) top = tops[lane] > top ? tops[lane] : top;
  rest = exponential(rest - top);
  rest = shown ? rest : Vector{};
  Vector totals = rest;
  for (std::int64_t j = 0; j < whole; j += kLanes) {
    const Vector weights = exponential(numerics::load<Vector>(row + j) - top);
    totals += weights;
    std::memcpy(row + j, &weights, sizeof weights);
  }
  T total = totals[0];
  for (std::int64_t lane = 1; lane < kLanes; ++lane) total += totals[lane];
  const T inverse = T(1) / total;
  for (std::int64_t j = 0; j < whole; j += kLanes) {
    const Vector weights = inverse * numerics::load<Vector>(row + j);
    std::memcpy(row + j, &weights, sizeof weights);
  }
  rest = shown ? rest * inverse : Vector{};  // zero also where the sum is not a number
  if (bytes == sizeof rest)
    std::memcpy(row + whole, &rest, sizeof rest);
  else
    std::memcpy(row + whole, &rest, bytes);
  std::fill(row + padded, row + length, T(0));
}

template <class T>
void softmax_rows(const AttentionShape& s, std::int64_t start, std::int64_t rows, T* weights) {
  const std::int64_t keys = s.keys();
  for (std::int64_t t = start; t < start + rows; ++t) softmax_row(s.visible(t), keys, weights + t * keys);
}

// The rows of one head of one sequence.
template <class T>
AttentionRows<T> head_of(const AttentionShape& s, const AttentionRows<T>& rows, std::int64_t sequence, std::int64_t h) {
  const std::int64_t query = sequence * s.seq_len * rows.stride + h * s.d_head,
                     source = sequence * s.keys() * rows.source_stride + h * s.d_head;
  return {rows.q + query, rows.k + source, rows.v + source, rows.stride, rows.source_stride};
}

template <class T>
void forward_blocks(const AttentionShape& s, const AttentionRows<const T>& head, T* weights, T* z) {
  const std::int64_t length = s.seq_len, keys = s.keys(), size = s.d_head, width = s.n_heads * s.d_head;
  for (std::int64_t start = 0; start < length; start += kBlockRows) {
    const std::int64_t rows = std::min(kBlockRows, length - start);
    const std::int64_t cols = s.visible(start + rows - 1);
    T* block = weights + start * keys;
    gemm<T>(Op::none, Op::transpose, rows, cols, size, static_cast<T>(s.scale), head.q + start * head.stride,
            head.stride, head.k, head.source_stride, T(0), block, keys);
    base::Versions<softmax_rows<T>>::call(s, start, rows, weights);
    gemm<T>(Op::none, Op::none, rows, size, cols, T(1), block, keys, head.v, head.source_stride, T(0),
            z + start * width, width);
  }
}

// dscore_tj = scale A_tj (dA_tj - sum_i A_ti dA_ti), in place of dA. The softmax Jacobian is symmetric, so the same
// map takes unscaled dscore to dA in the tangent pass.
template <class T>
void softmax_backward_row(std::int64_t count, T scale, const T* weights, T* dweights) {
  T mean = 0;
#pragma omp simd reduction(+ : mean)
  for (std::int64_t j = 0; j < count; ++j) mean += weights[j] * dweights[j];
#pragma omp simd
  for (std::int64_t j = 0; j < count; ++j) dweights[j] = scale * weights[j] * (dweights[j] - mean);
}

template <class T>
void softmax_backward_rows(std::int64_t rows, std::int64_t count, std::int64_t stride, T scale, const T* weights,
                           T* dweights) {
  for (std::int64_t t = 0; t < rows; ++t)
    softmax_backward_row(count, scale, weights + t * stride, dweights + t * stride);
}

template <class T>
void backward_blocks(const AttentionShape& s, const AttentionRows<const T>& head, const T* weights, const T* dz,
                     const AttentionRows<T>& d, T* scratch) {
  const std::int64_t length = s.seq_len, keys = s.keys(), size = s.d_head, width = s.n_heads * s.d_head;
  // The last block comes first: it writes every row of dk and dv, and the others add to them.
  const std::int64_t blocks = (length + kBlockRows - 1) / kBlockRows;
  for (std::int64_t b = blocks - 1; b >= 0; --b) {
    const std::int64_t start = b * kBlockRows;
    const std::int64_t rows = std::min(kBlockRows, length - start);
    const std::int64_t cols = s.visible(start + rows - 1);
    const T beta = b == blocks - 1 ? T(0) : T(1);
    const T *block = weights + start * keys, *out = dz + start * width;
    gemm<T>(Op::transpose, Op::none, cols, size, rows, T(1), block, keys, out, width, beta, d.v, d.source_stride);
    gemm<T>(Op::none, Op::transpose, rows, cols, size, T(1), out, width, head.v, head.source_stride, T(0), scratch,
            keys);
    base::Versions<softmax_backward_rows<T>>::call(rows, cols, keys, static_cast<T>(s.scale), block, scratch);
    gemm<T>(Op::none, Op::none, rows, size, cols, T(1), scratch, keys, head.k, head.source_stride, T(0),
            d.q + start * d.stride, d.stride);
    gemm<T>(Op::transpose, Op::none, cols, size, rows, T(1), scratch, keys, head.q + start * head.stride, head.stride,
            beta, d.k, d.source_stride);
  }
}

template <class T>
void tangent_blocks(const AttentionShape& s, const AttentionRows<const T>& head, const AttentionRows<const T>& tangent,
                    const T* weights, T* dz, T* scratch) {
  const std::int64_t length = s.seq_len, keys = s.keys(), size = s.d_head, width = s.n_heads * s.d_head;
  for (std::int64_t start = 0; start < length; start += kBlockRows) {
    const std::int64_t rows = std::min(kBlockRows, length - start);
    const std::int64_t cols = s.visible(start + rows - 1);
    const T* block = weights + start * keys;
    T* const out = dz + start * width;
    gemm<T>(Op::none, Op::transpose, rows, cols, size, T(1), tangent.q + start * tangent.stride, tangent.stride, head.k,
            head.source_stride, T(0), scratch, keys);
    gemm<T>(Op::none, Op::transpose, rows, cols, size, T(1), head.q + start * head.stride, head.stride, tangent.k,
            tangent.source_stride, T(1), scratch, keys);
    base::Versions<softmax_backward_rows<T>>::call(rows, cols, keys, static_cast<T>(s.scale), block, scratch);
    gemm<T>(Op::none, Op::none, rows, size, cols, T(1), scratch, keys, head.v, head.source_stride, T(0), out, width);
    gemm<T>(Op::none, Op::none, rows, size, cols, T(1), block, keys, tangent.v, tangent.source_stride, T(1), out,
            width);
  }
}

// Short sequences.
template <class T>
void forward_lanes(const AttentionShape& s, const AttentionRows<const T>& rows, T* weights, T* z, T* scratch) {
  AttentionLanes<T>(s, scratch).forward(rows, weights, z);
}

template <class T>
void backward_lanes(const AttentionShape& s, const AttentionRows<const T>& rows, const T* weights, const T* dz,
                    const AttentionRows<T>& drows, T* scratch) {
  AttentionLanes<T>(s, scratch).backward(rows, weights, dz, drows);
}

template <class T>
void tangent_lanes(const AttentionShape& s, const AttentionRows<const T>& rows, const T* weights,
                   const AttentionRows<const T>& drows, T* dz, T* scratch) {
  AttentionLanes<T>(s, scratch).tangent(rows, weights, drows, dz);
}

// body(sequence, head, offset of its weights, offset of its z)
template <class Body>
void for_each_head(const AttentionShape& s, Body&& body) {
  for (std::int64_t sequence = 0; sequence < s.n; ++sequence)
    for (std::int64_t h = 0; h < s.n_heads; ++h)
      body(sequence, h, (sequence * s.n_heads + h) * s.seq_len * s.keys(),
           sequence * s.seq_len * s.n_heads * s.d_head + h * s.d_head);
}

}  // namespace

AttentionShape attention_shape(const ModelOptions& o, std::int64_t n) {
  const auto size = static_cast<double>(o.d_head);
  return {n,
          o.seq_len,
          o.n_heads,
          o.d_head,
          o.mask == Mask::causal,
          o.parametrisation == Parametrisation::mup ? 1 / size : 1 / std::sqrt(size)};
}

AttentionShape cross_attention_shape(const ModelOptions& o, std::int64_t n) {
  AttentionShape shape = attention_shape(o, n);
  shape.causal = false;
  shape.source_len = o.source_rows();
  return shape;
}

std::int64_t attention_scratch(const AttentionShape& s) {
  return in_lanes(s) ? AttentionLanes<float>::scratch(s) : kBlockRows * s.keys();
}

PassFlops attention_flops(const AttentionShape& s) {
  std::int64_t seen = 0;
  for (std::int64_t t = 0; t < s.seq_len; ++t) seen += s.visible(t);
  const double size = static_cast<double>(s.d_head), pairs = static_cast<double>(s.n * s.n_heads * seen);
  return {.forward = {.attention = pairs * 4 * size, .other = pairs * 5},
          .backward = {.attention = pairs * 8 * size, .other = pairs * 5}};
}

template <class T>
void attention_forward(const AttentionShape& s, const AttentionRows<const T>& rows, T* weights, T* z, T* scratch) {
  if (in_lanes(s)) return base::Versions<forward_lanes<T>>::call(s, rows, weights, z, scratch);
  for_each_head(s, [&](std::int64_t sequence, std::int64_t h, std::int64_t square, std::int64_t row) {
    forward_blocks(s, head_of(s, rows, sequence, h), weights + square, z + row);
  });
}

template <class T>
void attention_backward(const AttentionShape& s, const AttentionRows<const T>& rows, const T* weights, const T* dz,
                        const AttentionRows<T>& drows, T* scratch) {
  if (in_lanes(s)) return base::Versions<backward_lanes<T>>::call(s, rows, weights, dz, drows, scratch);
  for_each_head(s, [&](std::int64_t sequence, std::int64_t h, std::int64_t square, std::int64_t row) {
    backward_blocks(s, head_of(s, rows, sequence, h), weights + square, dz + row, head_of(s, drows, sequence, h),
                    scratch);
  });
}

template <class T>
void attention_tangent(const AttentionShape& s, const AttentionRows<const T>& rows, const T* weights,
                       const AttentionRows<const T>& drows, T* dz, T* scratch) {
  if (in_lanes(s)) return base::Versions<tangent_lanes<T>>::call(s, rows, weights, drows, dz, scratch);
  for_each_head(s, [&](std::int64_t sequence, std::int64_t h, std::int64_t square, std::int64_t row) {
    tangent_blocks(s, head_of(s, rows, sequence, h), head_of(s, drows, sequence, h), weights + square, dz + row,
                   scratch);
  });
}

template void attention_forward<float>(const AttentionShape&, const AttentionRows<const float>&, float*, float*,
                                       float*);
template void attention_forward<double>(const AttentionShape&, const AttentionRows<const double>&, double*, double*,
                                        double*);
template void attention_backward<float>(const AttentionShape&, const AttentionRows<const float>&, const float*,
                                        const float*, const AttentionRows<float>&, float*);
template void attention_backward<double>(const AttentionShape&, const AttentionRows<const double>&, const double*,
                                         const double*, const AttentionRows<double>&, double*);
template void attention_tangent<float>(const AttentionShape&, const AttentionRows<const float>&, const float*,
                                       const AttentionRows<const float>&, float*, float*);
template void attention_tangent<double>(const AttentionShape&, const AttentionRows<const double>&, const double*,
                                        const AttentionRows<const double>&, double*, double*);

}  // namespace phaselaw::model
