// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/instruction_set.h"
#include "phaselaw/model/flop_count.h"
#include "phaselaw/model/parameters.h"
#include "phaselaw/model/rows.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/gemm_bfloat16.h"
#include "phaselaw/numerics/gemm_engines.h"
#include "phaselaw/numerics/gemm_tiles.h"

// The linear maps of the model, y = scale (c W x + b) with c the multiplier of W: where their parameters lie, what they
// cost, and the products that compute them.
namespace phaselaw::model {

struct Linear {
  std::int64_t out = 0, in = 0;        // W: out x in
  std::int64_t weight = 0, bias = -1;  // offsets in the parameters; bias -1: none
  double factor = 1, bias_factor = 1;  // scale c, scale
  BlockKind kind{}, bias_kind{};

  Linear() = default;
  Linear(const ByKind<const ParameterBlock*>& blocks, BlockKind weight_block, BlockKind bias_block, double scale)
      : out(blocks[weight_block]->rows),
        in(blocks[weight_block]->cols),
        weight(blocks[weight_block]->offset),
        bias(blocks[bias_block] == nullptr ? -1 : blocks[bias_block]->offset),
        factor(scale * blocks[weight_block]->multiplier),
        bias_factor(scale),
        kind(weight_block),
        bias_kind(bias_block) {}
};

// Operations of a linear map on `rows` rows.
struct LinearFlops {
  double rows, out, in;
  bool bias;

  [[nodiscard]] FlopCount forward() const {
    return {.linear = rows * 2 * out * in, .other = rows * out * (bias ? 3 : 1)};
  }
  [[nodiscard]] FlopCount backward() const { return {.linear = rows * 2 * out * in, .other = rows * in}; }
  [[nodiscard]] FlopCount gradients(bool weight_wanted, bool bias_wanted) const {
    FlopCount flop;
    if (weight_wanted) flop += {.linear = out * in * 2 * rows, .other = out * in * 2};
    if (bias_wanted) flop += {.other = out * (rows + 2)};
    return flop;
  }
};

// Products with operands as they are, numerics::gemm<T>, or rounded to bfloat16.
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
        return numerics::tiles::multiply<numerics::kTiledVectorBytes>(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, T(0),
                                                                      c, ldc, finish);
    (*this)(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, T(0), c, ldc);
    base::Versions<finish_rows<T, Finish>>::call(m, n, c, ldc, finish);
  }

 private:
  std::unique_ptr<numerics::Bfloat16Products> rounded_;
};

}  // namespace phaselaw::model
