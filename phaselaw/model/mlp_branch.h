// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "phaselaw/model/backward_plan.h"
#include "phaselaw/model/operations.h"
#include "phaselaw/model/workspace.h"

// The MLP branch of a layer:
//
//   x' = x + omega (c W_down act + b_down),   act = phi(u)  or  phi(g) u  (hidden_units.h),
//   u = c W_up h + b_up,   g = c W_gate h + b_gate,   h = norm(x)
//
// its plan, FLOP count, forward, backward and tangent pass, side by side in mlp_branch.cpp: whoever changes one sees
// the others. The definition is model/reference/mlp_branch.h.
namespace phaselaw::model {

// Which cotangents are needed for the wanted blocks and for what lies below.
[[nodiscard]] BranchPlan mlp_plan(const KindSet& wanted, bool below);
// Operations of one sequence, with the backward pass of this plan.
[[nodiscard]] PassFlops mlp_branch_flops(const ModelOptions& options, const LayerPlan& plan);

template <class T>
class MlpBranch {
 public:
  MlpBranch(const ModelOptions& options, const ByKind<const ParameterBlock*>& blocks);

  // Takes the memory of what forward() leaves for the other passes.
  template <class Take>
  void place(const ModelOptions& o, std::int64_t rows, Take&& take) {
    norm_.place(o, rows, take);
    units_.place(o, rows, take);
  }

  void forward(const Operations<T>& ops, const T* x, T* out) const;
  // d.stream: the cotangent of x' becomes that of x. Adds to the wanted blocks of `gradient`.
  void backward(const Operations<T>& ops, const LayerPlan& plan, const Differentials<T>& d, T* gradient) const;
  // d.stream: the tangent of x becomes that of x'. Reads the wanted blocks of `tangent`.
  void tangent(const Operations<T>& ops, const LayerPlan& plan, const Differentials<T>& d, const T* tangent) const;

 private:
  bool gated_;
  Linear up_, gate_, down_;
  NormWeights norm_weights_;
  NormRows<T> norm_;
  HiddenUnits<T> units_;
};

extern template class MlpBranch<float>;
extern template class MlpBranch<double>;

}  // namespace phaselaw::model
