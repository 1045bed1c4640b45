// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "phaselaw/model/ends.h"
#include "phaselaw/model/stack.h"

// The encoder of an encoder-decoder: the source's rows of an input through n_encoder_layers bidirectional layers and a
// last normalisation, which every layer of the decoder attends to.
//
//   s = norm(s^(E)),   s^(0) = the source's vectors,  or  embed[token_t] + source.position[t]
namespace phaselaw::model {

// Operations of one sequence, with the backward pass of this plan; those of embeddings are in read_in_flops().
[[nodiscard]] PassFlops encoder_flops(const ModelOptions& options, const BackwardPlan& plan);

template <class T>
class Encoder {
 public:
  Encoder(const ModelOptions& options, const ParameterTable& table);

  // Takes the memory of what forward() leaves for the other passes.
  template <class Take>
  void place(std::int64_t capacity, Take&& take) {
    stack_.place(options_, capacity, take);
    norm_.place(options_, capacity * options_.seq_len, take);
  }

  // The options of its layers, encoder_of() those of the model.
  [[nodiscard]] const ModelOptions& options() const { return options_; }
  // Its side of a pass; d with scratch for attention among its rows.
  [[nodiscard]] SourceSide<T> side(const LinearProducts<T>& products, std::int64_t n, const T* theta,
                                   const Differentials<T>& d) const {
    return {Operations<T>(options_, products, rotation_, n, theta, d.scratch), norm_.h, d};
  }

  void forward(const SourceSide<T>& side, const T* theta, const Inputs<T>& inputs) const;
  // side.d.normal: the cotangent of s, which is overwritten. Adds to the wanted blocks of `gradient`.
  void backward(const SourceSide<T>& side, const BackwardPlan& plan, const Inputs<T>& inputs, T* gradient) const;
  // side.d.normal becomes the tangent of s. Reads the wanted blocks of `tangent`.
  void tangent(const SourceSide<T>& side, const BackwardPlan& plan, const Inputs<T>& inputs, const T* tangent) const;

 private:
  ModelOptions options_;
  Rotation<T> rotation_;
  ReadIn<T> read_in_;
  Stack<T> stack_;
  NormWeights norm_weights_;
  NormRows<T> norm_;
};

extern template class Encoder<float>;
extern template class Encoder<double>;

}  // namespace phaselaw::model
