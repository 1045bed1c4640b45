// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "phaselaw/model/backward_plan.h"
#include "phaselaw/model/reference/parts.h"

// The MLP branch of the reference model (model/reference/transformer.h):
//
//   x' = x + omega (c W_down act + b_down),   act = phi(W_up h)  or  phi(W_gate h) * (W_up h)
namespace phaselaw::model::reference {

template <class S>
struct MlpTrace {
  Normalised<S> input;  // of the stream before the MLP
  Rows<S> pre, act;     // W_up h, and what W_down reads
  Rows<S> gate, open;   // gated: W_gate h and phi of it
};

// x becomes x'.
template <class S>
MlpTrace<S> mlp_forward(const ModelOptions& o, const LayerMaps<S>& maps, Rows<S>& x) {
  using enum BlockKind;
  MlpTrace<S> at;
  at.input = normalise(o, maps.theta, maps.find(mlp_norm_gain), maps.find(mlp_norm_bias), x);
  at.pre = maps.linear(mlp_up, mlp_up_bias, 1, at.input.h);
  at.act = at.pre;
  if (o.mlp == Mlp::gated) at.open = at.gate = maps.linear(mlp_gate, mlp_gate_bias, 1, at.input.h);
  for (std::size_t t = 0; t < at.act.size(); ++t)
    for (std::size_t i = 0; i < at.act[t].size(); ++i) {
      if (o.mlp == Mlp::plain) {
        at.act[t][i] = value_of(o.activation, at.pre[t][i]);
      } else {
        at.open[t][i] = value_of(o.activation, at.gate[t][i]);
        at.act[t][i] = at.open[t][i] * at.pre[t][i];
      }
    }
  add_to(x, maps.linear(mlp_down, mlp_down_bias, o.branch_scale, at.act));
  return at;
}

// dx, the cotangent of x', becomes that of x.
template <class S>
void mlp_backward(const ModelOptions& o, const LayerMaps<S>& maps, const LayerPlan& plan, const MlpTrace<S>& at,
                  Rows<S>& dx, std::vector<S>& gradient) {
  using enum BlockKind;
  const KindSet& wanted = plan.wanted;
  maps.gradients(mlp_down, mlp_down_bias, wanted, o.branch_scale, dx, at.act, gradient);
  if (!plan.mlp.inside) return;
  Rows<S> dpre = maps.cotangent(mlp_down, o.branch_scale, dx), dgate = dpre;
  for (std::size_t t = 0; t < dpre.size(); ++t)
    for (std::size_t i = 0; i < dpre[t].size(); ++i) {
      if (o.mlp == Mlp::plain) {
        dpre[t][i] = dpre[t][i] * derivative_of(o.activation, at.pre[t][i]);
      } else {
        dgate[t][i] = dpre[t][i] * at.pre[t][i] * derivative_of(o.activation, at.gate[t][i]);
        dpre[t][i] = dpre[t][i] * at.open[t][i];
      }
    }
  maps.gradients(mlp_up, mlp_up_bias, wanted, 1, dpre, at.input.h, gradient);
  maps.gradients(mlp_gate, mlp_gate_bias, wanted, 1, dgate, at.input.h, gradient);
  if (!plan.mlp.normal) return;
  Rows<S> dh = maps.cotangent(mlp_up, 1, dpre);
  if (o.mlp == Mlp::gated) add_to(dh, maps.cotangent(mlp_gate, 1, dgate));
  maps.norm_backward(o, mlp_norm_gain, mlp_norm_bias, wanted, plan.mlp.input, at.input, dh, dx, gradient);
}

}  // namespace phaselaw::model::reference
