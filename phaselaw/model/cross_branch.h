// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "phaselaw/model/backward_plan.h"
#include "phaselaw/model/operations.h"
#include "phaselaw/model/workspace.h"

// The branch of a decoder's layer that attends to the source, between its self-attention and its MLP:
//
//   x' = x + omega (c W_O z + b_O),   z_t = sum_j softmax_j(scale <q_t, k_j>) v_j over all tokens j of the source,
//   q = c W_Q norm(x) + b_Q,          k, v = c W s + b,   s = the encoder's normalised outputs (encoder.h)
//
// its plan, FLOP count, forward, backward and tangent pass, side by side in cross_branch.cpp: whoever changes one sees
// the others. Positions do not enter. The definition is model/reference/cross_branch.h.
namespace phaselaw::model {

// Which cotangents are needed for the wanted blocks, for what lies below, and for the encoder's outputs.
[[nodiscard]] BranchPlan cross_plan(const KindSet& wanted, bool below, bool source);
// Operations of one sequence, with the backward pass of this plan.
[[nodiscard]] PassFlops cross_branch_flops(const ModelOptions& options, const LayerPlan& plan);

// The encoder's side of a pass over a batch.
template <class T>
struct SourceSide {
  Operations<T> ops;          // on its rows
  const T* outputs;           // n source_len rows: s
  const Differentials<T>& d;  // d.normal: the cotangent or tangent of s; not used by a forward pass
};

template <class T>
class CrossBranch {
 public:
  CrossBranch() = default;
  CrossBranch(const ModelOptions& options, const ByKind<const ParameterBlock*>& blocks);

  // Takes the memory of what forward() leaves for the other passes.
  template <class Take>
  void place(const ModelOptions& o, std::int64_t capacity, Take&& take) {
    const std::int64_t rows = capacity * o.seq_len, source_rows = capacity * o.source_rows();
    norm_.place(o, rows, take);
    q_ = take(rows * width_);
    kv_ = take(source_rows * 2 * width_);
    weights_ = take(rows * o.n_heads * o.source_rows());
    z_ = take(rows * width_);
  }

  void forward(const Operations<T>& ops, const SourceSide<T>& source, const T* x, T* out) const;
  // d.stream: the cotangent of x' becomes that of x. Adds to the cotangent of s and to the wanted blocks of `gradient`.
  void backward(const Operations<T>& ops, const SourceSide<T>& source, const LayerPlan& plan, const Differentials<T>& d,
                T* gradient) const;
  // d.stream: the tangent of x becomes that of x'. Reads the tangent of s and the wanted blocks of `tangent`.
  void tangent(const Operations<T>& ops, const SourceSide<T>& source, const LayerPlan& plan, const Differentials<T>& d,
               const T* tangent) const;

 private:
  std::int64_t width_ = 0;
  Linear query_, key_, value_, out_;
  NormWeights norm_weights_;
  NormRows<T> norm_;
  T *q_ = nullptr, *kv_ = nullptr, *weights_ = nullptr, *z_ = nullptr;
};

extern template class CrossBranch<float>;
extern template class CrossBranch<double>;

}  // namespace phaselaw::model
