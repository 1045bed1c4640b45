// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "phaselaw/model/attention.h"
#include "phaselaw/model/elementwise.h"
#include "phaselaw/numerics/vectors.h"

// Attention of short sequences. Their heads are too small for matrix products and for vectors along a row. So as many
// heads (of any sequences) as a vector has lanes are computed side by side, each in its own lane. A head's numbers
// do not depend on which others share the vector. No masked entry is computed. Definitions: model/attention.h.
namespace phaselaw::model {

// Numbers [index][lane] of one group of heads.
template <class T>
class AttentionLanes {
 public:
  // Per lane: d_head numbers for each row of q, k, v, of their tangents or cotangents, and of z or dz; and two rows of
  // the weights.
  static std::int64_t scratch(const AttentionShape& s) {
    return kLanes * ((3 * s.seq_len + 4 * s.keys()) * s.d_head + 2 * s.keys());
  }

  AttentionLanes(const AttentionShape& shape, T* scratch)
      : s_(shape),
        length_(shape.seq_len),
        keys_(shape.keys()),
        size_(shape.d_head),
        width_(shape.n_heads * shape.d_head) {
    auto* at = reinterpret_cast<Vector*>(scratch);
    for (Vector** piece : {&q_, &dq_, &z_}) *piece = std::exchange(at, at + length_ * size_);
    for (Vector** piece : {&k_, &v_, &dk_, &dv_}) *piece = std::exchange(at, at + keys_ * size_);
    row_ = at;
    weight_ = at + keys_;
  }

  void forward(const AttentionRows<const T>& rows, T* weights, T* z) {
    for_each_group([&] {
      gather_rows(rows, q_, k_, v_);
      for (std::int64_t t = 0; t < length_; ++t) {
        const std::int64_t visible = s_.visible(t);
        with_size([&](auto size) {
          dots(size, q_ + t * size, visible, k_);
          softmax(visible);
          weighted_sum(size, visible, v_, z_ + t * size);
        });
        scatter_row(t, visible, weights);
      }
      scatter(z_, length_, width_, z);
    });
  }

  void backward(const AttentionRows<const T>& rows, const T* weights, const T* dz, const AttentionRows<T>& drows) {
    for_each_group([&] {
      gather_rows(rows, q_, k_, v_);
      gather(dz, length_, width_, z_);
      std::fill_n(dk_, keys_ * size_, Vector{});
      std::fill_n(dv_, keys_ * size_, Vector{});
      for (std::int64_t t = 0; t < length_; ++t) {
        const std::int64_t visible = s_.visible(t);
        gather_row(t, visible, weights);
        with_size([&](auto size) {
          const Vector *q = q_ + t * size, *out = z_ + t * size;
          dots(size, out, visible, v_);
          softmax_derivative(visible);
          for (std::int64_t j = 0; j < visible; ++j) {
            const Vector dscore = row_[j], weight = weight_[j];
            Vector *dk = dk_ + j * size, *dv = dv_ + j * size;
            for (std::int64_t c = 0; c < size; ++c) {
              dk[c] += dscore * q[c];
              dv[c] += weight * out[c];
            }
          }
          weighted_sum(size, visible, k_, dq_ + t * size);
        });
      }
      scatter(dq_, length_, drows.stride, drows.q);
      scatter(dk_, keys_, drows.source_stride, drows.k);
      scatter(dv_, keys_, drows.source_stride, drows.v);
    });
  }

  void tangent(const AttentionRows<const T>& rows, const T* weights, const AttentionRows<const T>& drows, T* dz) {
    for_each_group([&] {
      gather_rows(rows, q_, k_, v_);
      gather_rows(drows, dq_, dk_, dv_);
      for (std::int64_t t = 0; t < length_; ++t) {
        const std::int64_t visible = s_.visible(t);
        gather_row(t, visible, weights);
        for (std::int64_t j = 0; j < visible; ++j)
          row_[j] = dot(q_ + t * size_, dk_ + j * size_) + dot(dq_ + t * size_, k_ + j * size_);
        softmax_derivative(visible);
        for (std::int64_t c = 0; c < size_; ++c) {
          Vector sum = {};
          for (std::int64_t j = 0; j < visible; ++j)
            sum += row_[j] * v_[j * size_ + c] + weight_[j] * dv_[j * size_ + c];
          z_[t * size_ + c] = sum;
        }
      }
      scatter(z_, length_, width_, dz);
    });
  }

 private:
  using Vector = typename numerics::VectorOf<T>::type;
  static constexpr std::int64_t kLanes = numerics::VectorOf<T>::kLanes;

  template <class Body>
  void for_each_group(Body&& body) {
    const std::int64_t heads = s_.n * s_.n_heads;
    for (first_ = 0; first_ < heads; first_ += kLanes) {
      lanes_ = std::min(kLanes, heads - first_);
      body();
    }
  }

  void gather_rows(const AttentionRows<const T>& rows, Vector* q, Vector* k, Vector* v) const {
    gather(rows.q, length_, rows.stride, q);
    gather(rows.k, keys_, rows.source_stride, k);
    gather(rows.v, keys_, rows.source_stride, v);
  }

  // Copies the numbers of all heads, in `count` rows of a sequence that are `stride` long, and back. Lanes without a
  // head hold 0.
  void gather(const T* from, std::int64_t count, std::int64_t stride, Vector* to) const {
    if (lanes_ == kLanes && size_ % kLanes == 0) {
      const T* in[kLanes];
      for (std::int64_t lane = 0; lane < kLanes; ++lane) in[lane] = from + place(lane, count, stride);
      for (std::int64_t t = 0; t < count; ++t)
        for (std::int64_t c = 0; c < size_; c += kLanes) rows_to_lanes(in, t * stride + c, to + t * size_ + c);
      return;
    }
    if (lanes_ < kLanes) std::fill_n(to, count * size_, Vector{});
    for (std::int64_t lane = 0; lane < lanes_; ++lane) {
      const T* in = from + place(lane, count, stride);
      T* out = reinterpret_cast<T*>(to) + lane;
      for (std::int64_t t = 0; t < count; ++t)
        for (std::int64_t c = 0; c < size_; ++c) out[(t * size_ + c) * kLanes] = in[t * stride + c];
    }
  }
  void scatter(const Vector* from, std::int64_t count, std::int64_t stride, T* to) const {
    if (lanes_ == kLanes && size_ % kLanes == 0) {
      T* out[kLanes];
      for (std::int64_t lane = 0; lane < kLanes; ++lane) out[lane] = to + place(lane, count, stride);
      for (std::int64_t t = 0; t < count; ++t)
        for (std::int64_t c = 0; c < size_; c += kLanes) lanes_to_rows(from + t * size_ + c, out, t * stride + c);
      return;
    }
    for (std::int64_t lane = 0; lane < lanes_; ++lane) {
      const T* in = reinterpret_cast<const T*>(from) + lane;
      T* out = to + place(lane, count, stride);
      for (std::int64_t t = 0; t < count; ++t)
        for (std::int64_t c = 0; c < size_; ++c) out[t * stride + c] = in[(t * size_ + c) * kLanes];
    }
  }
  // kLanes numbers of each head's row at `offset`, and back.
  static void rows_to_lanes(const T* const (&in)[kLanes], std::int64_t offset, Vector* to) {
    Vector x[kLanes];
#pragma GCC unroll 8
    for (std::int64_t i = 0; i < kLanes; ++i) std::memcpy(&x[i], in[i] + offset, sizeof x[i]);
    numerics::transpose(x);
#pragma GCC unroll 8
    for (std::int64_t i = 0; i < kLanes; ++i) to[i] = x[i];
  }
  static void lanes_to_rows(const Vector* from, T* const (&out)[kLanes], std::int64_t offset) {
    Vector x[kLanes];
#pragma GCC unroll 8
    for (std::int64_t i = 0; i < kLanes; ++i) x[i] = from[i];
    numerics::transpose(x);
#pragma GCC unroll 8
    for (std::int64_t i = 0; i < kLanes; ++i) std::memcpy(out[i] + offset, &x[i], sizeof x[i]);
  }
  [[nodiscard]] std::int64_t place(std::int64_t lane, std::int64_t count, std::int64_t stride) const {
    const std::int64_t sequence = (first_ + lane) / s_.n_heads, head = (first_ + lane) % s_.n_heads;
    return sequence * count * stride + head * size_;
  }

  // Row t of the weights, n x H x L x S.
  void scatter_row(std::int64_t t, std::int64_t visible, T* weights) const {
    if (lanes_ == kLanes && keys_ % kLanes == 0) {
      T* out[kLanes];
      for (std::int64_t lane = 0; lane < kLanes; ++lane) out[lane] = weights + ((first_ + lane) * length_ + t) * keys_;
      std::fill(row_ + visible, row_ + keys_, Vector{});
      for (std::int64_t j = 0; j < keys_; j += kLanes) lanes_to_rows(row_ + j, out, j);
      return;
    }
    for (std::int64_t lane = 0; lane < lanes_; ++lane) {
      T* out = weights + ((first_ + lane) * length_ + t) * keys_;
      for (std::int64_t j = 0; j < visible; ++j) out[j] = row_[j][lane];
      for (std::int64_t j = visible; j < keys_; ++j) out[j] = T(0);
    }
  }
  void gather_row(std::int64_t t, std::int64_t visible, const T* weights) const {
    if (lanes_ == kLanes && keys_ % kLanes == 0) {
      const T* in[kLanes];
      for (std::int64_t lane = 0; lane < kLanes; ++lane) in[lane] = weights + ((first_ + lane) * length_ + t) * keys_;
      for (std::int64_t j = 0; j < visible; j += kLanes) rows_to_lanes(in, j, weight_ + j);
      return;
    }
    for (std::int64_t lane = 0; lane < lanes_; ++lane) {
      const T* in = weights + ((first_ + lane) * length_ + t) * keys_;
      for (std::int64_t j = 0; j < visible; ++j) weight_[j][lane] = in[j];
    }
  }

  // Calls body(d_head). For the usual small heads the compiler knows the size, so that their rows stay in registers.
  template <class Body>
  void with_size(Body&& body) const {
    if (size_ == 8) return body(std::integral_constant<std::int64_t, 8>());
    body(size_);
  }

  // row_[j] = <a, rows_j>
  template <class Size>
  void dots(Size size, const Vector* a, std::int64_t visible, const Vector* rows) {
    for (std::int64_t j = 0; j < visible; ++j) {
      Vector sum = {};
      for (std::int64_t c = 0; c < size; ++c) sum += a[c] * rows[j * size + c];
      row_[j] = sum;
    }
  }
  // out = sum_j row_[j] rows_j
  template <class Size>
  void weighted_sum(Size size, std::int64_t visible, const Vector* rows, Vector* out) const {
    if constexpr (std::is_same_v<Size, std::int64_t>) {
      for (std::int64_t c = 0; c < size; ++c) {
        Vector sum = {};
        for (std::int64_t j = 0; j < visible; ++j) sum += row_[j] * rows[j * size + c];
        out[c] = sum;
      }
    } else {
      Vector sum[Size::value] = {};
      for (std::int64_t j = 0; j < visible; ++j)
        for (std::int64_t c = 0; c < size; ++c) sum[c] += row_[j] * rows[j * size + c];
      for (std::int64_t c = 0; c < size; ++c) out[c] = sum[c];
    }
  }

  [[gnu::always_inline]] Vector dot(const Vector* a, const Vector* b) const {
    Vector sum = {};
    for (std::int64_t c = 0; c < size_; ++c) sum += a[c] * b[c];
    return sum;
  }

  // row_ = softmax(scale row_).
  void softmax(std::int64_t visible) {
    const T scale = static_cast<T>(s_.scale);
    for (std::int64_t j = 0; j < visible; ++j) row_[j] *= scale;
    Vector top = row_[0], total = {};
    for (std::int64_t j = 1; j < visible; ++j) top = row_[j] > top ? row_[j] : top;
    for (std::int64_t j = 0; j < visible; ++j) {
      row_[j] = exponential(row_[j] - top);
      total += row_[j];
    }
    const Vector inverse = T(1) / total;
    for (std::int64_t j = 0; j < visible; ++j) row_[j] *= inverse;
  }

  // row_ = scale weight (row_ - <weight, row_>).
  void softmax_derivative(std::int64_t visible) {
    const T scale = static_cast<T>(s_.scale);
    Vector mean = {};
    for (std::int64_t j = 0; j < visible; ++j) mean += weight_[j] * row_[j];
    for (std::int64_t j = 0; j < visible; ++j) row_[j] = scale * weight_[j] * (row_[j] - mean);
  }

  const AttentionShape& s_;
  std::int64_t length_, keys_, size_, width_;
  std::int64_t first_ = 0, lanes_ = 0;  // the group's first head, counted over the sequences, and its number of heads
  Vector *q_, *k_, *v_, *dq_, *dk_, *dv_, *z_, *row_, *weight_;
};

}  // namespace phaselaw::model
