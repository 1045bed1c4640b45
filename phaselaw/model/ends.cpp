// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/ends.h"

#include "phaselaw/base/errors.h"
#include "phaselaw/model/transformer.h"

namespace phaselaw::model {

using enum BlockKind;

// The embedding ------------------------------------------------------------------------------------------------------

PassFlops read_in_flops(const ModelOptions& o, const BackwardPlan& plan) {
  const auto entries = static_cast<double>(o.input_len() * o.d_model);
  PassFlops flop;
  if (o.learns_positions()) flop.forward.other = entries;
  if (plan.embed) flop.backward.other = entries * (o.learns_positions() ? 2 : 1);
  return flop;
}

template <class T>
ReadIn<T>::ReadIn(const ModelOptions& o, const ParameterTable& table, const InputRows& part, BlockKind positions)
    : tokens_(o.reads_tokens()), part_(part) {
  if (tokens_) embed_ = table.at(embed).offset;
  if (const auto* const block = table.find(positions)) position_ = block->offset;
}

template <class T>
void ReadIn<T>::forward(const Operations<T>& ops, const T* theta, const Inputs<T>& inputs, T* x) const {
  if (tokens_) {
    PHASELAW_CHECK(inputs.tokens != nullptr);
    ops.look_up(inputs.tokens, part_, embed_, position_, theta, x);
  } else {
    PHASELAW_CHECK(inputs.vectors != nullptr);
    ops.read_rows(inputs.vectors, part_, x);
  }
}

template <class T>
void ReadIn<T>::backward(const Operations<T>& ops, const BackwardPlan& plan, const Inputs<T>& inputs,
                         const Differentials<T>& d, T* gradient) const {
  if (plan.embed) ops.look_up_backward(inputs.tokens, part_, embed_, position_, d.stream, gradient);
}

template <class T>
void ReadIn<T>::tangent(const Operations<T>& ops, const BackwardPlan& plan, const Inputs<T>& inputs,
                        const Differentials<T>& d, const T* tangent) const {
  if (plan.embed) ops.look_up(inputs.tokens, part_, embed_, position_, tangent, d.stream);
}

// The read-out -------------------------------------------------------------------------------------------------------

PassFlops read_out_flops(const ModelOptions& o, const BackwardPlan& plan) {
  const auto rows = static_cast<double>(o.seq_len), d = static_cast<double>(o.d_model);
  if (o.readout == Readout::identity) return {.forward = {.other = rows * d}, .backward = {.other = rows * d}};
  const LinearFlops out{rows, static_cast<double>(o.outputs()), d, false};
  PassFlops flop;
  flop.forward += out.forward();
  flop.backward += out.gradients(plan.out, false);
  if (plan.normal) flop.backward += out.backward();
  if (o.readout == Readout::linear) return flop;
  flop.forward += norm_flops(o);
  flop.backward += norm_backward_flops(o, plan.wanted[final_norm_gain], plan.wanted[final_norm_bias], plan.stream);
  return flop;
}

template <class T>
ReadOut<T>::ReadOut(const ModelOptions& o, const ParameterTable& table)
    : kind_(o.readout),
      output_scale_(o.output_scale),
      norm_weights_{table.find(final_norm_gain), table.find(final_norm_bias)} {
  const ParameterBlock* const matrix = table.readout();
  out_.in = o.d_model;
  if (matrix == nullptr) return;
  out_.out = matrix->rows;
  out_.weight = matrix->offset;
  out_.factor = o.output_scale * table.readout_multiplier();  // a tied embedding has another multiplier as an embedding
  out_.kind = matrix->kind;
}

template <class T>
void ReadOut<T>::forward(const Operations<T>& ops, const T* x, T* outputs) const {
  if (kind_ == Readout::identity) return ops.scale(output_scale_, out_.in, x, outputs);
  if (kind_ == Readout::tokens) ops.normalise(norm_weights_, x, norm_);
  ops.linear(out_, kind_ == Readout::tokens ? norm_.h : x, T(0), outputs, out_.out);
}

template <class T>
void ReadOut<T>::backward(const Operations<T>& ops, const BackwardPlan& plan, const T* x, const T* cotangent,
                          const Differentials<T>& d, T* gradient) const {
  if (kind_ == Readout::identity) return ops.scale(output_scale_, out_.in, cotangent, d.stream);
  const bool normalised = kind_ == Readout::tokens;
  if (plan.out) ops.weight_gradient(out_, cotangent, out_.out, normalised ? norm_.h : x, gradient);
  if (!plan.normal) return;
  ops.linear_backward(out_, cotangent, out_.out, T(0), normalised ? d.normal : d.stream);
  if (!normalised) return;
  ops.clear(d.stream);
  ops.normalise_backward(norm_weights_, {norm_weights_, plan.wanted, plan.stream}, norm_, d.normal, d.stream, gradient);
}

template <class T>
void ReadOut<T>::tangent(const Operations<T>& ops, const BackwardPlan& plan, const T* x, const Differentials<T>& d,
                         const T* tangent, T* outputs) const {
  if (kind_ == Readout::identity)
    return plan.stream ? ops.scale(output_scale_, out_.in, d.stream, outputs) : ops.clear(outputs);
  const bool normalised = kind_ == Readout::tokens;
  if (normalised && plan.normal)
    ops.normalise_tangent(norm_weights_, {norm_weights_, plan.wanted, plan.stream}, norm_, tangent, d.stream, d.normal);
  const T* const dh = normalised ? d.normal : d.stream;
  ops.weight_tangent(out_, plan.out, tangent, normalised ? norm_.h : x, plan.normal ? dh : nullptr, T(0), outputs,
                     out_.out);
}

template class ReadIn<float>;
template class ReadIn<double>;
template class ReadOut<float>;
template class ReadOut<double>;

}  // namespace phaselaw::model
