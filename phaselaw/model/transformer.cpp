// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/transformer.h"

#include <algorithm>

#include "phaselaw/model/bias.h"
#include "phaselaw/model/gated.h"
#include "phaselaw/model/workspace.h"

namespace phaselaw::model {

using numerics::Op;

template <class T>
Transformer<T>::Transformer(const ModelOptions& options) : options_(options), table_(options) {
  validate(options);
}

template <class T>
Transformer<T>::Workspace::Workspace(const Transformer& model, std::int64_t capacity,
                                     numerics::ProductPrecision precision)
    : state_(std::make_unique<State>(model.options(), model.table(), capacity, precision)) {}
template <class T>
Transformer<T>::Workspace::~Workspace() = default;
template <class T>
Transformer<T>::Workspace::Workspace(Workspace&&) noexcept = default;
template <class T>
typename Transformer<T>::Workspace& Transformer<T>::Workspace::operator=(Workspace&&) noexcept = default;
template <class T>
std::int64_t Transformer<T>::Workspace::capacity() const {
  return state_->capacity;
}
template <class T>
std::size_t Transformer<T>::Workspace::bytes() const {
  return state_->arena.size() * sizeof(T);
}

namespace {

// y (rows x block.rows) = scale x W^T + beta y
template <class T>
void product(const LinearProducts<T>& gemm, const T* theta, const ParameterBlock& block, double scale,
             std::int64_t rows, const T* x, T beta, T* y, std::int64_t stride) {
  gemm(Op::none, Op::transpose, rows, block.rows, block.cols, static_cast<T>(scale), x, block.cols,
       theta + block.offset, block.cols, beta, y, stride);
}
template <class T>
void product(const LinearProducts<T>& gemm, const T* theta, const ParameterBlock& block, double scale,
             std::int64_t rows, const T* x, T beta, T* y) {
  product(gemm, theta, block, scale, rows, x, beta, y, block.rows);
}

// dx (rows x block.cols) = scale dy W + beta dx, with rows of dy `stride` apart
template <class T>
void product_backward(const LinearProducts<T>& gemm, const T* theta, const ParameterBlock& block, double scale,
                      std::int64_t rows, const T* dy, std::int64_t stride, T beta, T* dx) {
  gemm(Op::none, Op::none, rows, block.cols, block.rows, static_cast<T>(scale), dy, stride, theta + block.offset,
       block.cols, beta, dx, block.cols);
}
template <class T>
void product_backward(const LinearProducts<T>& gemm, const T* theta, const ParameterBlock& block, double scale,
                      std::int64_t rows, const T* dy, T* dx) {
  product_backward(gemm, theta, block, scale, rows, dy, block.rows, T(0), dx);
}

// dW += scale dy^T x, with rows of dy `stride` apart
template <class T>
void weight_gradient(const LinearProducts<T>& gemm, const ParameterBlock& block, double scale, std::int64_t rows,
                     const T* dy, std::int64_t stride, const T* x, T* gradient) {
  gemm(Op::transpose, Op::none, block.rows, block.cols, rows, static_cast<T>(scale), dy, stride, x, block.cols, T(1),
       gradient + block.offset, block.cols);
}

}  // namespace

template <class T>
void Transformer<T>::forward(std::span<const T> theta_span, const Inputs<T>& inputs, Workspace& workspace,
                             T* outputs) const {
  auto& w = *workspace.state_;
  PHASELAW_CHECK_LE(inputs.n, w.capacity);
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(theta_span.size()), table_.size());
  const T* theta = theta_span.data();
  const auto& o = options_;
  const std::int64_t rows = inputs.n * o.seq_len, d = o.d_model, width = o.n_heads * o.d_head;
  if (o.reads_tokens()) {
    PHASELAW_CHECK(inputs.tokens != nullptr);
    const T* embed = theta + w.embed->offset;
    for (std::int64_t r = 0; r < rows; ++r) {
      T* const x = w.layers[0].x + r * d;
      std::copy_n(embed + inputs.tokens[r] * d, d, x);
      if (w.position == nullptr) continue;
      const T* const position = theta + w.position->offset + (r % o.seq_len) * d;
      for (std::int64_t i = 0; i < d; ++i) x[i] += position[i];
    }
  } else {
    PHASELAW_CHECK(inputs.vectors != nullptr);
    std::copy_n(inputs.vectors, rows * d, w.layers[0].x);
  }
  const AttentionShape shape = attention_shape(o, inputs.n);
  const bool shares_heads = o.kv_heads() != o.n_heads;
  for (std::size_t layer = 0; layer < w.layers.size(); ++layer) {
    auto& at = w.layers[layer];
    T* const next = layer + 1 < w.layers.size() ? w.layers[layer + 1].x : w.x_last;
    normalise(o, rows, theta, at.norm, at.x, at.unit, at.h, at.inv_rms);
    if (shares_heads) {
      product(w.products, theta, *at.q, at.q->multiplier, rows, at.h, T(0), at.qkv, 3 * width);
      product(w.products, theta, *at.k, at.k->multiplier, rows, at.h, T(0), at.qkv + width, 3 * width);
      product(w.products, theta, *at.v, at.v->multiplier, rows, at.h, T(0), at.qkv + 2 * width, 3 * width);
    } else {
      w.products(Op::none, Op::transpose, rows, 3 * width, d, static_cast<T>(at.q->multiplier), at.h, d,
                 theta + at.q->offset, d, T(0), at.qkv, 3 * width);
    }
    add_bias(theta, at.q_bias, 1, rows, at.qkv, 3 * width);
    add_bias(theta, at.k_bias, 1, rows, at.qkv + width, 3 * width);
    add_bias(theta, at.v_bias, 1, rows, at.qkv + 2 * width, 3 * width);
    arrange_heads(o, w.rotation, rows, at.qkv);
    attention_forward(shape, at.qkv, at.attention, at.z, w.scratch);
    std::copy_n(at.x, rows * d, at.x_mid);
    product(w.products, theta, *at.o, o.branch_scale * at.o->multiplier, rows, at.z, T(1), at.x_mid);
    add_bias(theta, at.o_bias, o.branch_scale, rows, at.x_mid, d);
    normalise(o, rows, theta, at.norm_mid, at.x_mid, at.unit_mid, at.h_mid, at.inv_rms_mid);
    T* const up = at.gate == nullptr ? at.act : at.open;
    const bool at_once = at.slope == nullptr && at.up_bias == nullptr;
    if (at_once) {
      w.products.then(Op::none, Op::transpose, rows, o.d_hidden, d, static_cast<T>(at.up->multiplier), at.h_mid, d,
                      theta + at.up->offset, d, up, o.d_hidden, Relu());
    } else {
      product(w.products, theta, *at.up, at.up->multiplier, rows, at.h_mid, T(0), up);
      add_bias(theta, at.up_bias, 1, rows, up, o.d_hidden);
    }
    if (at.gate == nullptr) {
      if (!at_once) activate(o.activation, rows * o.d_hidden, at.act, at.slope);
    } else {
      product(w.products, theta, *at.gate, at.gate->multiplier, rows, at.h_mid, T(0), at.act);
      add_bias(theta, at.gate_bias, 1, rows, at.act, o.d_hidden);
      gate_units(o.activation, rows * o.d_hidden, at.act, at.open, at.slope);
    }
    std::copy_n(at.x_mid, rows * d, next);
    product(w.products, theta, *at.down, o.branch_scale * at.down->multiplier, rows, at.act, T(1), next);
    add_bias(theta, at.down_bias, o.branch_scale, rows, next, d);
  }
  if (o.readout == Readout::identity) {
    const T kappa = static_cast<T>(o.output_scale);
    for (std::int64_t i = 0; i < rows * d; ++i) outputs[i] = kappa * w.x_last[i];
    return;
  }
  const T* last = w.x_last;
  if (o.readout == Readout::tokens) {
    normalise(o, rows, theta, w.norm_last, w.x_last, w.unit_last, w.h_last, w.inv_rms_last);
    last = w.h_last;
  }
  product(w.products, theta, *w.out, o.output_scale * table_.readout_multiplier(), rows, last, T(0), outputs);
}

template <class T>
void Transformer<T>::backward(std::span<const T> theta_span, const Inputs<T>& inputs, Workspace& workspace,
                              const T* cotangent, std::span<T> gradient_span) const {
  auto& w = *workspace.state_;
  PHASELAW_CHECK_LE(inputs.n, w.capacity);
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(gradient_span.size()), table_.size());
  const T* theta = theta_span.data();
  T* gradient = gradient_span.data();
  const auto& o = options_;
  const std::int64_t rows = inputs.n * o.seq_len, d = o.d_model, width = o.n_heads * o.d_head;
  T *const dx = w.dx, *const dh = w.dh;
  if (o.readout == Readout::identity) {
    const T kappa = static_cast<T>(o.output_scale);
    for (std::int64_t i = 0; i < rows * d; ++i) dx[i] = kappa * cotangent[i];
  } else {
    const double scale = o.output_scale * table_.readout_multiplier();
    const bool normalised = o.readout == Readout::tokens;
    if (w.plan.out)
      weight_gradient(w.products, *w.out, scale, rows, cotangent, w.out->rows, normalised ? w.h_last : w.x_last,
                      gradient);
    if (w.plan.normal) product_backward(w.products, theta, *w.out, scale, rows, cotangent, normalised ? dh : dx);
    if (w.plan.normal && normalised) {
      std::fill_n(dx, rows * d, T(0));
      normalise_backward(o, rows, theta, w.norm_last, {w.plan.final_gain, w.plan.final_bias, w.plan.stream},
                         w.unit_last, w.inv_rms_last, dh, dx, gradient);
    }
  }
  const AttentionShape shape = attention_shape(o, inputs.n);
  const bool shares_heads = o.kv_heads() != o.n_heads;
  for (std::size_t layer = w.layers.size(); layer-- > 0;) {
    const auto& at = w.layers[layer];
    const LayerPlan& want = w.plan.layers[layer];
    if (want.down)
      weight_gradient(w.products, *at.down, o.branch_scale * at.down->multiplier, rows, dx, d, at.act, gradient);
    if (want.down_bias) bias_gradient(at.down_bias, o.branch_scale, rows, dx, d, gradient);
    if (want.mlp_core) {
      const double scale = o.branch_scale * at.down->multiplier;
      if (at.gate == nullptr) {
        with_slope(at.slope, at.act, o.d_hidden, [&](const auto& times_slope) {
          w.products.then(Op::none, Op::none, rows, o.d_hidden, d, static_cast<T>(scale), dx, d,
                          theta + at.down->offset, o.d_hidden, w.dpre, o.d_hidden, times_slope);
        });
      } else {
        product_backward(w.products, theta, *at.down, scale, rows, dx, w.dpre);
        gate_units_backward(rows * o.d_hidden, at.open, at.slope, w.dpre, w.dgate);
      }
      if (want.up) weight_gradient(w.products, *at.up, at.up->multiplier, rows, w.dpre, o.d_hidden, at.h_mid, gradient);
      if (want.gate)
        weight_gradient(w.products, *at.gate, at.gate->multiplier, rows, w.dgate, o.d_hidden, at.h_mid, gradient);
      if (want.up_bias) bias_gradient(at.up_bias, 1, rows, w.dpre, o.d_hidden, gradient);
      if (want.gate_bias) bias_gradient(at.gate_bias, 1, rows, w.dgate, o.d_hidden, gradient);
      if (want.mlp_normal) {
        product_backward(w.products, theta, *at.up, at.up->multiplier, rows, w.dpre, dh);
        if (at.gate != nullptr)
          product_backward(w.products, theta, *at.gate, at.gate->multiplier, rows, w.dgate, o.d_hidden, T(1), dh);
        normalise_backward(o, rows, theta, at.norm_mid, {want.mlp_gain, want.mlp_bias, want.mlp_input}, at.unit_mid,
                           at.inv_rms_mid, dh, dx, gradient);
      }
    }
    if (want.o) weight_gradient(w.products, *at.o, o.branch_scale * at.o->multiplier, rows, dx, d, at.z, gradient);
    if (want.o_bias) bias_gradient(at.o_bias, o.branch_scale, rows, dx, d, gradient);
    if (!want.attention_core) continue;
    product_backward(w.products, theta, *at.o, o.branch_scale * at.o->multiplier, rows, dx, w.dz);
    attention_backward(shape, at.qkv, at.attention, w.dz, w.dqkv, w.scratch);
    arrange_heads_backward(o, w.rotation, rows, w.dqkv);
    if (want.q && want.k && want.v && !shares_heads) {
      w.products(Op::transpose, Op::none, 3 * width, d, rows, static_cast<T>(at.q->multiplier), w.dqkv, 3 * width, at.h,
                 d, T(1), gradient + at.q->offset, d);
    } else {
      if (want.q) weight_gradient(w.products, *at.q, at.q->multiplier, rows, w.dqkv, 3 * width, at.h, gradient);
      if (want.k) weight_gradient(w.products, *at.k, at.k->multiplier, rows, w.dqkv + width, 3 * width, at.h, gradient);
      if (want.v)
        weight_gradient(w.products, *at.v, at.v->multiplier, rows, w.dqkv + 2 * width, 3 * width, at.h, gradient);
    }
    if (want.q_bias) bias_gradient(at.q_bias, 1, rows, w.dqkv, 3 * width, gradient);
    if (want.k_bias) bias_gradient(at.k_bias, 1, rows, w.dqkv + width, 3 * width, gradient);
    if (want.v_bias) bias_gradient(at.v_bias, 1, rows, w.dqkv + 2 * width, 3 * width, gradient);
    if (!want.attention_normal) continue;
    if (shares_heads) {
      product_backward(w.products, theta, *at.q, at.q->multiplier, rows, w.dqkv, 3 * width, T(0), dh);
      product_backward(w.products, theta, *at.k, at.k->multiplier, rows, w.dqkv + width, 3 * width, T(1), dh);
      product_backward(w.products, theta, *at.v, at.v->multiplier, rows, w.dqkv + 2 * width, 3 * width, T(1), dh);
    } else {
      w.products(Op::none, Op::none, rows, d, 3 * width, static_cast<T>(at.q->multiplier), w.dqkv, 3 * width,
                 theta + at.q->offset, d, T(0), dh, d);
    }
    normalise_backward(o, rows, theta, at.norm, {want.attention_gain, want.attention_bias, want.attention_input},
                       at.unit, at.inv_rms, dh, dx, gradient);
  }
  if (!w.plan.embed) return;
  T* embed = gradient + w.embed->offset;
  for (std::int64_t r = 0; r < rows; ++r) {
    T* const e = embed + inputs.tokens[r] * d;
    for (std::int64_t i = 0; i < d; ++i) e[i] += dx[r * d + i];
    if (w.position == nullptr) continue;
    T* const p = gradient + w.position->offset + (r % o.seq_len) * d;
    for (std::int64_t i = 0; i < d; ++i) p[i] += dx[r * d + i];
  }
}

template <class T>
void Transformer<T>::output_offset(std::span<const T> theta_0, const Inputs<T>& inputs, Workspace& workspace,
                                   T* offset) const {
  const T factor = static_cast<T>(-(1 - options_.init_scale));
  const std::int64_t per_sequence = outputs_per_sequence();
  for (std::int64_t start = 0; start < inputs.n; start += workspace.capacity()) {
    Inputs<T> part = inputs;
    part.n = std::min(workspace.capacity(), inputs.n - start);
    if (part.vectors != nullptr) part.vectors += start * options_.seq_len * options_.d_model;
    if (part.tokens != nullptr) part.tokens += start * options_.seq_len;
    T* const out = offset + start * per_sequence;
    forward(theta_0, part, workspace, out);
    for (std::int64_t i = 0; i < part.n * per_sequence; ++i) out[i] = factor == T(0) ? T(0) : factor * out[i];
  }
}

template class Transformer<float>;
template class Transformer<double>;

}  // namespace phaselaw::model
