// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "phaselaw/model/bias.h"
#include "phaselaw/model/gated.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/model/workspace.h"

// The Jacobian-vector product: the differential of forward, line by line. d(W x) = W dx + dW x; the first term exists
// where something selected lies below, the second where W itself is selected, which is what BackwardPlan knows.
namespace phaselaw::model {

using numerics::gemm;
using numerics::Op;

template <class T>
void Transformer<T>::Workspace::select(const Transformer& model, const std::vector<bool>& blocks) {
  state_->plan = BackwardPlan(model.table(), blocks);
}

template <class T>
struct Transformer<T>::TangentWorkspace::State {
  std::int64_t capacity;
  std::vector<T, Eigen::aligned_allocator<T>> dx, dh, dqkv, dz, dpre, dgate, scratch;

  State(const ModelOptions& o, std::int64_t n) : capacity(n) {
    PHASELAW_CHECK(n >= 1);
    const auto rows = static_cast<std::size_t>(n * o.seq_len);
    const auto d = static_cast<std::size_t>(o.d_model), width = static_cast<std::size_t>(o.n_heads * o.d_head);
    dx.resize(rows * d);
    dh.resize(rows * d);
    dqkv.resize(rows * 3 * width);
    dz.resize(rows * width);
    dpre.resize(rows * static_cast<std::size_t>(o.d_hidden));
    if (o.mlp == Mlp::gated) dgate.resize(dpre.size());
    scratch.resize(static_cast<std::size_t>(attention_scratch(attention_shape(o, n))));
  }
};

template <class T>
Transformer<T>::TangentWorkspace::TangentWorkspace(const Transformer& model, std::int64_t capacity)
    : state_(std::make_unique<State>(model.options(), capacity)) {}
template <class T>
Transformer<T>::TangentWorkspace::~TangentWorkspace() = default;
template <class T>
Transformer<T>::TangentWorkspace::TangentWorkspace(TangentWorkspace&&) noexcept = default;
template <class T>
typename Transformer<T>::TangentWorkspace& Transformer<T>::TangentWorkspace::operator=(TangentWorkspace&&) noexcept =
    default;
template <class T>
std::int64_t Transformer<T>::TangentWorkspace::capacity() const {
  return state_->capacity;
}
template <class T>
std::size_t Transformer<T>::TangentWorkspace::bytes() const {
  const State& s = *state_;
  return (s.dx.size() + s.dh.size() + s.dqkv.size() + s.dz.size() + s.dpre.size() + s.dgate.size() + s.scratch.size()) *
         sizeof(T);
}

namespace {

// What is differentiated: W at theta, its direction at tangent (null: W is held fixed).
template <class T>
struct Factor {
  const T *theta, *tangent;
};

template <class T>
Factor<T> factor(const T* theta, const T* tangent, const ParameterBlock& block, bool wanted) {
  return {theta + block.offset, wanted ? tangent + block.offset : nullptr};
}

// dy (rows x out) = scale (dx W^T + x dW^T) + beta dy, for rows of dy `stride` apart; dx null: zero.
template <class T>
void product_tangent(const Factor<T>& w, double scale, std::int64_t rows, std::int64_t out, std::int64_t in, const T* x,
                     const T* dx, T beta, T* dy, std::int64_t stride) {
  const T s = static_cast<T>(scale);
  if (dx != nullptr) {
    gemm<T>(Op::none, Op::transpose, rows, out, in, s, dx, in, w.theta, in, beta, dy, stride);
    beta = T(1);
  }
  if (w.tangent != nullptr) {
    gemm<T>(Op::none, Op::transpose, rows, out, in, s, x, in, w.tangent, in, beta, dy, stride);
  } else if (dx == nullptr && beta == T(0)) {
    for (std::int64_t r = 0; r < rows; ++r) std::fill_n(dy + r * stride, out, T(0));
  }
}

}  // namespace

template <class T>
void Transformer<T>::jvp(std::span<const T> theta_span, const Inputs<T>& inputs, const Workspace& workspace,
                         TangentWorkspace& tangents, std::span<const T> tangent_span, T* out) const {
  const auto& w = *workspace.state_;
  auto& s = *tangents.state_;
  PHASELAW_CHECK_LE(inputs.n, w.capacity);
  PHASELAW_CHECK_LE(inputs.n, s.capacity);
  PHASELAW_CHECK(w.products.native());  // what is rounded has no derivative
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(theta_span.size()), table_.size());
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(tangent_span.size()), table_.size());
  const T *const theta = theta_span.data(), *const tangent = tangent_span.data();
  const auto& o = options_;
  const std::int64_t rows = inputs.n * o.seq_len, d = o.d_model, width = o.n_heads * o.d_head, m = o.d_hidden;
  T *const dx = s.dx.data(), *const dh = s.dh.data(), *const dqkv = s.dqkv.data();
  bool moves = w.plan.embed;  // dx is not known to be zero
  if (moves) {
    for (std::int64_t r = 0; r < rows; ++r) {
      std::copy_n(tangent + w.embed->offset + inputs.tokens[r] * d, d, dx + r * d);
      if (w.position == nullptr) continue;
      const T* const p = tangent + w.position->offset + (r % o.seq_len) * d;
      for (std::int64_t i = 0; i < d; ++i) dx[r * d + i] += p[i];
    }
  }
  const AttentionShape shape = attention_shape(o, inputs.n);
  const bool shares_heads = o.kv_heads() != o.n_heads;
  for (std::size_t layer = 0; layer < w.layers.size(); ++layer) {
    const auto& at = w.layers[layer];
    const LayerPlan& want = w.plan.layers[layer];
    if (want.attention_core) {
      if (want.attention_normal)
        normalise_tangent(o, rows, theta, tangent, at.norm, {want.attention_gain, want.attention_bias, moves}, at.unit,
                          at.inv_rms, dx, dh);
      const T* const input = want.attention_normal ? dh : nullptr;
      if (want.q && want.k && want.v && !shares_heads) {
        product_tangent(factor(theta, tangent, *at.q, true), at.q->multiplier, rows, 3 * width, d, at.h, input, T(0),
                        dqkv, 3 * width);
      } else {
        const std::pair<const ParameterBlock*, bool> parts[] = {{at.q, want.q}, {at.k, want.k}, {at.v, want.v}};
        T* part = dqkv;
        for (const auto& [block, wanted] : parts) {
          product_tangent(factor(theta, tangent, *block, wanted), block->multiplier, rows, block->rows, d, at.h, input,
                          T(0), part, 3 * width);
          part += width;
        }
      }
      if (want.q_bias) add_bias(tangent, at.q_bias, 1, rows, dqkv, 3 * width);
      if (want.k_bias) add_bias(tangent, at.k_bias, 1, rows, dqkv + width, 3 * width);
      if (want.v_bias) add_bias(tangent, at.v_bias, 1, rows, dqkv + 2 * width, 3 * width);
      arrange_heads(o, w.rotation, rows, dqkv);
      attention_tangent(shape, at.qkv, at.attention, dqkv, s.dz.data(), s.scratch.data());
    }
    product_tangent(factor(theta, tangent, *at.o, want.o), o.branch_scale * at.o->multiplier, rows, d, width, at.z,
                    want.attention_core ? s.dz.data() : nullptr, T(moves ? 1 : 0), dx, d);
    if (want.o_bias) add_bias(tangent, at.o_bias, o.branch_scale, rows, dx, d);
    moves = want.mlp_input;
    if (want.mlp_core) {
      if (want.mlp_normal)
        normalise_tangent(o, rows, theta, tangent, at.norm_mid, {want.mlp_gain, want.mlp_bias, moves}, at.unit_mid,
                          at.inv_rms_mid, dx, dh);
      const T* const input = want.mlp_normal ? dh : nullptr;
      T *const units = s.dpre.data(), *const gate = s.dgate.data();
      product_tangent(factor(theta, tangent, *at.up, want.up), at.up->multiplier, rows, m, d, at.h_mid, input, T(0),
                      units, m);
      if (want.up_bias) add_bias(tangent, at.up_bias, 1, rows, units, m);
      if (at.gate == nullptr) {
        with_slope(at.slope, at.act, m, [&](auto times_slope) {
#pragma omp simd
          for (std::int64_t i = 0; i < rows * m; ++i) units[i] = times_slope(units[i], 0, i);
        });
      } else {
        product_tangent(factor(theta, tangent, *at.gate, want.gate), at.gate->multiplier, rows, m, d, at.h_mid, input,
                        T(0), gate, m);
        if (want.gate_bias) add_bias(tangent, at.gate_bias, 1, rows, gate, m);
        gate_units_tangent(rows * m, at.open, at.slope, gate, units);
      }
    }
    product_tangent(factor(theta, tangent, *at.down, want.down), o.branch_scale * at.down->multiplier, rows, d, m,
                    at.act, want.mlp_core ? s.dpre.data() : nullptr, T(moves ? 1 : 0), dx, d);
    if (want.down_bias) add_bias(tangent, at.down_bias, o.branch_scale, rows, dx, d);
    moves = want.mlp_core || want.down || want.down_bias;
  }
  if (o.readout == Readout::identity) {
    const T kappa = static_cast<T>(o.output_scale);
    for (std::int64_t i = 0; i < rows * d; ++i) out[i] = moves ? kappa * dx[i] : T(0);
    return;
  }
  const bool normalised = o.readout == Readout::tokens;
  if (normalised && w.plan.normal)
    normalise_tangent(o, rows, theta, tangent, w.norm_last, {w.plan.final_gain, w.plan.final_bias, moves}, w.unit_last,
                      w.inv_rms_last, dx, dh);
  product_tangent(factor(theta, tangent, *w.out, w.plan.out), o.output_scale * table_.readout_multiplier(), rows,
                  o.outputs(), d, normalised ? w.h_last : w.x_last, w.plan.normal ? (normalised ? dh : dx) : nullptr,
                  T(0), out, o.outputs());
}

template void Transformer<float>::Workspace::select(const Transformer&, const std::vector<bool>&);
template void Transformer<double>::Workspace::select(const Transformer&, const std::vector<bool>&);
template class Transformer<float>::TangentWorkspace;
template class Transformer<double>::TangentWorkspace;
template void Transformer<float>::jvp(std::span<const float>, const Inputs<float>&, const Workspace&, TangentWorkspace&,
                                      std::span<const float>, float*) const;
template void Transformer<double>::jvp(std::span<const double>, const Inputs<double>&, const Workspace&,
                                       TangentWorkspace&, std::span<const double>, double*) const;

}  // namespace phaselaw::model
