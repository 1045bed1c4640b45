// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/model/reference/attention_branch.h"

// The branch of the reference model that attends to the source (model/reference/transformer.h):
//
//   x' = x + omega (c W_O z + b_O),   z_t = sum_j A_tj v_j,   A_tj = softmax_j(scale <q_t, k_j>) over all source tokens
//
// with q of norm(x), and k and v of the encoder's normalised outputs.
namespace phaselaw::model::reference {

// x becomes x'. source: the encoder's normalised outputs.
template <class S>
AttentionTrace<S> cross_forward(const ModelOptions& o, const LayerMaps<S>& maps, const Rows<S>& source, Rows<S>& x) {
  using enum BlockKind;
  AttentionTrace<S> at;
  at.sees_all = true;
  at.input = normalise(o, maps.theta, maps.find(cross_norm_gain), maps.find(cross_norm_bias), x);
  at.q = maps.linear(cross_q, cross_q_bias, 1, at.input.h);
  at.k = maps.linear(cross_k, cross_k_bias, 1, source);
  at.v = maps.linear(cross_v, cross_v_bias, 1, source);
  attend(o, at);
  add_to(x, maps.linear(cross_o, cross_o_bias, o.branch_scale, at.z));
  return at;
}

// dx, the cotangent of x', becomes that of x; dsource, the cotangent of the encoder's normalised outputs, gets its part.
template <class S>
void cross_backward(const ModelOptions& o, const LayerMaps<S>& maps, const LayerPlan& plan, const Rows<S>& source,
                    const AttentionTrace<S>& at, Rows<S>& dx, Rows<S>& dsource, std::vector<S>& gradient) {
  using enum BlockKind;
  const KindSet& wanted = plan.wanted;
  maps.gradients(cross_o, cross_o_bias, wanted, o.branch_scale, dx, at.z, gradient);
  if (!plan.cross.inside) return;
  Rows<S> dq, dk, dv;
  attend_backward(o, at, maps.cotangent(cross_o, o.branch_scale, dx), dq, dk, dv);
  maps.gradients(cross_q, cross_q_bias, wanted, 1, dq, at.input.h, gradient);
  maps.gradients(cross_k, cross_k_bias, wanted, 1, dk, source, gradient);
  maps.gradients(cross_v, cross_v_bias, wanted, 1, dv, source, gradient);
  if (plan.cross.source) {
    add_to(dsource, maps.cotangent(cross_k, 1, dk));
    add_to(dsource, maps.cotangent(cross_v, 1, dv));
  }
  if (!plan.cross.normal) return;
  const Rows<S> dh = maps.cotangent(cross_q, 1, dq);
  maps.norm_backward(o, cross_norm_gain, cross_norm_bias, wanted, plan.cross.input, at.input, dh, dx, gradient);
}

}  // namespace phaselaw::model::reference
