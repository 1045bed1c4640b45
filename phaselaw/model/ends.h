// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "phaselaw/model/backward_plan.h"
#include "phaselaw/model/operations.h"
#include "phaselaw/model/workspace.h"

// The two ends of the residual stream:
//
//   ReadIn   x_t = input vector t,  or  embed[token_t] + position[t]; one for the decoder, one for the source
//   ReadOut  outputs = kappa x  |  kappa c W_out x  |  kappa c W_out norm(x)          identity | linear | tokens
//
// each with its FLOP count, forward, backward and tangent pass, side by side in ends.cpp.
namespace phaselaw::model {

template <class T>
struct Inputs;

// Operations of one sequence, with the backward pass of this plan.
[[nodiscard]] PassFlops read_in_flops(const ModelOptions& options, const BackwardPlan& plan);
[[nodiscard]] PassFlops read_out_flops(const ModelOptions& options, const BackwardPlan& plan);

template <class T>
class ReadIn {
 public:
  // Of the rows `part` of an input, with this kind of positions.
  ReadIn(const ModelOptions& options, const ParameterTable& table, const InputRows& part, BlockKind position);

  void forward(const Operations<T>& ops, const T* theta, const Inputs<T>& inputs, T* x) const;
  // d.stream: the cotangent of x.
  void backward(const Operations<T>& ops, const BackwardPlan& plan, const Inputs<T>& inputs, const Differentials<T>& d,
                T* gradient) const;
  // d.stream: the tangent of x; not written where the plan does not want the embedding, because it is zero then.
  void tangent(const Operations<T>& ops, const BackwardPlan& plan, const Inputs<T>& inputs, const Differentials<T>& d,
               const T* tangent) const;

 private:
  bool tokens_;
  InputRows part_;
  std::int64_t embed_ = -1, position_ = -1;  // offsets; -1: none
};

template <class T>
class ReadOut {
 public:
  ReadOut(const ModelOptions& options, const ParameterTable& table);

  // Takes the memory of what forward() leaves for the other passes.
  template <class Take>
  void place(const ModelOptions& o, std::int64_t rows, Take&& take) {
    if (o.readout == Readout::tokens) norm_.place(o, rows, take);
  }

  void forward(const Operations<T>& ops, const T* x, T* outputs) const;
  // d.stream becomes the cotangent of x. Adds to the wanted blocks of `gradient`.
  void backward(const Operations<T>& ops, const BackwardPlan& plan, const T* x, const T* cotangent,
                const Differentials<T>& d, T* gradient) const;
  // d.stream: the tangent of x. Reads the wanted blocks of `tangent`.
  void tangent(const Operations<T>& ops, const BackwardPlan& plan, const T* x, const Differentials<T>& d,
               const T* tangent, T* outputs) const;

 private:
  Readout kind_;
  double output_scale_;
  Linear out_;
  NormWeights norm_weights_;
  NormRows<T> norm_;
};

extern template class ReadIn<float>;
extern template class ReadIn<double>;
extern template class ReadOut<float>;
extern template class ReadOut<double>;

}  // namespace phaselaw::model
