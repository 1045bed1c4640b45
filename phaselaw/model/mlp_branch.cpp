// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/mlp_branch.h"

namespace phaselaw::model {

using enum BlockKind;

BranchPlan mlp_plan(const KindSet& wanted, bool below) {
  BranchPlan plan;
  plan.input = below;
  plan.normal = below || has_any(wanted, {mlp_norm_gain, mlp_norm_bias});
  plan.inside = plan.normal || has_any(wanted, {mlp_up, mlp_gate, mlp_up_bias, mlp_gate_bias});
  plan.output = plan.inside || has_any(wanted, {mlp_down, mlp_down_bias});
  return plan;
}

PassFlops mlp_branch_flops(const ModelOptions& o, const LayerPlan& plan) {
  const auto rows = static_cast<double>(o.seq_len), d = static_cast<double>(o.d_model);
  const auto m = static_cast<double>(o.d_hidden);
  const bool gated = o.mlp == Mlp::gated;
  const LinearFlops up{rows, m, d, o.linear_bias}, down{rows, d, m, o.linear_bias};  // up: of W_gate too
  const ActivationFlop phi = activation_flop(o.activation);
  const KindSet& wanted = plan.wanted;
  PassFlops flop;
  for (const FlopCount& part :
       {norm_flops(o), up.forward(), gated ? up.forward() : FlopCount(),
        FlopCount{.other = rows * m * (phi.value + (gated ? 1 : 0))}, down.forward(), FlopCount{.other = rows * d}})
    flop.forward += part;

  flop.backward += down.gradients(wanted[mlp_down], wanted[mlp_down_bias]);
  if (!plan.mlp.inside) return flop;
  for (const FlopCount& part :
       {down.backward(), FlopCount{.other = rows * m * (phi.slope + (gated ? 3 : 1))},
        up.gradients(wanted[mlp_up], wanted[mlp_up_bias]), up.gradients(wanted[mlp_gate], wanted[mlp_gate_bias])})
    flop.backward += part;
  if (!plan.mlp.normal) return flop;
  flop.backward += up.backward();
  if (gated) {
    flop.backward += up.backward();
    flop.backward += {.other = rows * d};  // the sum of the two
  }
  flop.backward += norm_backward_flops(o, wanted[mlp_norm_gain], wanted[mlp_norm_bias], plan.mlp.input);
  return flop;
}

template <class T>
MlpBranch<T>::MlpBranch(const ModelOptions& o, const ByKind<const ParameterBlock*>& blocks)
    : gated_(o.mlp == Mlp::gated),
      up_(blocks, mlp_up, mlp_up_bias, 1),
      gate_(gated_ ? Linear(blocks, mlp_gate, mlp_gate_bias, 1) : Linear()),
      down_(blocks, mlp_down, mlp_down_bias, o.branch_scale),
      norm_weights_{blocks[mlp_norm_gain], blocks[mlp_norm_bias]} {}

template <class T>
void MlpBranch<T>::forward(const Operations<T>& ops, const T* x, T* out) const {
  ops.normalise(norm_weights_, x, norm_);
  if (gated_) {
    ops.linear(up_, norm_.h, T(0), units_.open, up_.out);
    ops.linear(gate_, norm_.h, T(0), units_.act, gate_.out);
    ops.gate(units_);
  } else {
    ops.activate(up_, norm_.h, units_);
  }
  ops.copy(x, out);
  ops.linear(down_, units_.act, T(1), out, down_.out);
}

template <class T>
void MlpBranch<T>::backward(const Operations<T>& ops, const LayerPlan& plan, const Differentials<T>& d,
                            T* gradient) const {
  const KindSet& wanted = plan.wanted;
  ops.gradients(down_, wanted, d.stream, down_.out, units_.act, gradient);
  if (!plan.mlp.inside) return;
  if (gated_) {
    ops.linear_backward(down_, d.stream, down_.out, T(0), d.act);
    ops.gate_backward(units_, d.act, d.gate);
    ops.gradients(gate_, wanted, d.gate, gate_.out, norm_.h, gradient);
  } else {
    ops.activate_backward(down_, d.stream, units_, d.act);
  }
  ops.gradients(up_, wanted, d.act, up_.out, norm_.h, gradient);
  if (!plan.mlp.normal) return;
  ops.linear_backward(up_, d.act, up_.out, T(0), d.normal);
  if (gated_) ops.linear_backward(gate_, d.gate, gate_.out, T(1), d.normal);
  ops.normalise_backward(norm_weights_, {norm_weights_, wanted, plan.mlp.input}, norm_, d.normal, d.stream, gradient);
}

template <class T>
void MlpBranch<T>::tangent(const Operations<T>& ops, const LayerPlan& plan, const Differentials<T>& d,
                           const T* tangent) const {
  const KindSet& wanted = plan.wanted;
  if (plan.mlp.inside) {
    if (plan.mlp.normal)
      ops.normalise_tangent(norm_weights_, {norm_weights_, wanted, plan.mlp.input}, norm_, tangent, d.stream, d.normal);
    const T* const dh = plan.mlp.normal ? d.normal : nullptr;
    ops.linear_tangent(up_, wanted, tangent, norm_.h, dh, T(0), d.act, up_.out);
    if (gated_) {
      ops.linear_tangent(gate_, wanted, tangent, norm_.h, dh, T(0), d.gate, gate_.out);
      ops.gate_tangent(units_, d.gate, d.act);
    } else {
      ops.activate_tangent(units_, d.act);
    }
  }
  ops.linear_tangent(down_, wanted, tangent, units_.act, plan.mlp.inside ? d.act : nullptr, T(plan.mlp.input ? 1 : 0),
                     d.stream, down_.out);
}

template class MlpBranch<float>;
template class MlpBranch<double>;

}  // namespace phaselaw::model
