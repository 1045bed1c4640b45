// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/kernel/trace.h"

// B^nu of one sequence: the Jacobian of the kernel's rows with respect to the residual stream r^nu, stored transposed,
// (L d) x rows, row-major. B^N is that of the read-out (its rows summed if the kernel is reduced);
// B^(nu-1) = B^nu T^nu. Block triangular under the causal mask: B^T(t, row) = 0 for row < first_row(t); products skip
// those columns.
namespace phaselaw::kernel {

template <class T>
[[nodiscard]] AlignedVector<T> readout_stream_jacobian(const Setting& s, std::span<const T> theta,
                                                       const SequenceTrace<T>& trace);

// B^T <- T^T B^T. layer_jacobian: (L d) x (L d). Flop: stream_step_flop().
template <class T>
void step_stream_jacobian(const Setting& s, const T* layer_jacobian, AlignedVector<T>& b_transposed, double& flop);
[[nodiscard]] double stream_step_flop(const Setting& s);

}  // namespace phaselaw::kernel
