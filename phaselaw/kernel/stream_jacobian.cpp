// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/stream_jacobian.h"

#include "phaselaw/kernel/counted.h"

namespace phaselaw::kernel {

using numerics::Op;

namespace {

// Calls visit(u_start, u_count, t_start, t_count) for the panels of tokens u and t with an unmasked block of T.
template <class Visit>
void for_each_block(const Setting& s, Visit&& visit) {
  const Index tokens = std::max<Index>(1, 128 / s.d);
  for (Index u = 0; u < s.length; u += tokens)
    for (Index t = s.causal ? u : 0; t < s.length; t += tokens)
      visit(u, std::min(tokens, s.length - u), t, std::min(tokens, s.length - t));
}

}  // namespace

template <class T>
AlignedVector<T> readout_stream_jacobian(const Setting& s, std::span<const T> theta, const SequenceTrace<T>& trace) {
  AlignedVector<T> b(static_cast<std::size_t>(s.stream * s.rows), T(0));
  AlignedVector<T> readout(static_cast<std::size_t>(s.outputs * s.d));
  for (Index t = 0; t < s.length; ++t) {
    readout_jacobian(s, theta, trace, t, readout.data());
    for (Index j = 0; j < s.d; ++j)
      for (Index i = 0; i < s.outputs; ++i) {
        const Index row = s.reduce == Reduce::none ? t * s.outputs + i : s.reduce == Reduce::coordinates ? t : 0;
        b[static_cast<std::size_t>((t * s.d + j) * s.rows + row)] += readout[static_cast<std::size_t>(i * s.d + j)];
      }
  }
  return b;
}

template <class T>
void step_stream_jacobian(const Setting& s, const T* jacobian, AlignedVector<T>& b, double& flop) {
  AlignedVector<T> next(b.size(), T(0));
  for_each_block(s, [&](Index u, Index n_u, Index t, Index n_t) {
    const Index row = s.first_row(t);
    counted_gemm<T>(flop, Op::transpose, Op::none, n_u * s.d, s.rows - row, n_t * s.d, T(1),
                    jacobian + t * s.d * s.stream + u * s.d, s.stream, b.data() + t * s.d * s.rows + row, s.rows, T(1),
                    next.data() + u * s.d * s.rows + row, s.rows);
  });
  b.swap(next);
}

double stream_step_flop(const Setting& s) {
  double flop = 0;
  for_each_block(s, [&](Index, Index n_u, Index t, Index n_t) {
    flop += 2.0 * static_cast<double>(n_u * s.d) * static_cast<double>(n_t * s.d) *
            static_cast<double>(s.rows - s.first_row(t));
  });
  return flop;
}

template AlignedVector<float> readout_stream_jacobian<float>(const Setting&, std::span<const float>,
                                                             const SequenceTrace<float>&);
template AlignedVector<double> readout_stream_jacobian<double>(const Setting&, std::span<const double>,
                                                               const SequenceTrace<double>&);
template void step_stream_jacobian<float>(const Setting&, const float*, AlignedVector<float>&, double&);
template void step_stream_jacobian<double>(const Setting&, const double*, AlignedVector<double>&, double&);

}  // namespace phaselaw::kernel
