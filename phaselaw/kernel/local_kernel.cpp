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

// Last token (+ 1) that occurs in panel p of a matrix with `width` rows for each token.
template <class T>
Index tokens_before_end(const KernelShape& s, Index panel, Index width) {
  const Index last = std::min((panel + 1) * kPanelWidth<T>, s.length * width) - 1;
  return last / width + 1;
}

// Depth of a source term at a panel: sources that its tokens see.
template <class T>
Index source_depth(const KernelShape& s, Index panel, Index width) {
  return s.causal ? tokens_before_end<T>(s, panel, width) : s.length;
}

// Columns of the right factor that merged terms share, and where their left factor lies in the merged buffer.
struct Range {
  Index start = 0, depth = 0, b_offset = 0;
  bool fresh = true;
};

template <class T>
void scale_into(Index count, T weight, const T* from, bool fresh, T* to) {
  if (fresh) {  // NOLINT(bugprone-branch-clone): clang-tidy 14 does not see that = and += differ
#pragma omp simd
    for (Index i = 0; i < count; ++i) to[i] = weight * from[i];
  } else {
#pragma omp simd
    for (Index i = 0; i < count; ++i) to[i] += weight * from[i];
  }
}

// to_tc = from_tj with j = tokens_c: length rows of w numbers from length x length.
template <class T>
void expand_rows(Index length, const Index* tokens, const T* from, T* to) {
  constexpr Index w = kPanelWidth<T>;
  for (Index t = 0; t < length; ++t, from += length, to += w)
    for (Index column = 0; column < w; ++column) to[column] = from[tokens[column]];
}

// One call of local_kernel(): what its steps share.
template <class T>
class PairProduct {
 public:
  PairProduct(const KernelShape& s, const TermList& list, const std::vector<std::size_t>& which, Index width,
              const PackedFactors<T>& a, const PackedFactors<T>& b, LocalScratch<T>& scratch, double& flop)
      : s_(s),
        list_(list),
        which_(which),
        width_(width),
        rows_(s.length * width),
        a_(a),
        b_(b),
        scratch_(scratch),
        flop_(flop),
        range_of_(which.size()) {
    const auto length = static_cast<std::size_t>(s.length);
    scratch.gram.resize(which.size() * length * length);
    scratch.inner.resize(length * length);
    scratch.expanded.resize(which.size() * length * static_cast<std::size_t>(w));
    scratch.carried.resize(which.size());
    scratch.token_of.resize(static_cast<std::size_t>(round_up<T>(rows_)));
    for (Index t = 0, r = 0; t < s.length; ++t)
      for (Index i = 0; i < width; ++i) scratch.token_of[static_cast<std::size_t>(r++)] = t;
    std::fill(scratch.token_of.begin() + rows_, scratch.token_of.end(), s.length - 1);
  }

  // The token Gram of each term; for source terms also `carried`, the sources of a times the inner Gram.
  void multiply_features() {
    for (std::size_t i = 0; i < which_.size(); ++i) {
      const Term& term = term_at(i);
      multiply(term.feature_offset, term.feature, gram(i));
      if (term.form == FactorForm::source) carry_sources(i);
    }
  }

  // Panel q of the result, at c.
  void fill(Index q, bool accumulate, T* c) {
    const bool all_diagonal = std::all_of(which_.begin(), which_.end(),
                                          [&](std::size_t i) { return list_.terms[i].form == FactorForm::diagonal; });
    if (all_diagonal && !accumulate) std::fill_n(c, round_up<T>(rows_) * w, T(0));
    expand_grams(q);
    share_ranges(q);
    for (Index p = 0; p < a_.factors.count(); ++p) {
      bool add = accumulate;
      for (std::size_t i = 0; i < which_.size(); ++i)
        if (term_at(i).form != FactorForm::diagonal && !merges<T>(term_at(i), width_)) add_weighted(i, p, q, c, add);
      if (merged_depth_ > 0) add_merged(p, q, c, add);
    }
    for (std::size_t i = 0; i < which_.size(); ++i)
      if (term_at(i).form == FactorForm::diagonal) add_diagonal(i, q, c);
  }

 private:
  static constexpr Index w = kPanelWidth<T>;

  [[nodiscard]] const Term& term_at(std::size_t i) const { return list_.terms[which_[i]]; }
  [[nodiscard]] T* gram(std::size_t i) { return scratch_.gram.data() + static_cast<Index>(i) * s_.length * s_.length; }
  // expanded[term][token of a][column]: the Gram number of the column's token.
  [[nodiscard]] T* expanded(std::size_t i, Index token) {
    return scratch_.expanded.data() + (static_cast<Index>(i) * s_.length + token) * w;
  }
  [[nodiscard]] Index token_of(Index row) const { return scratch_.token_of[static_cast<std::size_t>(row)]; }
  [[nodiscard]] Index live(Index panel) const { return std::min(w, rows_ - panel * w); }
  [[nodiscard]] Index right_offset(const Term& term) const {
    return term.form == FactorForm::source ? list_.n_rows + term.row_offset : term.row_offset;
  }
  [[nodiscard]] Index depth(const Term& term, Index q) const {
    return term.form == FactorForm::source ? source_depth<T>(s_, q, width_) : term.depth;
  }
  [[nodiscard]] const T* left(std::size_t i, Index p) const {
    return term_at(i).form == FactorForm::source ? scratch_.carried[i].panel(p)
                                                 : a_.factors.panel(p) + term_at(i).row_offset * w;
  }

  // to = the products of a's and b's features between all tokens.
  void multiply(Index offset, Index count, T* to) {
    counted_gemm<T>(flop_, Op::none, Op::transpose, s_.length, s_.length, count, T(1), a_.features.data() + offset,
                    count, b_.features.data() + offset, count, T(0), to, s_.length);
  }

  void carry_sources(std::size_t i) {
    const Term& term = term_at(i);
    multiply(term.source_offset, term.source, scratch_.inner.data());
    Panels<T>& carried = scratch_.carried[i];
    if (carried.rows() != rows_ || carried.depth(0) != s_.length) carried.reshape(rows_, s_.length);
    for (Index p = 0; p < carried.count(); ++p) {
      const Index seen = source_depth<T>(s_, p, width_);
      flop_ += 2.0 * static_cast<double>(s_.length * live(p) * seen);
      numerics::gemm<T>(Op::transpose, Op::none, s_.length, w, seen, T(1), scratch_.inner.data(), s_.length,
                        a_.factors.panel(p) + right_offset(term) * w, w, T(0), carried.panel(p), w);
    }
  }

  void expand_grams(Index q) {
    const Index* const tokens = scratch_.token_of.data() + q * w;
    for (std::size_t i = 0; i < which_.size(); ++i)
      base::Versions<expand_rows<T>>::call(s_.length, tokens, gram(i), expanded(i, 0));
  }

  // Gives each merged term its columns of the shared right factor.
  void share_ranges(Index q) {
    ranges_.clear();
    merged_depth_ = 0;
    for (std::size_t i = 0; i < which_.size(); ++i) {
      const Term& term = term_at(i);
      if (!merges<T>(term, width_)) continue;
      const bool source = term.form == FactorForm::source;
      const auto known = std::find_if(ranges_.begin(), ranges_.end(), [&](const Range& range) {
        return source && range.b_offset == right_offset(term);
      });
      range_of_[i] = static_cast<std::size_t>(known - ranges_.begin());
      if (known != ranges_.end()) continue;
      ranges_.push_back({merged_depth_, depth(term, q), right_offset(term)});
      merged_depth_ += ranges_.back().depth;
    }
    scratch_.merged.resize(static_cast<std::size_t>(merged_depth_ * w));
  }

  // A term with a Gram of its own for each row and column: folded in after every kChunk steps.
  void add_weighted(std::size_t i, Index p, Index q, T* c, bool& add) {
    const Index deep = depth(term_at(i), q), rows = live(p);
    const T* const a_panel = left(i, p);
    const T* const b_panel = b_.factors.panel(q) + right_offset(term_at(i)) * w;
    const T* weights[kPanelWidth<T>];
    for (Index r = 0; r < w; ++r) weights[r] = expanded(i, token_of(p * w + r));
    for (Index start = 0; start < deep; start += kChunk) {
      const Index count = std::min(kChunk, deep - start);
      const PanelPair<T> pair{count, a_panel + start * w, b_panel + start * w};
      multiply_panel<T>(rows, 1, &pair, weights, add, c + p * w * w);
      add = true;
    }
    flop_ += 2.0 * static_cast<double>(rows * live(q) * deep);
  }

  // The merged terms together: a panel lies inside one token, so that each has one Gram number here.
  void add_merged(Index p, Index q, T* c, bool add) {
    T* const merged = scratch_.merged.data();
    for (Range& range : ranges_) range.fresh = true;
    for (std::size_t i = 0; i < which_.size(); ++i) {
      if (!merges<T>(term_at(i), width_)) continue;
      Range& range = ranges_[range_of_[i]];
      base::Versions<scale_into<T>>::call(range.depth * w, *expanded(i, token_of(p * w)), left(i, p), range.fresh,
                                          merged + range.start * w);
      range.fresh = false;
    }
    const Index rows = live(p);
    const T* const b_panel = b_.factors.panel(q);
    pairs_.clear();
    for (const Range& range : ranges_)
      pairs_.push_back({range.depth, merged + range.start * w, b_panel + range.b_offset * w});
    multiply_panel<T>(rows, static_cast<Index>(pairs_.size()), pairs_.data(), nullptr, add, c + p * w * w);
    flop_ += 2.0 * static_cast<double>(rows * live(q) * merged_depth_);
  }

  // A term with the identity for both factors.
  void add_diagonal(std::size_t i, Index q, T* c) {
    for (Index column = 0; column < live(q); ++column) {
      const Index row = q * w + column - token_of(q * w + column) * width_;
      for (Index t = 0; t < s_.length; ++t) c[(t * width_ + row) * w + column] += expanded(i, t)[column];
    }
  }

  const KernelShape& s_;
  const TermList& list_;
  const std::vector<std::size_t>& which_;
  const Index width_, rows_;
  const PackedFactors<T>& a_;
  const PackedFactors<T>& b_;
  LocalScratch<T>& scratch_;
  double& flop_;
  std::vector<Range> ranges_;
  std::vector<PanelPair<T>> pairs_;
  std::vector<std::size_t> range_of_;  // of each merged term
  Index merged_depth_ = 0;
};

}  // namespace

template <class T>
PackedFactors<T> pack_factors(const KernelShape& s, const TermList& list, LayerFactors<T>&& factors) {
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
void local_kernel(const KernelShape& s, const TermList& list, const std::vector<std::size_t>& which, Index width,
                  const PackedFactors<T>& a, const PackedFactors<T>& b, bool accumulate, Panels<T>& out,
                  LocalScratch<T>& scratch, double& flop) {
  PairProduct<T> product(s, list, which, width, a, b, scratch, flop);
  product.multiply_features();
  for (Index q = 0; q < b.factors.count(); ++q) product.fill(q, accumulate, out.panel(q));
}

template <class T>
double local_flop(const KernelShape& s, const TermList& list, const std::vector<std::size_t>& which, Index width) {
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

template PackedFactors<float> pack_factors<float>(const KernelShape&, const TermList&, LayerFactors<float>&&);
template PackedFactors<double> pack_factors<double>(const KernelShape&, const TermList&, LayerFactors<double>&&);
template void local_kernel<float>(const KernelShape&, const TermList&, const std::vector<std::size_t>&, Index,
                                  const PackedFactors<float>&, const PackedFactors<float>&, bool, Panels<float>&,
                                  LocalScratch<float>&, double&);
template void local_kernel<double>(const KernelShape&, const TermList&, const std::vector<std::size_t>&, Index,
                                   const PackedFactors<double>&, const PackedFactors<double>&, bool, Panels<double>&,
                                   LocalScratch<double>&, double&);
template double local_flop<float>(const KernelShape&, const TermList&, const std::vector<std::size_t>&, Index);
template double local_flop<double>(const KernelShape&, const TermList&, const std::vector<std::size_t>&, Index);

}  // namespace phaselaw::kernel
