// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/kernel/problem.h"

// Algorithm::vjp: the kernel of any model that has a vector-Jacobian product.
//
//   row (a, r) of J_slab = J^T c_r at sequence a, for the blocks of one slab;   K_part += J_slab J_slab^T
//
// with c_r one output, or for reduced kernels the ones over its coordinates or its sequence. A slab is a set of
// parameter blocks of one part of the result, as many as fit in kSlabBytes (at least one). The form of the blocks is
// not used, so this algorithm serves blocks without factor forms (factors.h), and as a check of the others. Cost: rows
// of a sequence times a backward pass, for every slab, and rows^2 P flop (twice that if not symmetric). Memory: J of
// one slab, both sides. Threads: sequences, then tiles of the product; results do not depend on them. Source:
// docs/kernel.md [T].
namespace phaselaw::kernel {

// 1 GiB, or half of what the limit leaves in addition to the result.
[[nodiscard]] double vjp_slab_bytes(const KernelOptions& options, double result_bytes);

template <class T>
void run_vjp(Problem<T>& problem, double slab_bytes);
template <class T>
[[nodiscard]] double vjp_flop(const Setting& s, Index rows, Index cols, Detail detail, double slab_bytes);
template <class T>
[[nodiscard]] double vjp_scratch(const Setting& s, Index rows, Index cols, Detail detail, Index threads,
                                 double slab_bytes);

}  // namespace phaselaw::kernel
