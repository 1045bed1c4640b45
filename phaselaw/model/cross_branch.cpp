// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/cross_branch.h"

namespace phaselaw::model {

using enum BlockKind;

BranchPlan cross_plan(const KindSet& wanted, bool below, bool source) {
  BranchPlan plan;
  plan.input = below;
  plan.source = source;
  plan.normal = below || has_any(wanted, {cross_norm_gain, cross_norm_bias});
  plan.inside =
      plan.normal || source || has_any(wanted, {cross_q, cross_k, cross_v, cross_q_bias, cross_k_bias, cross_v_bias});
  plan.output = plan.inside || has_any(wanted, {cross_o, cross_o_bias});
  return plan;
}

PassFlops cross_branch_flops(const ModelOptions& o, const LayerPlan& plan) {
  const auto rows = static_cast<double>(o.seq_len), source_rows = static_cast<double>(o.source_rows());
  const auto d = static_cast<double>(o.d_model), width = static_cast<double>(o.n_heads * o.d_head);
  const auto kv_width = static_cast<double>(o.kv_heads() * o.d_head);
  const LinearFlops q{rows, width, d, o.linear_bias}, kv{source_rows, kv_width, d, o.linear_bias},
      out{rows, d, width, o.linear_bias};
  const PassFlops attention = attention_flops(cross_attention_shape(o, 1));
  const KindSet& wanted = plan.wanted;
  PassFlops flop;
  for (const FlopCount& part : {norm_flops(o), q.forward(), kv.forward(), kv.forward(), attention.forward,
                                out.forward(), FlopCount{.other = rows * d}})
    flop.forward += part;

  flop.backward += out.gradients(wanted[cross_o], wanted[cross_o_bias]);
  if (!plan.cross.inside) return flop;
  for (const FlopCount& part :
       {out.backward(), attention.backward, q.gradients(wanted[cross_q], wanted[cross_q_bias]),
        kv.gradients(wanted[cross_k], wanted[cross_k_bias]), kv.gradients(wanted[cross_v], wanted[cross_v_bias])})
    flop.backward += part;
  if (plan.cross.source)
    for (const FlopCount& part : {kv.backward(), kv.backward(), FlopCount{.other = source_rows * 2 * d}})
      flop.backward += part;
  if (!plan.cross.normal) return flop;
  flop.backward += q.backward();
  flop.backward += norm_backward_flops(o, wanted[cross_norm_gain], wanted[cross_norm_bias], plan.cross.input);
  return flop;
}

template <class T>
CrossBranch<T>::CrossBranch(const ModelOptions& o, const ByKind<const ParameterBlock*>& blocks)
    : width_(o.n_heads * o.d_head),
      query_(blocks, cross_q, cross_q_bias, 1),
      key_(blocks, cross_k, cross_k_bias, 1),
      value_(blocks, cross_v, cross_v_bias, 1),
      out_(blocks, cross_o, cross_o_bias, o.branch_scale),
      norm_weights_{blocks[cross_norm_gain], blocks[cross_norm_bias]} {}

template <class T>
void CrossBranch<T>::forward(const Operations<T>& ops, const SourceSide<T>& source, const T* x, T* out) const {
  ops.normalise(norm_weights_, x, norm_);
  ops.linear(query_, norm_.h, T(0), q_, width_);
  source.ops.linear(key_, source.outputs, T(0), kv_, 2 * width_);
  source.ops.linear(value_, source.outputs, T(0), kv_ + width_, 2 * width_);
  ops.attend_source(q_, kv_, weights_, z_);
  ops.copy(x, out);
  ops.linear(out_, z_, T(1), out, out_.out);
}

template <class T>
void CrossBranch<T>::backward(const Operations<T>& ops, const SourceSide<T>& source, const LayerPlan& plan,
                              const Differentials<T>& d, T* gradient) const {
  const KindSet& wanted = plan.wanted;
  T *const dk = source.d.qkv, *const dv = source.d.qkv + width_;
  ops.gradients(out_, wanted, d.stream, out_.out, z_, gradient);
  if (!plan.cross.inside) return;
  ops.linear_backward(out_, d.stream, out_.out, T(0), d.z);
  ops.attend_source_backward(q_, kv_, weights_, d.z, d.qkv, source.d.qkv);
  ops.gradients(query_, wanted, d.qkv, width_, norm_.h, gradient);
  source.ops.gradients(key_, wanted, dk, 2 * width_, source.outputs, gradient);
  source.ops.gradients(value_, wanted, dv, 2 * width_, source.outputs, gradient);
  if (plan.cross.source) {
    source.ops.linear_backward(key_, dk, 2 * width_, T(1), source.d.normal);
    source.ops.linear_backward(value_, dv, 2 * width_, T(1), source.d.normal);
  }
  if (!plan.cross.normal) return;
  ops.linear_backward(query_, d.qkv, width_, T(0), d.normal);
  ops.normalise_backward(norm_weights_, {norm_weights_, wanted, plan.cross.input}, norm_, d.normal, d.stream, gradient);
}

template <class T>
void CrossBranch<T>::tangent(const Operations<T>& ops, const SourceSide<T>& source, const LayerPlan& plan,
                             const Differentials<T>& d, const T* tangent) const {
  const KindSet& wanted = plan.wanted;
  T *const dk = source.d.qkv, *const dv = source.d.qkv + width_;
  if (plan.cross.inside) {
    if (plan.cross.normal)
      ops.normalise_tangent(norm_weights_, {norm_weights_, wanted, plan.cross.input}, norm_, tangent, d.stream,
                            d.normal);
    const T* const dh = plan.cross.normal ? d.normal : nullptr;
    const T* const ds = plan.cross.source ? source.d.normal : nullptr;
    ops.linear_tangent(query_, wanted, tangent, norm_.h, dh, T(0), d.qkv, width_);
    source.ops.linear_tangent(key_, wanted, tangent, source.outputs, ds, T(0), dk, 2 * width_);
    source.ops.linear_tangent(value_, wanted, tangent, source.outputs, ds, T(0), dv, 2 * width_);
    ops.attend_source_tangent(q_, kv_, weights_, d.qkv, source.d.qkv, d.z);
  }
  ops.linear_tangent(out_, wanted, tangent, z_, plan.cross.inside ? d.z : nullptr, T(plan.cross.input ? 1 : 0),
                     d.stream, out_.out);
}

template class CrossBranch<float>;
template class CrossBranch<double>;

}  // namespace phaselaw::model
