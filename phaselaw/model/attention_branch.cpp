// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/attention_branch.h"

#include <algorithm>

namespace phaselaw::model {

using enum BlockKind;

BranchPlan attention_plan(const KindSet& wanted, bool below) {
  BranchPlan plan;
  plan.input = below;
  plan.normal = below || has_any(wanted, {attn_norm_gain, attn_norm_bias});
  plan.inside = plan.normal || has_any(wanted, {attn_q, attn_k, attn_v, attn_q_bias, attn_k_bias, attn_v_bias});
  plan.output = plan.inside || has_any(wanted, {attn_o, attn_o_bias});
  return plan;
}

PassFlops attention_branch_flops(const ModelOptions& o, const LayerPlan& plan) {
  const auto rows = static_cast<double>(o.seq_len), d = static_cast<double>(o.d_model);
  const auto width = static_cast<double>(o.n_heads * o.d_head), kv_width = static_cast<double>(o.kv_heads() * o.d_head);
  const LinearFlops q{rows, width, d, o.linear_bias}, kv{rows, kv_width, d, o.linear_bias},
      out{rows, d, width, o.linear_bias};
  const PassFlops attention = attention_flops(attention_shape(o, 1));
  const KindSet& wanted = plan.wanted;
  PassFlops flop;
  for (const FlopCount& part : {norm_flops(o), q.forward(), kv.forward(), kv.forward(), rotation_flops(o),
                                attention.forward, out.forward(), FlopCount{.other = rows * d}})
    flop.forward += part;

  flop.backward += out.gradients(wanted[attn_o], wanted[attn_o_bias]);
  if (!plan.attention.inside) return flop;
  for (const FlopCount& part :
       {out.backward(), attention.backward, rotation_flops(o), q.gradients(wanted[attn_q], wanted[attn_q_bias]),
        kv.gradients(wanted[attn_k], wanted[attn_k_bias]), kv.gradients(wanted[attn_v], wanted[attn_v_bias])})
    flop.backward += part;
  if (!plan.attention.normal) return flop;
  for (const FlopCount& part :
       {q.backward(), kv.backward(), kv.backward(), FlopCount{.other = rows * 2 * d},
        norm_backward_flops(o, wanted[attn_norm_gain], wanted[attn_norm_bias], plan.attention.input)})
    flop.backward += part;
  return flop;
}

template <class T>
AttentionBranch<T>::AttentionBranch(const ModelOptions& o, const ByKind<const ParameterBlock*>& blocks)
    : width_(o.n_heads * o.d_head),
      shares_heads_(o.kv_heads() != o.n_heads),
      separate_{{{Linear(blocks, attn_q, attn_q_bias, 1), 0},
                 {Linear(blocks, attn_k, attn_k_bias, 1), width_},
                 {Linear(blocks, attn_v, attn_v_bias, 1), 2 * width_}}},
      packed_(separate_[0]),
      out_(blocks, attn_o, attn_o_bias, o.branch_scale),
      norm_weights_{blocks[attn_norm_gain], blocks[attn_norm_bias]} {
  packed_.map.out = 3 * width_;
}

template <class T>
std::span<const typename AttentionBranch<T>::Projection> AttentionBranch<T>::projections(bool together) const {
  if (together && !shares_heads_) return {&packed_, 1};
  return separate_;
}

template <class T>
bool AttentionBranch<T>::wants_all(const LayerPlan& plan) const {
  return plan.wanted[attn_q] && plan.wanted[attn_k] && plan.wanted[attn_v];
}

template <class T>
void AttentionBranch<T>::forward(const Operations<T>& ops, const T* x, T* out) const {
  ops.normalise(norm_weights_, x, norm_);
  for (const auto& [map, column] : projections(true)) ops.linear(map, norm_.h, T(0), qkv_ + column, 3 * width_);
  ops.attend(qkv_, weights_, z_);
  ops.copy(x, out);
  ops.linear(out_, z_, T(1), out, out_.out);
}

template <class T>
void AttentionBranch<T>::backward(const Operations<T>& ops, const LayerPlan& plan, const Differentials<T>& d,
                                  T* gradient) const {
  const KindSet& wanted = plan.wanted;
  ops.gradients(out_, wanted, d.stream, out_.out, z_, gradient);
  if (!plan.attention.inside) return;
  ops.linear_backward(out_, d.stream, out_.out, T(0), d.z);
  ops.attend_backward(qkv_, weights_, d.z, d.qkv);
  for (const auto& [map, column] : projections(wants_all(plan)))
    if (wanted[map.kind]) ops.weight_gradient(map, d.qkv + column, 3 * width_, norm_.h, gradient);
  for (const auto& [map, column] : separate_) ops.bias_gradient(map, wanted, d.qkv + column, 3 * width_, gradient);
  if (!plan.attention.normal) return;
  for (const auto& [map, column] : projections(true))
    ops.linear_backward(map, d.qkv + column, 3 * width_, T(column == 0 ? 0 : 1), d.normal);
  ops.normalise_backward(norm_weights_, {norm_weights_, wanted, plan.attention.input}, norm_, d.normal, d.stream,
                         gradient);
}

template <class T>
void AttentionBranch<T>::tangent(const Operations<T>& ops, const LayerPlan& plan, const Differentials<T>& d,
                                 const T* tangent) const {
  const KindSet& wanted = plan.wanted;
  if (plan.attention.inside) {
    if (plan.attention.normal)
      ops.normalise_tangent(norm_weights_, {norm_weights_, wanted, plan.attention.input}, norm_, tangent, d.stream,
                            d.normal);
    const T* const dh = plan.attention.normal ? d.normal : nullptr;
    for (const auto& [map, column] : projections(wants_all(plan)))
      ops.weight_tangent(map, wanted[map.kind], tangent, norm_.h, dh, T(0), d.qkv + column, 3 * width_);
    for (const auto& [map, column] : separate_) ops.bias_tangent(map, wanted, tangent, d.qkv + column, 3 * width_);
    ops.attend_tangent(qkv_, weights_, d.qkv, d.z);
  }
  ops.linear_tangent(out_, wanted, tangent, z_, plan.attention.inside ? d.z : nullptr, T(plan.attention.input ? 1 : 0),
                     d.stream, out_.out);
}

template class AttentionBranch<float>;
template class AttentionBranch<double>;

}  // namespace phaselaw::model
