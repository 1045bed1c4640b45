// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/trace.h"

#include "phaselaw/kernel/counted.h"
#include "phaselaw/model/activation.h"
#include "phaselaw/model/elementwise.h"

namespace phaselaw::kernel {

using model::BlockKind;
using numerics::Op;

template <class T>
SequenceTrace<T> trace_sequence(const KernelShape& s, std::span<const T> theta, const model::Inputs<T>& inputs,
                                Index which, double& flop) {
  const auto& o = s.options;
  const Index rows = s.length, d = s.d;
  const auto size = [](Index count) { return static_cast<std::size_t>(count); };
  SequenceTrace<T> trace;
  AlignedVector<T> stream(size(s.stream));
  if (o.reads_tokens()) {
    trace.tokens = inputs.tokens + which * rows;
    const T* const embed = theta.data() + s.table.at(BlockKind::embed).offset;
    const T* const position = theta.data() + s.table.at(BlockKind::position).offset;
    for (Index t = 0; t < rows; ++t)
      for (Index i = 0; i < d; ++i) stream[size(t * d + i)] = embed[trace.tokens[t] * d + i] + position[t * d + i];
  } else {
    std::copy_n(inputs.vectors + which * s.stream, s.stream, stream.data());
  }
  const model::AttentionShape shape = model::attention_shape(o, 1);
  AlignedVector<T> scratch(size(model::attention_scratch(shape)));
  const auto product = [&](BlockKind kind, Index layer, Index out, double scale, const T* x, T beta, T* y) {
    const auto& block = s.block(kind, layer);
    counted_gemm<T>(flop, Op::none, Op::transpose, rows, out, block.cols, static_cast<T>(scale * block.multiplier), x,
                    block.cols, theta.data() + block.offset, block.cols, beta, y, out);
  };
  for (Index layer = 0; layer < o.n_layers; ++layer) {
    LayerTrace<T>& at = trace.layers.emplace_back();
    at.x.resize(size(s.stream));
    at.x_mid.resize(size(s.stream));
    at.inv_rms.resize(size(rows));
    at.inv_rms_mid.resize(size(rows));
    at.qkv.resize(size(rows * 3 * s.width));
    at.attention.resize(size(s.heads * rows * rows));
    at.z.resize(size(rows * s.width));
    at.act.resize(size(rows * s.hidden));
    at.slope.resize(size(rows * s.hidden));
    base::Versions<model::rms_rows<T>>::call(rows, d, o.rms_eps, stream.data(), at.x.data(), at.inv_rms.data());
    product(BlockKind::attn_q, layer, 3 * s.width, 1, at.x.data(), T(0), at.qkv.data());  // q, k, v lie side by side
    model::attention_forward(shape, model::self_rows<const T>(shape, at.qkv.data()), at.attention.data(), at.z.data(),
                             scratch.data());
    product(BlockKind::attn_o, layer, d, o.branch_scale, at.z.data(), T(1), stream.data());
    base::Versions<model::rms_rows<T>>::call(rows, d, o.rms_eps, stream.data(), at.x_mid.data(), at.inv_rms_mid.data());
    product(BlockKind::mlp_up, layer, s.hidden, 1, at.x_mid.data(), T(0), at.act.data());
    model::activate(o.activation, rows * s.hidden, at.act.data(), at.slope.data());
    product(BlockKind::mlp_down, layer, d, o.branch_scale, at.act.data(), T(1), stream.data());
  }
  trace.last = std::move(stream);
  if (o.readout == model::Readout::tokens) {
    trace.inv_rms.resize(size(rows));
    base::Versions<model::rms_rows<T>>::call(rows, d, o.rms_eps, trace.last.data(), trace.last.data(),
                                             trace.inv_rms.data());
  }
  return trace;
}

template <class T>
void readout_jacobian(const KernelShape& s, std::span<const T> theta, const SequenceTrace<T>& trace, Index t,
                      T* jacobian) {
  const auto& o = s.options;
  if (o.readout == model::Readout::identity) {
    std::fill_n(jacobian, s.d * s.d, T(0));
    for (Index i = 0; i < s.d; ++i) jacobian[i * s.d + i] = static_cast<T>(o.output_scale);
    return;
  }
  const auto& out = s.table.at(BlockKind::out);
  const T scale = static_cast<T>(o.output_scale * out.multiplier);
  const T* const weights = theta.data() + out.offset;
  for (Index i = 0; i < s.outputs * s.d; ++i) jacobian[i] = scale * weights[i];
  if (o.readout == model::Readout::tokens)
    base::Versions<multiply_rms_jacobian<T>>::call(s.outputs, s.d, trace.last.data() + t * s.d,
                                                   trace.inv_rms[static_cast<std::size_t>(t)], jacobian, s.d);
}

template SequenceTrace<float> trace_sequence<float>(const KernelShape&, std::span<const float>,
                                                    const model::Inputs<float>&, Index, double&);
template SequenceTrace<double> trace_sequence<double>(const KernelShape&, std::span<const double>,
                                                      const model::Inputs<double>&, Index, double&);
template void readout_jacobian<float>(const KernelShape&, std::span<const float>, const SequenceTrace<float>&, Index,
                                      float*);
template void readout_jacobian<double>(const KernelShape&, std::span<const double>, const SequenceTrace<double>&, Index,
                                       double*);

}  // namespace phaselaw::kernel
