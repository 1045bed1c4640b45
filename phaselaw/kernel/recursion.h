// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/kernel/problem.h"

// Algorithm::recursion: the sum over layers from the first layer up,
//
//   Theta^0  = kernel of the lookups (or 0)
//   Theta^nu = T^nu_a Theta^(nu-1) T^nu_b^T + C^nu
//   K        = W Theta^N W^T + K_out
//
// with the layer Jacobian T applied in structured form (token Jacobians, value mixing, rank-one key updates) instead of
// as a matrix: (20 d + 10 L) O^2 flop per pair and layer instead of about 2 O^3 for the sandwich's products. It shares
// the local kernels C with the sandwich, but not B. Source: docs/kernel.md, Recursion [R].
namespace phaselaw::kernel {

template <class T>
void run_recursion(Problem<T>& problem);

template <class T>
[[nodiscard]] double recursion_flop(const Setting& s, Index rows, Index cols);
template <class T>
[[nodiscard]] double recursion_scratch(const Setting& s, Index rows, Index cols, Index threads);

}  // namespace phaselaw::kernel
