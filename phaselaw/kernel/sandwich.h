// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/kernel/problem.h"

// Algorithm::sandwich. Layers are processed from the top; for every pair of sequences
//
//   K^nu_ab = B_a C^nu_ab B_b^T
//
// with C from local_kernel.h and B = d(rows)/d r^nu block triangular (causal). The unreduced top layer has a block
// diagonal B, which is included in its factors and needs no products. Pairs are independent tasks; each thread owns C,
// one group of columns of C B_b^T, and the block it writes. Source: docs/kernel.md, Sandwich [R].
namespace phaselaw::kernel {

template <class T>
void run_sandwich(Problem<T>& problem);

// Number of layers with factors and B held at once: the block of a pair is then written once per group instead of once
// per layer.
template <class T>
[[nodiscard]] Index layers_in_group(const Setting& s, Index rows, Index cols, Detail detail);

// Flop and scratch bytes of run_sandwich, for `rows` against `cols` sequences (cols = 0: symmetric).
template <class T>
[[nodiscard]] double sandwich_flop(const Setting& s, Index rows, Index cols, Detail detail);
template <class T>
[[nodiscard]] double sandwich_scratch(const Setting& s, Index rows, Index cols, Detail detail, Index threads);

// Forward pass of one sequence.
[[nodiscard]] double trace_flop(const Setting& s);
template <class T>
[[nodiscard]] double trace_bytes(const Setting& s);

}  // namespace phaselaw::kernel
