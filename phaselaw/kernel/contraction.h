// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/kernel/problem.h"

// Algorithm::jacobian and Algorithm::token_dual. Per layer and term (factors.h), with signals Delta_t = B_t F_t
// (rows x depth), the Jacobian of a block is sum_t Delta_t (x) g_t. Then either
//
//   jacobian     J = sum_t Delta_t (x) g_t in slabs of features, K += J J^T: 2 rows^2 P flop per pair
//   token_dual   K_ab += Delta_a [ (G_ab (x) I) Delta_b^T ], G the token Gram of g: 2 L depth rows^2 flop per pair;
//                with one row per sequence this is the ghost form sum_ts (g_t . g_s)(Delta_t . Delta_s)
//
// These need neither C nor packing and are cheaper than the sandwich if a sequence has few rows. Source: docs/kernel.md
// [T].
namespace phaselaw::kernel {

template <class T>
void run_contraction(Problem<T>& problem, Algorithm algorithm);

template <class T>
[[nodiscard]] double contraction_flop(const Setting& s, Index rows, Index cols, Detail detail, Algorithm algorithm);
template <class T>
[[nodiscard]] double contraction_scratch(const Setting& s, Index rows, Index cols, Detail detail, Index threads,
                                         Algorithm algorithm);

}  // namespace phaselaw::kernel
