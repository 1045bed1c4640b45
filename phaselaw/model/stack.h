// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "phaselaw/model/attention_branch.h"
#include "phaselaw/model/cross_branch.h"
#include "phaselaw/model/mlp_branch.h"

// The layers of one residual stream, one after the other: those of the decoder, or those of the encoder. A layer is
// self-attention, attention to the source if there is one, and an MLP.
namespace phaselaw::model {

// Operations of one sequence, of layers first .. first + options.n_layers - 1 of the plan.
[[nodiscard]] PassFlops stack_flops(const ModelOptions& options, const BackwardPlan& plan, std::int64_t first);

template <class T>
class Stack {
 public:
  // options: of the decoder, or encoder_of() them; first: the number of the first layer in the table.
  Stack(const ModelOptions& options, const ParameterTable& table, std::int64_t first);

  // Takes the memory of what forward() leaves for the other passes.
  template <class Take>
  void place(const ModelOptions& o, std::int64_t capacity, Take&& take) {
    const std::int64_t rows = capacity * o.seq_len;
    for (auto& layer : layers) {
      layer.x = take(rows * o.d_model);
      layer.attention.place(o, rows, take);
      layer.x_mlp = layer.x_source = take(rows * o.d_model);
      if (o.has_encoder()) {
        layer.source.place(o, capacity, take);
        layer.x_mlp = take(rows * o.d_model);
      }
      layer.mlp.place(o, rows, take);
    }
    last_ = take(rows * o.d_model);
  }

  // The stream that enters the first layer, and the one that leaves the last.
  [[nodiscard]] T* first() const { return layers.front().x; }
  [[nodiscard]] T* last() const { return last_; }

  // From first() to last(). source: null where the layers attend to none.
  void forward(const Operations<T>& ops, const SourceSide<T>* source) const;
  // d.stream: the cotangent of last() becomes that of first(). Adds to the wanted blocks of `gradient`.
  void backward(const Operations<T>& ops, const SourceSide<T>* source, const BackwardPlan& plan,
                const Differentials<T>& d, T* gradient) const;
  // d.stream: the tangent of first() becomes that of last(). Reads the wanted blocks of `tangent`.
  void tangent(const Operations<T>& ops, const SourceSide<T>* source, const BackwardPlan& plan,
               const Differentials<T>& d, const T* tangent) const;

 private:
  struct Layer {
    AttentionBranch<T> attention;
    CrossBranch<T> source;
    MlpBranch<T> mlp;
    T *x = nullptr, *x_source = nullptr, *x_mlp = nullptr;  // the stream before each
  };
  [[nodiscard]] T* after(std::size_t layer) const { return layer + 1 < layers.size() ? layers[layer + 1].x : last_; }
  [[nodiscard]] const LayerPlan& plan_of(const BackwardPlan& plan, std::size_t layer) const {
    return plan.layers[first_ + layer];
  }

  std::size_t first_;
  std::vector<Layer> layers;
  T* last_ = nullptr;
};

extern template class Stack<float>;
extern template class Stack<double>;

}  // namespace phaselaw::model
