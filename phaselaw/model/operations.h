// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "phaselaw/base/instruction_set.h"
#include "phaselaw/model/activation.h"
#include "phaselaw/model/attention.h"
#include "phaselaw/model/heads.h"
#include "phaselaw/model/hidden_units.h"
#include "phaselaw/model/linear.h"
#include "phaselaw/model/norm.h"
#include "phaselaw/model/rows.h"

// The operations on which the branches are written (attention_branch.h, cross_branch.h, mlp_branch.h, ends.h), for one
// pass over a batch: those of the decoder's stream, or with the options of the encoder (encoder_of()) those of the
// source's. A branch knows sizes and addresses; only an operation reads or writes numbers. So this class is
// the one place that a device would replace (docs/decisions/023-the-seat-for-a-device.md).
//
// Rows of a matrix lie `stride` numbers apart. Names: x, y rows; d.. a cotangent in a backward pass and a tangent in a
// tangent pass. No operation allocates.
namespace phaselaw::model {

// The part of every input that one stream reads: seq_len rows from row `first` of the `length` rows of an input.
struct InputRows {
  std::int64_t first = 0, length = 0;
};

template <class T>
class Operations {
 public:
  // theta: the parameters. scratch: attention_scratch() numbers, overwritten.
  Operations(const ModelOptions& options, const LinearProducts<T>& products, const Rotation<T>& rotation,
             std::int64_t n, const T* theta, T* scratch)
      : o_(options),
        products_(products),
        rotation_(rotation),
        attention_(attention_shape(options, n)),
        cross_(cross_attention_shape(options, n)),
        rows_(n * options.seq_len),
        theta_(theta),
        scratch_(scratch) {}

  // Linear maps -------------------------------------------------------------------------------------------------------

  // y = scale (c W x + b) + beta y
  void linear(const Linear& map, const T* x, T beta, T* y, std::int64_t stride) const {
    products_(Op::none, Op::transpose, rows_, map.out, map.in, static_cast<T>(map.factor), x, map.in,
              theta_ + map.weight, map.in, beta, y, stride);
    add_bias(map, theta_, y, stride);
  }
  // dx = scale c W^T dy + beta dx
  void linear_backward(const Linear& map, const T* dy, std::int64_t stride, T beta, T* dx) const {
    products_(Op::none, Op::none, rows_, map.in, map.out, static_cast<T>(map.factor), dy, stride, theta_ + map.weight,
              map.in, beta, dx, map.in);
  }
  // dW += scale c dy^T x
  void weight_gradient(const Linear& map, const T* dy, std::int64_t stride, const T* x, T* gradient) const {
    products_(Op::transpose, Op::none, map.out, map.in, rows_, static_cast<T>(map.factor), dy, stride, x, map.in, T(1),
              gradient + map.weight, map.in);
  }
  // db += scale sum_t dy_t, where it is wanted
  void bias_gradient(const Linear& map, const KindSet& wanted, const T* dy, std::int64_t stride, T* gradient) const {
    if (map.bias < 0 || !wanted[map.bias_kind]) return;
    T* const sum = gradient + map.bias;
    base::Versions<add_up_rows<T>>::call(rows_, map.out, static_cast<T>(map.bias_factor), dy, stride, sum);
  }
  // Both of these, where they are wanted.
  void gradients(const Linear& map, const KindSet& wanted, const T* dy, std::int64_t stride, const T* x,
                 T* gradient) const {
    if (wanted[map.kind]) weight_gradient(map, dy, stride, x, gradient);
    bias_gradient(map, wanted, dy, stride, gradient);
  }
  // dy = scale c (W dx + dW x) + beta dy: the first term unless dx is null, the second where it is wanted. dW is the
  // block of `tangent`.
  void weight_tangent(const Linear& map, bool wanted, const T* tangent, const T* x, const T* dx, T beta, T* dy,
                      std::int64_t stride) const {
    const T s = static_cast<T>(map.factor);
    if (dx != nullptr) {
      products_(Op::none, Op::transpose, rows_, map.out, map.in, s, dx, map.in, theta_ + map.weight, map.in, beta, dy,
                stride);
      beta = T(1);
    }
    if (wanted) {
      products_(Op::none, Op::transpose, rows_, map.out, map.in, s, x, map.in, tangent + map.weight, map.in, beta, dy,
                stride);
    } else if (dx == nullptr && beta == T(0)) {
      for (std::int64_t r = 0; r < rows_; ++r) std::fill_n(dy + r * stride, map.out, T(0));
    }
  }
  // dy += scale db, where it is wanted
  void bias_tangent(const Linear& map, const KindSet& wanted, const T* tangent, T* dy, std::int64_t stride) const {
    if (map.bias >= 0 && wanted[map.bias_kind]) add_bias(map, tangent, dy, stride);
  }
  // Both of these.
  void linear_tangent(const Linear& map, const KindSet& wanted, const T* tangent, const T* x, const T* dx, T beta,
                      T* dy, std::int64_t stride) const {
    weight_tangent(map, wanted[map.kind], tangent, x, dx, beta, dy, stride);
    bias_tangent(map, wanted, tangent, dy, stride);
  }

  // Normalisation (norm.h) --------------------------------------------------------------------------------------------

  void normalise(const NormWeights& weights, const T* x, const NormRows<T>& rows) const {
    base::Versions<model::normalise<T>>::call(o_, rows_, theta_, weights, x, rows.unit, rows.h, rows.inverse);
  }
  // Adds to dx and to the gradients; dh is overwritten.
  void normalise_backward(const NormWeights& weights, const NormWanted& wanted, const NormRows<T>& rows, T* dh, T* dx,
                          T* gradient) const {
    base::Versions<model::normalise_backward<T>>::call(o_, rows_, theta_, weights, wanted, rows.unit, rows.inverse, dh,
                                                       dx, gradient);
  }
  void normalise_tangent(const NormWeights& weights, const NormWanted& wanted, const NormRows<T>& rows,
                         const T* tangent, const T* dx, T* dh) const {
    base::Versions<model::normalise_tangent<T>>::call(o_, rows_, theta_, tangent, weights, wanted, rows.unit,
                                                      rows.inverse, dx, dh);
  }

  // Attention (attention.h) between heads that are arranged first (heads.h) -------------------------------------------

  // qkv: the projections, arranged in place.
  void attend(T* qkv, T* weights, T* z) const {
    base::Versions<arrange_heads<T>>::call(o_, rotation_, rows_, qkv);
    attention_forward(attention_, self_rows<const T>(attention_, qkv), weights, z, scratch_);
  }
  void attend_backward(const T* qkv, const T* weights, const T* dz, T* dqkv) const {
    attention_backward(attention_, self_rows<const T>(attention_, qkv), weights, dz, self_rows<T>(attention_, dqkv),
                       scratch_);
    base::Versions<arrange_heads_backward<T>>::call(o_, rotation_, rows_, dqkv);
  }
  void attend_tangent(const T* qkv, const T* weights, T* dqkv, T* dz) const {
    base::Versions<arrange_heads<T>>::call(o_, rotation_, rows_, dqkv);
    attention_tangent(attention_, self_rows<const T>(attention_, qkv), weights, self_rows<const T>(attention_, dqkv),
                      dz, scratch_);
  }
  // Attention to the source: q in rows of w, k | v in rows of 2 w, which are arranged in place.
  void attend_source(const T* q, T* kv, T* weights, T* z) const {
    share_source_heads(kv);
    attention_forward(cross_, cross_rows<const T>(cross_, q, kv), weights, z, scratch_);
  }
  void attend_source_backward(const T* q, const T* kv, const T* weights, const T* dz, T* dq, T* dkv) const {
    attention_backward(cross_, cross_rows<const T>(cross_, q, kv), weights, dz, cross_rows<T>(cross_, dq, dkv),
                       scratch_);
    const std::int64_t w = o_.n_heads * o_.d_head;
    for (const std::int64_t part : {std::int64_t{0}, w})
      base::Versions<share_heads_backward<T>>::call(o_, cross_.n * cross_.source_len, dkv + part, 2 * w);
  }
  void attend_source_tangent(const T* q, const T* kv, const T* weights, const T* dq, T* dkv, T* dz) const {
    share_source_heads(dkv);
    attention_tangent(cross_, cross_rows<const T>(cross_, q, kv), weights, cross_rows<const T>(cross_, dq, dkv), dz,
                      scratch_);
  }

  // Hidden units (hidden_units.h) -------------------------------------------------------------------------------------

  // act = phi(u), u = up(x)
  void activate(const Linear& up, const T* x, const HiddenUnits<T>& units) const {
    if (units.slope == nullptr && up.bias < 0) {  // relu: at once with the product
      products_.then(Op::none, Op::transpose, rows_, up.out, up.in, static_cast<T>(up.factor), x, up.in,
                     theta_ + up.weight, up.in, units.act, up.out, ThenRelu());
    } else {
      linear(up, x, T(0), units.act, up.out);
      model::activate(o_.activation, rows_ * up.out, units.act, units.slope);
    }
  }
  // du = phi'(u) W_down^T dy
  void activate_backward(const Linear& down, const T* dy, const HiddenUnits<T>& units, T* du) const {
    with_slope(units.slope, units.act, down.in, [&](const auto& times_slope) {
      products_.then(Op::none, Op::none, rows_, down.in, down.out, static_cast<T>(down.factor), dy, down.out,
                     theta_ + down.weight, down.in, du, down.in, times_slope);
    });
  }
  // In place: du becomes d act.
  void activate_tangent(const HiddenUnits<T>& units, T* du) const {
    with_slope(units.slope, units.act, o_.d_hidden, [&]<class Times>(const Times& times_slope) {
      base::Versions<finish_rows<T, Times>>::call(rows_, o_.d_hidden, du, o_.d_hidden, times_slope);
    });
  }
  // act = phi(g) u: act holds g and open holds u before.
  void gate(const HiddenUnits<T>& units) const {
    gate_units(o_.activation, rows_ * o_.d_hidden, units.act, units.open, units.slope);
  }
  void gate_backward(const HiddenUnits<T>& units, T* dact, T* dgate) const {
    base::Versions<gate_units_backward<T>>::call(rows_ * o_.d_hidden, units.open, units.slope, dact, dgate);
  }
  void gate_tangent(const HiddenUnits<T>& units, const T* dgate, T* du) const {
    base::Versions<gate_units_tangent<T>>::call(rows_ * o_.d_hidden, units.open, units.slope, dgate, du);
  }

  // The stream, rows of d_model numbers -------------------------------------------------------------------------------

  // x_t = embed[token_t] + position[t], with tables at these offsets of `parameters`; position < 0: none.
  void look_up(const std::int32_t* tokens, const InputRows& part, std::int64_t embed, std::int64_t position,
               const T* parameters, T* x) const {
    const std::int64_t d = o_.d_model;
    for (std::int64_t r = 0; r < rows_; ++r) {
      T* const row = x + r * d;
      std::copy_n(parameters + embed + tokens[input_row(part, r)] * d, d, row);
      if (position < 0) continue;
      const T* const p = parameters + position + (r % o_.seq_len) * d;
      for (std::int64_t i = 0; i < d; ++i) row[i] += p[i];
    }
  }
  // The gradients of the two tables.
  void look_up_backward(const std::int32_t* tokens, const InputRows& part, std::int64_t embed, std::int64_t position,
                        const T* dx, T* gradient) const {
    const std::int64_t d = o_.d_model;
    for (std::int64_t r = 0; r < rows_; ++r) {
      T* const e = gradient + embed + tokens[input_row(part, r)] * d;
      for (std::int64_t i = 0; i < d; ++i) e[i] += dx[r * d + i];
      if (position < 0) continue;
      T* const p = gradient + position + (r % o_.seq_len) * d;
      for (std::int64_t i = 0; i < d; ++i) p[i] += dx[r * d + i];
    }
  }
  // x_t = row t of the part of every input
  void read_rows(const T* inputs, const InputRows& part, T* x) const {
    const std::int64_t d = o_.d_model;
    if (part.length == o_.seq_len) return copy(inputs, x);
    for (std::int64_t r = 0; r < rows_; r += o_.seq_len)
      std::copy_n(inputs + input_row(part, r) * d, o_.seq_len * d, x + r * d);
  }
  void copy(const T* x, T* y) const { std::copy_n(x, rows_ * o_.d_model, y); }
  void clear(T* x) const { std::fill_n(x, rows_ * o_.d_model, T(0)); }
  // y = factor x, `width` numbers per row; zero where factor is zero, whatever x is
  void scale(double factor, std::int64_t width, const T* x, T* y) const {
    const T s = static_cast<T>(factor);
    for (std::int64_t i = 0; i < rows_ * width; ++i) y[i] = s == T(0) ? T(0) : s * x[i];
  }

 private:
  using Op = numerics::Op;

  // Where row r of the stream stands in the inputs.
  [[nodiscard]] std::int64_t input_row(const InputRows& part, std::int64_t r) const {
    return r / o_.seq_len * part.length + part.first + r % o_.seq_len;
  }
  void share_source_heads(T* kv) const {
    const std::int64_t w = o_.n_heads * o_.d_head;
    for (const std::int64_t part : {std::int64_t{0}, w})
      share_heads(o_, cross_.n * cross_.source_len, kv + part, 2 * w);
  }

  void add_bias(const Linear& map, const T* parameters, T* y, std::int64_t stride) const {
    if (map.bias < 0) return;
    const T* const bias = parameters + map.bias;
    base::Versions<add_to_rows<T>>::call(rows_, map.out, static_cast<T>(map.bias_factor), bias, y, stride);
  }

  const ModelOptions& o_;
  const LinearProducts<T>& products_;
  const Rotation<T>& rotation_;
  AttentionShape attention_, cross_;
  std::int64_t rows_;
  const T* theta_;
  T* scratch_;
};

}  // namespace phaselaw::model
