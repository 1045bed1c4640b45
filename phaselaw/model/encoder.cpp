// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/encoder.h"

#include "phaselaw/model/transformer.h"

namespace phaselaw::model {

using enum BlockKind;

PassFlops encoder_flops(const ModelOptions& o, const BackwardPlan& plan) {
  const ModelOptions encoder = encoder_of(o);
  PassFlops flop = stack_flops(encoder, plan, o.n_layers);
  flop.forward += norm_flops(encoder);
  flop.backward +=
      norm_backward_flops(encoder, plan.wanted[source_norm_gain], plan.wanted[source_norm_bias], plan.source_stream);
  return flop;
}

template <class T>
Encoder<T>::Encoder(const ModelOptions& o, const ParameterTable& table)
    : options_(encoder_of(o)),
      rotation_(options_),
      read_in_(o, table, {0, o.input_len()}, source_position),
      stack_(options_, table, o.n_layers),
      norm_weights_{table.find(source_norm_gain), table.find(source_norm_bias)} {}

template <class T>
void Encoder<T>::forward(const SourceSide<T>& side, const T* theta, const Inputs<T>& inputs) const {
  read_in_.forward(side.ops, theta, inputs, stack_.first());
  stack_.forward(side.ops, nullptr);
  side.ops.normalise(norm_weights_, stack_.last(), norm_);
}

template <class T>
void Encoder<T>::backward(const SourceSide<T>& side, const BackwardPlan& plan, const Inputs<T>& inputs,
                          T* gradient) const {
  if (!plan.source_normal) return;
  side.ops.clear(side.d.stream);
  side.ops.normalise_backward(norm_weights_, {norm_weights_, plan.wanted, plan.source_stream}, norm_, side.d.normal,
                              side.d.stream, gradient);
  stack_.backward(side.ops, nullptr, plan, side.d, gradient);
  read_in_.backward(side.ops, plan, inputs, side.d, gradient);
}

template <class T>
void Encoder<T>::tangent(const SourceSide<T>& side, const BackwardPlan& plan, const Inputs<T>& inputs,
                         const T* tangent) const {
  if (!plan.source_normal) return;
  read_in_.tangent(side.ops, plan, inputs, side.d, tangent);
  stack_.tangent(side.ops, nullptr, plan, side.d, tangent);
  side.ops.normalise_tangent(norm_weights_, {norm_weights_, plan.wanted, plan.source_stream}, norm_, tangent,
                             side.d.stream, side.d.normal);
}

template class Encoder<float>;
template class Encoder<double>;

}  // namespace phaselaw::model
