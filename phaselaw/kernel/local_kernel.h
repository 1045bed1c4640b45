// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/kernel/factors.h"

// The local kernel of one layer between two sequences, in panels:
//
//   C_ts = sum over terms (g_at . g_bs) F_at F_bs^T                    (entrywise: token Gram times factor product)
//
// computed tile by tile: each term's product stays in registers until it is multiplied by its Gram numbers and added,
// so no intermediate matrix of C's size exists. If panels do not straddle tokens (width a multiple of the panel's), the
// Gram is one number per tile: short terms are then multiplied by it beforehand and share one product, and the query
// and key terms of a head in source form, which have the same right factor, become one. Cost: local_flop(); 2 (rows of
// a) (rows of b) flop per unit of depth.
namespace phaselaw::kernel {

// One layer and sequence, prepared for pair products: factor rows and sources as columns of one panelled matrix.
template <class T>
struct PackedFactors {
  Panels<T> factors;  // (L width) rows, depth n_rows + n_sources
  AlignedVector<T> features;
};

template <class T>
[[nodiscard]] PackedFactors<T> pack_factors(const Setting& s, const TermList& list, LayerFactors<T>&& factors);

template <class T>
struct LocalScratch {
  AlignedVector<T> gram, inner, expanded;
  AlignedVector<T> merged;         // short terms of one tile, already multiplied by their Gram number
  std::vector<Index> token_of;     // of each factor row; the last token for padding
  std::vector<Panels<T>> carried;  // sources of `a` multiplied by the inner Gram, per term
};

// out.panel(p) holds, for panel p of b's rows, C^T: out(b row, a row) at panel p, depth index = a's row. `which`: terms
// to sum. out must have depth >= a's rows rounded up to a panel. accumulate: add to out.
template <class T>
void local_kernel(const Setting& s, const TermList& list, const std::vector<std::size_t>& which, Index width,
                  const PackedFactors<T>& a, const PackedFactors<T>& b, bool accumulate, Panels<T>& out,
                  LocalScratch<T>& scratch, double& flop);

template <class T>
[[nodiscard]] double local_flop(const Setting& s, const TermList& list, const std::vector<std::size_t>& which,
                                Index width);

}  // namespace phaselaw::kernel
