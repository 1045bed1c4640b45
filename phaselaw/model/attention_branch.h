// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "phaselaw/model/backward_plan.h"
#include "phaselaw/model/operations.h"
#include "phaselaw/model/workspace.h"

// The attention branch of a layer:
//
//   x' = x + omega (c W_O z + b_O),   z = attention(q, k, v),   q, k, v = c W h + b  (heads.h),   h = norm(x)
//
// its plan, FLOP count, forward, backward and tangent pass, side by side in attention_branch.cpp: whoever changes one
// sees the others. The definition is model/reference/attention_branch.h.
namespace phaselaw::model {

// Which cotangents are needed for the wanted blocks and for what lies below.
[[nodiscard]] BranchPlan attention_plan(const KindSet& wanted, bool below);
// Operations of one sequence, with the backward pass of this plan.
[[nodiscard]] PassFlops attention_branch_flops(const ModelOptions& options, const LayerPlan& plan);

template <class T>
class AttentionBranch {
 public:
  AttentionBranch(const ModelOptions& options, const ByKind<const ParameterBlock*>& blocks);

  // Takes the memory of what forward() leaves for the other passes.
  template <class Take>
  void place(const ModelOptions& o, std::int64_t rows, Take&& take) {
    norm_.place(o, rows, take);
    qkv_ = take(rows * 3 * width_);
    weights_ = take(rows * o.n_heads * o.seq_len);
    z_ = take(rows * width_);
  }

  void forward(const Operations<T>& ops, const T* x, T* out) const;
  // d.stream: the cotangent of x' becomes that of x. Adds to the wanted blocks of `gradient`.
  void backward(const Operations<T>& ops, const LayerPlan& plan, const Differentials<T>& d, T* gradient) const;
  // d.stream: the tangent of x becomes that of x'. Reads the wanted blocks of `tangent`.
  void tangent(const Operations<T>& ops, const LayerPlan& plan, const Differentials<T>& d, const T* tangent) const;

 private:
  // A linear map from h to columns of the rows of qkv.
  struct Projection {
    Linear map;
    std::int64_t column = 0;
  };
  // q, k and v; as one map where `together`, if their rows lie side by side in the parameters as they do in qkv.
  [[nodiscard]] std::span<const Projection> projections(bool together) const;
  [[nodiscard]] bool wants_all(const LayerPlan& plan) const;

  std::int64_t width_;
  bool shares_heads_;
  std::array<Projection, 3> separate_;
  Projection packed_;
  Linear out_;
  NormWeights norm_weights_;
  NormRows<T> norm_;
  T *qkv_ = nullptr, *weights_ = nullptr, *z_ = nullptr;
};

extern template class AttentionBranch<float>;
extern template class AttentionBranch<double>;

}  // namespace phaselaw::model
