// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/local_kernel.h"

#include <algorithm>

#include "phaselaw/kernel/counted.h"

namespace phaselaw::kernel {

using numerics::Op;

namespace {

// Steps of k between two folds with the Gram: one chunk of both operands fits the first-level cache.
constexpr Index kChunk = 64;
// Terms up to this depth are cheaper to multiply by the Gram beforehand than to fold.
constexpr Index kMergeDepth = 32;

// Does every panel lie inside one token, and is the term short enough to share a product with others?
template <class T>
bool merges(const Term& term, Index width) {
  return width % kPanelWidth<T> == 0 &&
         (term.form == FactorForm::source || (term.form == FactorForm::rows && term.depth <= kMergeDepth));
}

// Source terms of one head have the same right factor: does an earlier term of `which` already carry it?
template <class T>
bool shares_product(const TermList& list, const std::vector<std::size_t>& which, std::size_t i, Index width) {
  const Term& term = list.terms[which[i]];
  if (term.form != FactorForm::source || !merges<T>(term, width)) return false;
  return std::any_of(which.begin(), which.begin() + static_cast<std::ptrdiff_t>(i), [&](std::size_t j) {
    return list.terms[j].form == FactorForm::source && list.terms[j].head == term.head;
  });
}

// Last token (+ 1) that occurs in panel p of a matrix with `width` rows a token.
template <class T>
Index tokens_before_end(const Setting& s, Index panel, Index width) {
  const Index last = std::min((panel + 1) * kPanelWidth<T>, s.length * width) - 1;
  return last / width + 1;
}

// Depth of a source term at a panel: sources that its tokens see.
template <class T>
Index source_depth(const Setting& s, Index panel, Index width) {
  return s.causal ? tokens_before_end<T>(s, panel, width) : s.length;
}

// Columns of the right factor that merged terms share, and where their left factor lies in the merged buffer.
struct Range {
  Index start = 0, depth = 0, b_offset = 0;
  bool fresh = true;
};

template <class T>
void scale_into(Index count, T weight, const T* from, bool fresh, T* to) {
  if (fresh) {
#pragma omp simd
    for (Index i = 0; i < count; ++i) to[i] = weight * from[i];
  } else {
#pragma omp simd
    for (Index i = 0; i < count; ++i) to[i] += weight * from[i];
  }
}

}  // namespace

template <class T>
PackedFactors<T> pack_factors(const Setting& s, const TermList& list, LayerFactors<T>&& factors) {
  constexpr Index w = kPanelWidth<T>;
  PackedFactors<T> packed;
  const Index width = factors.width;
  packed.factors.reshape(s.length * width, list.n_rows + list.n_sources);
  if (packed.factors.rows() % w != 0) packed.factors.set_zero();
  const auto copy = [&](const AlignedVector<T>& from, Index count, Index to) {
    for (Index t = 0; t < s.length; ++t)
      for (Index start = 0; start < width;) {
        const Index row = t * width + start, run = std::min(w - row % w, width - start);
        T* const base = packed.factors.panel(row / w) + row % w;
        for (Index r = 0; r < count; ++r)
          std::copy_n(from.data() + (t * count + r) * width + start, run, base + (to + r) * w);
        start += run;
      }
  };
  copy(factors.rows, list.n_rows, 0);
  copy(factors.sources, list.n_sources, list.n_rows);
  packed.features = std::move(factors.features);
  return packed;
}

template <class T>
void local_kernel(const Setting& s, const TermList& list, const std::vector<std::size_t>& which, Index width,
                  const PackedFactors<T>& a, const PackedFactors<T>& b, bool accumulate, Panels<T>& out,
                  LocalScratch<T>& scratch, double& flop) {
  constexpr Index w = kPanelWidth<T>;
  const Index length = s.length, square = length * length, rows = length * width, padded = round_up<T>(rows);
  const Index n_terms = static_cast<Index>(which.size());
  scratch.gram.resize(static_cast<std::size_t>(n_terms * square));
  scratch.inner.resize(static_cast<std::size_t>(square));
  scratch.expanded.resize(static_cast<std::size_t>(n_terms * length * w));
  scratch.carried.resize(which.size());
  scratch.token_of.resize(static_cast<std::size_t>(padded));
  for (Index t = 0, r = 0; t < length; ++t)
    for (Index i = 0; i < width; ++i) scratch.token_of[static_cast<std::size_t>(r++)] = t;
  std::fill(scratch.token_of.begin() + rows, scratch.token_of.end(), length - 1);
  const Index* const token_of = scratch.token_of.data();
  bool any_product = false;
  for (Index i = 0; i < n_terms; ++i) {
    const Term& term = list.terms[which[static_cast<std::size_t>(i)]];
    any_product |= term.form != FactorForm::diagonal;
    counted_gemm<T>(flop, Op::none, Op::transpose, length, length, term.feature, T(1),
                    a.features.data() + term.feature_offset, term.feature, b.features.data() + term.feature_offset,
                    term.feature, T(0), scratch.gram.data() + i * square, length);
    if (term.form != FactorForm::source) continue;
    counted_gemm<T>(flop, Op::none, Op::transpose, length, length, term.source, T(1),
                    a.features.data() + term.source_offset, term.source, b.features.data() + term.source_offset,
                    term.source, T(0), scratch.inner.data(), length);
    Panels<T>& carried = scratch.carried[static_cast<std::size_t>(i)];
    if (carried.rows() != rows || carried.depth(0) != length) carried.reshape(rows, length);
    for (Index p = 0; p < carried.count(); ++p) {
      const Index seen = source_depth<T>(s, p, width);
      flop += 2.0 * static_cast<double>(length * std::min(w, rows - p * w) * seen);
      numerics::gemm<T>(Op::transpose, Op::none, length, w, seen, T(1), scratch.inner.data(), length,
                        a.factors.panel(p) + (list.n_rows + term.row_offset) * w, w, T(0), carried.panel(p), w);
    }
  }
  std::vector<Range> ranges;
  std::vector<std::size_t> range_of(which.size());
  for (Index q = 0; q < b.factors.count(); ++q) {
    T* const c = out.panel(q);
    if (!any_product && !accumulate) std::fill_n(c, padded * w, T(0));
    const Index columns = std::min(w, rows - q * w);
    // expanded[term][token of a][column]: the Gram number of the column's token.
    for (Index i = 0; i < n_terms; ++i)
      for (Index t = 0; t < length; ++t) {
        const T* const gram = scratch.gram.data() + i * square + t * length;
        T* const to = scratch.expanded.data() + (i * length + t) * w;
        for (Index column = 0; column < w; ++column) to[column] = gram[token_of[q * w + column]];
      }
    ranges.clear();
    Index merged_depth = 0;
    for (std::size_t i = 0; i < which.size(); ++i) {
      const Term& term = list.terms[which[i]];
      if (!merges<T>(term, width)) continue;
      const bool source = term.form == FactorForm::source;
      const Index b_offset = source ? list.n_rows + term.row_offset : term.row_offset;
      const auto known = std::find_if(ranges.begin(), ranges.end(),
                                      [&](const Range& range) { return source && range.b_offset == b_offset; });
      range_of[i] = static_cast<std::size_t>(known - ranges.begin());
      if (known != ranges.end()) continue;
      ranges.push_back({merged_depth, source ? source_depth<T>(s, q, width) : term.depth, b_offset});
      merged_depth += ranges.back().depth;
    }
    scratch.merged.resize(static_cast<std::size_t>(merged_depth * w));
    for (Index p = 0; p < a.factors.count(); ++p) {
      const Index live = std::min(w, rows - p * w);
      bool add = accumulate;
      for (Index i = 0; i < n_terms; ++i) {
        const Term& term = list.terms[which[static_cast<std::size_t>(i)]];
        if (term.form == FactorForm::diagonal || merges<T>(term, width)) continue;
        const bool source = term.form == FactorForm::source;
        const Index depth = source ? source_depth<T>(s, q, width) : term.depth;
        const T* const a_panel =
            source ? scratch.carried[static_cast<std::size_t>(i)].panel(p) : a.factors.panel(p) + term.row_offset * w;
        const T* const b_panel = b.factors.panel(q) + (source ? list.n_rows + term.row_offset : term.row_offset) * w;
        const T* weights[kPanelWidth<T>];
        for (Index r = 0; r < w; ++r) weights[r] = scratch.expanded.data() + (i * length + token_of[p * w + r]) * w;
        for (Index start = 0; start < depth; start += kChunk) {
          const Index count = std::min(kChunk, depth - start);
          for (Index r = 0; r < live; r += kTileRows) {
            Tile<T> tile;
            tile.clear();
            tile.add_product(count, a_panel + start * w + r, b_panel + start * w);
            tile.store_weighted(c + (p * w + r) * w, weights + r, add);
          }
          add = true;
        }
        flop += 2.0 * static_cast<double>(live * columns * depth);
      }
      if (merged_depth > 0) {
        const Index token = token_of[p * w];
        for (Range& range : ranges) range.fresh = true;
        for (Index i = 0; i < n_terms; ++i) {
          const Term& term = list.terms[which[static_cast<std::size_t>(i)]];
          if (!merges<T>(term, width)) continue;
          Range& range = ranges[range_of[static_cast<std::size_t>(i)]];
          const bool source = term.form == FactorForm::source;
          const T* const from =
              source ? scratch.carried[static_cast<std::size_t>(i)].panel(p) : a.factors.panel(p) + term.row_offset * w;
          const T weight = scratch.expanded[static_cast<std::size_t>((i * length + token) * w)];
          scale_into(range.depth * w, weight, from, range.fresh, scratch.merged.data() + range.start * w);
          range.fresh = false;
        }
        for (Index r = 0; r < live; r += kTileRows) {
          Tile<T> tile;
          tile.clear();
          for (const Range& range : ranges)
            tile.add_product(range.depth, scratch.merged.data() + range.start * w + r,
                             b.factors.panel(q) + range.b_offset * w);
          tile.store(c + (p * w + r) * w, add);
        }
        flop += 2.0 * static_cast<double>(live * columns * merged_depth);
      }
    }
    for (Index i = 0; i < n_terms; ++i) {
      if (list.terms[which[static_cast<std::size_t>(i)]].form != FactorForm::diagonal) continue;
      const T* const gram = scratch.expanded.data() + i * length * w;
      for (Index column = 0; column < columns; ++column) {
        const Index row = q * w + column - token_of[q * w + column] * width;
        for (Index t = 0; t < length; ++t) c[(t * width + row) * w + column] += gram[t * w + column];
      }
    }
  }
}

template <class T>
double local_flop(const Setting& s, const TermList& list, const std::vector<std::size_t>& which, Index width) {
  constexpr Index w = kPanelWidth<T>;
  const Index length = s.length, rows = length * width;
  double flop = 0;
  for (std::size_t i = 0; i < which.size(); ++i) {
    const Term& term = list.terms[which[i]];
    flop += 2.0 * static_cast<double>(length * length * (term.feature + term.source));
    if (term.form == FactorForm::rows) flop += 2.0 * static_cast<double>(rows * rows * term.depth);
    if (term.form != FactorForm::source) continue;
    for (Index p = 0; p < panel_count<T>(rows); ++p) {
      const Index live = std::min(w, rows - p * w), seen = source_depth<T>(s, p, width);
      flop += 2.0 * static_cast<double>(length * live * seen);
      if (!shares_product<T>(list, which, i, width)) flop += 2.0 * static_cast<double>(rows * live * seen);
    }
  }
  return flop;
}

template PackedFactors<float> pack_factors<float>(const Setting&, const TermList&, LayerFactors<float>&&);
template PackedFactors<double> pack_factors<double>(const Setting&, const TermList&, LayerFactors<double>&&);
template void local_kernel<float>(const Setting&, const TermList&, const std::vector<std::size_t>&, Index,
                                  const PackedFactors<float>&, const PackedFactors<float>&, bool, Panels<float>&,
                                  LocalScratch<float>&, double&);
template void local_kernel<double>(const Setting&, const TermList&, const std::vector<std::size_t>&, Index,
                                   const PackedFactors<double>&, const PackedFactors<double>&, bool, Panels<double>&,
                                   LocalScratch<double>&, double&);
template double local_flop<float>(const Setting&, const TermList&, const std::vector<std::size_t>&, Index);
template double local_flop<double>(const Setting&, const TermList&, const std::vector<std::size_t>&, Index);

}  // namespace phaselaw::kernel
