// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/stack.h"

namespace phaselaw::model {

PassFlops stack_flops(const ModelOptions& o, const BackwardPlan& plan, std::int64_t first) {
  PassFlops flop;
  for (std::int64_t layer = first; layer < first + o.n_layers; ++layer) {
    const LayerPlan& at = plan.layers[static_cast<std::size_t>(layer)];
    flop += attention_branch_flops(o, at);
    if (o.has_encoder()) flop += cross_branch_flops(o, at);
    flop += mlp_branch_flops(o, at);
  }
  return flop;
}

template <class T>
Stack<T>::Stack(const ModelOptions& o, const ParameterTable& table, std::int64_t first)
    : first_(static_cast<std::size_t>(first)) {
  for (std::int64_t layer = first; layer < first + o.n_layers; ++layer) {
    const auto blocks = table.blocks_of(layer);
    layers.push_back({AttentionBranch<T>(o, blocks), o.has_encoder() ? CrossBranch<T>(o, blocks) : CrossBranch<T>(),
                      MlpBranch<T>(o, blocks)});
  }
}

template <class T>
void Stack<T>::forward(const Operations<T>& ops, const SourceSide<T>* source) const {
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    const auto& at = layers[layer];
    at.attention.forward(ops, at.x, at.x_source);
    if (source != nullptr) at.source.forward(ops, *source, at.x_source, at.x_mlp);
    at.mlp.forward(ops, at.x_mlp, after(layer));
  }
}

template <class T>
void Stack<T>::backward(const Operations<T>& ops, const SourceSide<T>* source, const BackwardPlan& plan,
                        const Differentials<T>& d, T* gradient) const {
  for (std::size_t layer = layers.size(); layer-- > 0;) {
    const auto& at = layers[layer];
    at.mlp.backward(ops, plan_of(plan, layer), d, gradient);
    if (source != nullptr) at.source.backward(ops, *source, plan_of(plan, layer), d, gradient);
    at.attention.backward(ops, plan_of(plan, layer), d, gradient);
  }
}

template <class T>
void Stack<T>::tangent(const Operations<T>& ops, const SourceSide<T>* source, const BackwardPlan& plan,
                       const Differentials<T>& d, const T* tangent) const {
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    const auto& at = layers[layer];
    at.attention.tangent(ops, plan_of(plan, layer), d, tangent);
    if (source != nullptr) at.source.tangent(ops, *source, plan_of(plan, layer), d, tangent);
    at.mlp.tangent(ops, plan_of(plan, layer), d, tangent);
  }
}

template class Stack<float>;
template class Stack<double>;

}  // namespace phaselaw::model
