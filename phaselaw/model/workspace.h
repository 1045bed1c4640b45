// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <vector>

#include <Eigen/Core>

#include "phaselaw/model/attention.h"
#include "phaselaw/model/backward_plan.h"
#include "phaselaw/model/elementwise.h"
#include "phaselaw/model/heads.h"
#include "phaselaw/model/norm.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/gemm_bfloat16.h"
#include "phaselaw/numerics/gemm_engines.h"
#include "phaselaw/numerics/gemm_tiles.h"

// The inside of Transformer<T>::Workspace: one aligned arena, carved once. Used by the model layer's sources only.
namespace phaselaw::model {

// The products of the linear layers, forward and backward: numerics::gemm<T>, or with operands rounded to bfloat16.
// Everything else of a pass, the sums of attention included, is T.
template <class T>
class LinearProducts {
 public:
  explicit LinearProducts(numerics::ProductPrecision precision) {
    if (precision == numerics::ProductPrecision::native) return;
    PHASELAW_CHECK((std::is_same_v<T, float>));
    rounded_ = std::make_unique<numerics::Bfloat16Products>(precision);
  }
  [[nodiscard]] bool native() const { return rounded_ == nullptr; }

  void operator()(numerics::Op op_a, numerics::Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, T alpha,
                  const T* a, std::ptrdiff_t lda, const T* b, std::ptrdiff_t ldb, T beta, T* c,
                  std::ptrdiff_t ldc) const {
    if constexpr (std::is_same_v<T, float>)
      if (rounded_) return rounded_->gemm(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    numerics::gemm<T>(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  }

  // C_ij = finish(alpha (op(A) op(B))_ij, i, j), in one pass where numerics/gemm_tiles.h computes the product; `finish`
  // is described there.
  template <class Finish>
  void then(numerics::Op op_a, numerics::Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, T alpha,
            const T* a, std::ptrdiff_t lda, const T* b, std::ptrdiff_t ldb, T* c, std::ptrdiff_t ldc,
            const Finish& finish) const {
    if constexpr (std::is_same_v<T, float>)
      if (native() && numerics::suits_tiles(op_a, m, n, k))
        return numerics::tiles::multiply(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, T(0), c, ldc, finish);
    (*this)(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, T(0), c, ldc);
    for (std::ptrdiff_t i = 0; i < m; ++i) {
      T* const row = c + i * ldc;
#pragma omp simd
      for (std::ptrdiff_t j = 0; j < n; ++j) row[j] = finish(row[j], i, j);
    }
  }

 private:
  std::unique_ptr<numerics::Bfloat16Products> rounded_;
};

template <class T>
struct Transformer<T>::Workspace::State {
  struct Layer {
    T *x, *unit, *h, *inv_rms, *qkv, *attention, *z, *x_mid, *unit_mid, *h_mid, *inv_rms_mid;
    T *act, *slope, *open;  // plain: phi, phi' (null for relu: act says it all); gated: gated.h
    const ParameterBlock *q, *k, *v, *o, *up, *gate, *down;
    const ParameterBlock *q_bias, *k_bias, *v_bias, *o_bias, *up_bias, *gate_bias, *down_bias;
    NormWeights norm, norm_mid;
  };

  std::int64_t capacity;
  std::vector<T, Eigen::aligned_allocator<T>> arena;
  std::vector<Layer> layers;
  BackwardPlan plan;
  LinearProducts<T> products;
  T *x_last, *unit_last, *h_last, *inv_rms_last, *scratch;  // forward
  T *dx, *dh, *dpre, *dgate, *dz, *dqkv;                    // backward
  const ParameterBlock *embed = nullptr, *position = nullptr, *out = nullptr;
  NormWeights norm_last;
  Rotation<T> rotation;

  State(const ModelOptions& o, const ParameterTable& table, std::int64_t n, numerics::ProductPrecision precision)
      : capacity(n), layers(static_cast<std::size_t>(o.n_layers)), plan(table), products(precision), rotation(o) {
    PHASELAW_CHECK(n >= 1);
    carve(o, nullptr);
    arena.resize(used_);
    carve(o, arena.data());
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const auto layer = static_cast<std::int64_t>(i);
      auto& at = layers[i];
      const auto find = [&](BlockKind kind) { return table.find(kind, layer); };
      at.q = &table.at(BlockKind::attn_q, layer);
      at.k = &table.at(BlockKind::attn_k, layer);
      at.v = &table.at(BlockKind::attn_v, layer);
      at.o = &table.at(BlockKind::attn_o, layer);
      at.up = &table.at(BlockKind::mlp_up, layer);
      at.down = &table.at(BlockKind::mlp_down, layer);
      at.gate = find(BlockKind::mlp_gate);
      at.q_bias = find(BlockKind::attn_q_bias);
      at.k_bias = find(BlockKind::attn_k_bias);
      at.v_bias = find(BlockKind::attn_v_bias);
      at.o_bias = find(BlockKind::attn_o_bias);
      at.up_bias = find(BlockKind::mlp_up_bias);
      at.gate_bias = find(BlockKind::mlp_gate_bias);
      at.down_bias = find(BlockKind::mlp_down_bias);
      at.norm = {find(BlockKind::attn_norm_gain), find(BlockKind::attn_norm_bias)};
      at.norm_mid = {find(BlockKind::mlp_norm_gain), find(BlockKind::mlp_norm_bias)};
    }
    embed = table.find(BlockKind::embed);
    position = table.find(BlockKind::position);
    out = table.readout();
    norm_last = {table.find(BlockKind::final_norm_gain), table.find(BlockKind::final_norm_bias)};
  }

 private:
  std::size_t used_ = 0;

  // First call with null measures, second call hands out the addresses; every piece starts on a cache line.
  void carve(const ModelOptions& o, T* start) {
    used_ = 0;
    const auto take = [&](std::int64_t count) {
      constexpr std::size_t kLine = 64 / sizeof(T);
      T* const piece = start == nullptr ? nullptr : start + used_;
      used_ += (static_cast<std::size_t>(count) + kLine - 1) / kLine * kLine;
      return piece;
    };
    const std::int64_t rows = capacity * o.seq_len, width = o.n_heads * o.d_head;
    const bool affine = o.norm_gain || o.norm_bias, gated = o.mlp == Mlp::gated;
    for (auto& at : layers) {
      at.x = take(rows * o.d_model);
      at.h = take(rows * o.d_model);
      at.unit = affine ? take(rows * o.d_model) : at.h;
      at.inv_rms = take(rows);
      at.qkv = take(rows * 3 * width);
      at.attention = take(rows * o.n_heads * o.seq_len);
      at.z = take(rows * width);
      at.x_mid = take(rows * o.d_model);
      at.h_mid = take(rows * o.d_model);
      at.unit_mid = affine ? take(rows * o.d_model) : at.h_mid;
      at.inv_rms_mid = take(rows);
      at.act = take(rows * o.d_hidden);
      at.slope = gated || o.activation != Activation::relu ? take(rows * o.d_hidden) : nullptr;
      at.open = take(gated ? rows * o.d_hidden : 0);
    }
    x_last = take(rows * o.d_model);
    h_last = take(o.reads_tokens() ? rows * o.d_model : 0);
    unit_last = affine && o.reads_tokens() ? take(rows * o.d_model) : h_last;
    inv_rms_last = take(o.reads_tokens() ? rows : 0);
    scratch = take(attention_scratch(attention_shape(o, capacity)));
    dx = take(rows * o.d_model);
    dh = take(rows * o.d_model);
    dpre = take(rows * o.d_hidden);
    dgate = take(gated ? rows * o.d_hidden : 0);
    dz = take(rows * width);
    dqkv = take(rows * 3 * width);
  }
};

}  // namespace phaselaw::model
