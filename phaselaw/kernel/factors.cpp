// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/factors.h"

#include "phaselaw/kernel/counted.h"

namespace phaselaw::kernel {

using model::BlockKind;
using numerics::Op;

SourceForms source_forms(const KernelShape& s) {
  // Inner depth of the source form, averaged over tokens, plus the product that brings the inner Gram to one side.
  const double depth = s.causal ? 0.5 * static_cast<double>(s.length + 1) : static_cast<double>(s.length);
  const double total = depth * (1 + 1 / static_cast<double>(s.d));
  return {total < static_cast<double>(s.d_head), total < static_cast<double>(s.d)};
}

TermList layer_terms(const KernelShape& s, Index layer, SourceForms forms) {
  const auto& wanted = s.plan.layers[static_cast<std::size_t>(layer)].wanted;
  using enum BlockKind;
  TermList list;
  const auto add = [&](BlockKind kind, FactorForm form, Index head, Index depth, Index feature, Index source) {
    Term term{kind, form, head, depth, feature, source, 0, list.n_features, 0};
    list.n_features += s.length * feature;
    term.source_offset = list.n_features;
    list.n_features += s.length * source;
    if (form == FactorForm::rows) {
      term.row_offset = list.n_rows;
      list.n_rows += depth;
    } else if (form == FactorForm::source) {
      term.row_offset = head * s.length;
      list.n_sources = s.heads * s.length;
    }
    list.terms.push_back(term);
  };
  if (wanted[attn_q] && !forms.query) add(attn_q, FactorForm::rows, -1, s.width, s.d, 0);
  for (Index h = 0; h < s.heads && wanted[attn_q] && forms.query; ++h)
    add(attn_q, FactorForm::source, h, s.length, s.d, s.d_head);
  for (Index h = 0; h < s.heads && wanted[attn_k]; ++h) {
    if (forms.key)
      add(attn_k, FactorForm::source, h, s.length, s.d_head, s.d);
    else
      add(attn_k, FactorForm::rows, h, s.d, s.d_head, 0);
  }
  for (Index h = 0; h < s.heads && wanted[attn_v]; ++h) add(attn_v, FactorForm::rows, h, s.d_head, s.d, 0);
  if (wanted[attn_o]) add(attn_o, FactorForm::rows, -1, s.d, s.width, 0);
  if (wanted[mlp_up]) add(mlp_up, FactorForm::rows, -1, s.hidden, s.d, 0);
  if (wanted[mlp_down]) add(mlp_down, FactorForm::diagonal, -1, s.d, s.hidden, 0);
  return list;
}

namespace {

// block += weight values + e key^T, d x d; rows of block lie `stride` apart.
template <class T>
void add_value_and_key(Index d, T weight, const T* values, const T* e, const T* key, T* block, Index stride) {
  for (Index i = 0; i < d; ++i) {
    T* const row = block + i * stride;
    const T* const value = values + i * d;
    const T factor = e[i];
#pragma omp simd
    for (Index j = 0; j < d; ++j) row[j] += weight * value[j] + factor * key[j];
  }
}

// The intermediate results that a layer needs.
struct Needs {
  bool mlp = false;      // T_t
  bool output = false;   // T_t W_O
  bool centred = false;  // e'_tu
  bool query_rows = false, key_rows = false;
};

Needs needs_of(const TermList& list, bool jacobian) {
  Needs n;
  n.mlp = n.output = n.centred = n.query_rows = jacobian;
  for (const Term& term : list.terms) {
    const bool scores = term.kind == BlockKind::attn_q || term.kind == BlockKind::attn_k;
    n.centred |= scores;
    n.output |= scores || term.kind == BlockKind::attn_v;
    n.mlp |= n.output || term.kind == BlockKind::attn_o;
    n.query_rows |= term.kind == BlockKind::attn_q && term.form == FactorForm::rows;
    n.key_rows |= term.kind == BlockKind::attn_k && term.form == FactorForm::rows;
  }
  return n;
}

template <class T>
struct Scratch {
  AlignedVector<T> up, token, output, centred, query, values, key;
};

// The work of one layer and sequence, token by token; the members are shared by all tokens.
template <class T>
class FactorBuilder {
 public:
  FactorBuilder(const KernelShape& s, std::span<const T> theta, const LayerTrace<T>& trace, Index layer,
                const TermList& list, LayerFactors<T>& factors, T* jacobian, double& flop)
      : s_(s),
        trace_(trace),
        list_(list),
        out_(factors),
        jacobian_(jacobian),
        flop_(flop),
        needs_(needs_of(list, jacobian != nullptr)) {
    const auto weights = [&](BlockKind kind, const T*& values) {
      const auto& block = s.block(kind, layer);
      values = theta.data() + block.offset;
      return block.multiplier;
    };
    c_q_ = weights(BlockKind::attn_q, w_q_) * s.score_scale;
    c_k_ = weights(BlockKind::attn_k, w_k_) * s.score_scale;
    c_v_ = weights(BlockKind::attn_v, w_v_);
    c_o_ = weights(BlockKind::attn_o, w_o_) * s.options.branch_scale;
    c_up_ = weights(BlockKind::mlp_up, w_up_);
    c_down_ = weights(BlockKind::mlp_down, w_down_) * s.options.branch_scale;
    const auto size = [](Index n) { return static_cast<std::size_t>(n); };
    w_.up.resize(size(s.hidden * s.d));
    w_.token.resize(size(s.d * s.d));
    w_.output.resize(size(s.d * s.width));
    w_.centred.resize(size(s.heads * s.length * s.d));
    w_.query.resize(size(s.width * s.d));
    w_.values.resize(size(s.heads * s.d * s.d));
    w_.key.resize(size(s.heads * s.d));
    mean_.resize(size(s.d));
    out_.width = s.d;
    out_.rows.resize(size(s.length * list.n_rows * s.d));
    out_.sources.assign(size(s.length * list.n_sources * s.d), T(0));
    out_.features.resize(size(list.n_features));
  }

  void build() {
    for (const Term& term : list_.terms) write_features(term);
    for (Index t = 0; t < s_.length; ++t) {
      if (needs_.mlp || has(BlockKind::mlp_up)) mlp(t);
      if (needs_.output) output();
      if (needs_.centred) centred(t);
      if (needs_.query_rows) query(t);
      write_rows(t);
      if (jacobian_ != nullptr) write_jacobian(t);
    }
  }

 private:
  [[nodiscard]] bool has(BlockKind kind) const {
    return std::any_of(list_.terms.begin(), list_.terms.end(), [&](const Term& t) { return t.kind == kind; });
  }
  [[nodiscard]] const T* key_of(Index h) const { return trace_.qkv.data() + s_.width + h * s_.d_head; }
  [[nodiscard]] T* centred_of(Index h) { return w_.centred.data() + h * s_.length * s_.d; }

  // U_t^T (m x d) and T_t (d x d).
  void mlp(Index t) {
    const Index d = s_.d, m = s_.hidden;
    const T scale = static_cast<T>(c_down_ * c_up_);
    const T* const slope = trace_.slope.data() + t * m;
    for (Index r = 0; r < m; ++r) {
      const T factor = scale * slope[r];
      T* const row = w_.up.data() + r * d;
      for (Index i = 0; i < d; ++i) row[i] = factor * w_down_[i * m + r];
    }
    if (!needs_.mlp) return;
    counted_gemm<T>(flop_, Op::transpose, Op::none, d, d, m, T(1), w_.up.data(), d, w_up_, d, T(0), w_.token.data(), d);
    base::Versions<multiply_rms_jacobian<T>>::call(d, d, trace_.x_mid.data() + t * d,
                                                   trace_.inv_rms_mid[static_cast<std::size_t>(t)], w_.token.data(), d);
    for (Index i = 0; i < d; ++i) w_.token[static_cast<std::size_t>(i * d + i)] += T(1);
  }

  // omega c_o T_t W_O (d x w).
  void output() {
    counted_gemm<T>(flop_, Op::none, Op::none, s_.d, s_.width, s_.d, static_cast<T>(c_o_), w_.token.data(), s_.d, w_o_,
                    s_.width, T(0), w_.output.data(), s_.width);
  }

  // e'_tu as rows u of an L x d matrix per head; rows that t does not see are not written.
  void centred(Index t) {
    const Index d = s_.d, seen = s_.visible(t);
    for (Index h = 0; h < s_.heads; ++h) {
      T* const rows = centred_of(h);
      const T* const weights = trace_.attention.data() + (h * s_.length + t) * s_.length;
      counted_gemm<T>(flop_, Op::none, Op::transpose, seen, d, s_.d_head, T(1), key_of(h) + s_.width, 3 * s_.width,
                      w_.output.data() + h * s_.d_head, s_.width, T(0), rows, d);
      std::fill(mean_.begin(), mean_.end(), T(0));
      for (Index u = 0; u < seen; ++u)
        for (Index i = 0; i < d; ++i) mean_[static_cast<std::size_t>(i)] += weights[u] * rows[u * d + i];
      for (Index u = 0; u < seen; ++u)
        for (Index i = 0; i < d; ++i)
          rows[u * d + i] = weights[u] * (rows[u * d + i] - mean_[static_cast<std::size_t>(i)]);
    }
  }

  // F^q_t^T (w x d).
  void query(Index t) {
    for (Index h = 0; h < s_.heads; ++h)
      counted_gemm<T>(flop_, Op::transpose, Op::none, s_.d_head, s_.d, s_.visible(t), static_cast<T>(c_q_), key_of(h),
                      3 * s_.width, centred_of(h), s_.d, T(0), w_.query.data() + h * s_.d_head * s_.d, s_.d);
  }

  void write_rows(Index t) {
    const Index d = s_.d;
    T* const base = out_.rows.data() + t * list_.n_rows * d;
    for (const Term& term : list_.terms) {
      T* const rows = base + term.row_offset * d;
      if (term.form == FactorForm::source) {
        std::copy_n(centred_of(term.head), s_.visible(t) * d,
                    out_.sources.data() + (t * list_.n_sources + term.row_offset) * d);
        continue;
      }
      switch (term.kind) {
        case BlockKind::mlp_up:
          std::copy(w_.up.begin(), w_.up.end(), rows);
          break;
        case BlockKind::attn_o:
          for (Index r = 0; r < d; ++r)
            for (Index i = 0; i < d; ++i)
              rows[r * d + i] = static_cast<T>(c_o_) * w_.token[static_cast<std::size_t>(i * d + r)];
          break;
        case BlockKind::attn_v:
          for (Index r = 0; r < s_.d_head; ++r)
            for (Index i = 0; i < d; ++i)
              rows[r * d + i] =
                  static_cast<T>(c_v_) * w_.output[static_cast<std::size_t>(i * s_.width + term.head * s_.d_head + r)];
          break;
        case BlockKind::attn_q:
          std::copy(w_.query.begin(), w_.query.end(), rows);
          break;
        case BlockKind::attn_k:
          counted_gemm<T>(flop_, Op::transpose, Op::none, d, d, s_.visible(t), static_cast<T>(c_k_), trace_.x.data(), d,
                          centred_of(term.head), d, T(0), rows, d);
          break;
        default:
          break;
      }
    }
  }

  // Rows (t, .) of the layer Jacobian.
  void write_jacobian(Index t) {
    const Index d = s_.d, seen = s_.visible(t), stride = s_.stream;
    for (Index h = 0; h < s_.heads; ++h) {
      counted_gemm<T>(flop_, Op::none, Op::none, d, d, s_.d_head, static_cast<T>(c_v_),
                      w_.output.data() + h * s_.d_head, s_.width, w_v_ + h * s_.d_head * d, d, T(0),
                      w_.values.data() + h * d * d, d);
      counted_gemm<T>(flop_, Op::none, Op::none, 1, d, s_.d_head, static_cast<T>(c_k_),
                      trace_.qkv.data() + t * 3 * s_.width + h * s_.d_head, s_.d_head, w_k_ + h * s_.d_head * d, d,
                      T(0), w_.key.data() + h * d, d);
    }
    for (Index i = 0; i < d; ++i) std::fill_n(jacobian_ + (t * d + i) * stride, stride, T(0));
    counted_gemm<T>(flop_, Op::transpose, Op::none, d, d, s_.width, T(1), w_.query.data(), d, w_q_, d, T(0),
                    jacobian_ + t * d * stride + t * d, stride);
    for (Index u = 0; u < seen; ++u) {
      T* const block = jacobian_ + t * d * stride + u * d;
      for (Index h = 0; h < s_.heads; ++h) {
        const T weight = trace_.attention[static_cast<std::size_t>((h * s_.length + t) * s_.length + u)];
        const T *const e = centred_of(h) + u * d, *const key = w_.key.data() + h * d;
        base::Versions<add_value_and_key<T>>::call(d, weight, w_.values.data() + h * d * d, e, key, block, stride);
      }
      base::Versions<multiply_rms_jacobian<T>>::call(d, d, trace_.x.data() + u * d,
                                                     trace_.inv_rms[static_cast<std::size_t>(u)], block, stride);
    }
    T* const diagonal = jacobian_ + t * d * stride + t * d;
    for (Index i = 0; i < d; ++i)
      for (Index j = 0; j < d; ++j) diagonal[i * stride + j] += w_.token[static_cast<std::size_t>(i * d + j)];
  }

  void write_features(const Term& term) {
    T* const g = out_.features.data() + term.feature_offset;
    T* const source = out_.features.data() + term.source_offset;
    const auto copy = [&](const T* from, Index stride, Index count, double scale, T* to) {
      for (Index t = 0; t < s_.length; ++t)
        for (Index i = 0; i < count; ++i) to[t * count + i] = static_cast<T>(scale) * from[t * stride + i];
    };
    switch (term.kind) {
      case BlockKind::mlp_down:
        return copy(trace_.act.data(), s_.hidden, s_.hidden, c_down_, g);
      case BlockKind::mlp_up:
        return copy(trace_.x_mid.data(), s_.d, s_.d, 1, g);
      case BlockKind::attn_o:
        return copy(trace_.z.data(), s_.width, s_.width, 1, g);
      case BlockKind::attn_v:
        return counted_gemm<T>(flop_, Op::none, Op::none, s_.length, s_.d, s_.length, T(1),
                               trace_.attention.data() + term.head * s_.length * s_.length, s_.length, trace_.x.data(),
                               s_.d, T(0), g, s_.d);
      case BlockKind::attn_q:
        copy(trace_.x.data(), s_.d, s_.d, 1, g);
        if (term.form == FactorForm::source) copy(key_of(term.head), 3 * s_.width, s_.d_head, c_q_, source);
        return;
      case BlockKind::attn_k:
        copy(trace_.qkv.data() + term.head * s_.d_head, 3 * s_.width, s_.d_head, 1, g);
        if (term.form == FactorForm::source) copy(trace_.x.data(), s_.d, s_.d, c_k_, source);
        return;
      default:
        return;
    }
  }

  const KernelShape& s_;
  const LayerTrace<T>& trace_;
  const TermList& list_;
  LayerFactors<T>& out_;
  T* jacobian_;
  double& flop_;
  Needs needs_;
  Scratch<T> w_;
  AlignedVector<T> mean_;
  const T *w_q_ = nullptr, *w_k_ = nullptr, *w_v_ = nullptr, *w_o_ = nullptr, *w_up_ = nullptr, *w_down_ = nullptr;
  double c_q_ = 1, c_k_ = 1, c_v_ = 1, c_o_ = 1, c_up_ = 1, c_down_ = 1;
};

}  // namespace

template <class T>
void layer_factors(const KernelShape& s, std::span<const T> theta, const LayerTrace<T>& trace, Index layer,
                   const TermList& list, LayerFactors<T>& factors, T* jacobian, double& flop) {
  FactorBuilder<T>(s, theta, trace, layer, list, factors, jacobian, flop).build();
}

double factor_flop(const KernelShape& s, const TermList& list, bool jacobian) {
  const Needs needs = needs_of(list, jacobian);
  const auto n = [](Index x) { return static_cast<double>(x); };
  const double d = n(s.d), m = n(s.hidden), w = n(s.width), length = n(s.length);
  const double seen =
      s.causal ? length * (length + 1) / 2 : length * length;  // sum over tokens of the number of tokens that each sees
  double flop = 0;
  if (needs.mlp) flop += length * 2 * d * d * m;
  if (needs.output) flop += length * 2 * d * w * d;
  if (needs.centred) flop += seen * 2 * d * w;
  if (needs.query_rows) flop += seen * 2 * d * w;
  for (const Term& term : list.terms) {
    if (term.kind == BlockKind::attn_k && term.form == FactorForm::rows) flop += seen * 2 * d * d;
    if (term.kind == BlockKind::attn_v) flop += 2 * length * length * d;
  }
  if (jacobian) flop += length * (2 * d * d * w + 2 * d * w + 2 * d * d * w);
  return flop;
}

TermList readout_terms(const KernelShape& s, TermList list) {
  if (s.options.readout == model::Readout::identity) return list;
  for (Term& term : list.terms)
    if (term.form == FactorForm::diagonal) {
      term.form = FactorForm::rows;
      term.row_offset = list.n_rows;
      list.n_rows += s.d;
    }
  return list;
}

double readout_flop(const KernelShape& s, const TermList& list) {
  if (s.options.readout == model::Readout::identity) return 0;
  return static_cast<double>(s.length) * 2 * static_cast<double>((list.n_rows + list.n_sources) * s.d * s.outputs);
}

template <class T>
void push_readout(const KernelShape& s, std::span<const T> theta, const SequenceTrace<T>& trace, const TermList& list,
                  const TermList& pushed, LayerFactors<T>& factors, double& flop) {
  const Index d = s.d, o = s.outputs;
  if (s.options.readout == model::Readout::identity) {
    const T kappa = static_cast<T>(s.options.output_scale);
    for (T& x : factors.rows) x *= kappa;
    for (T& x : factors.sources) x *= kappa;
    for (const Term& term : list.terms)
      if (term.form == FactorForm::diagonal)
        for (Index i = 0; i < s.length * term.feature; ++i)
          factors.features[static_cast<std::size_t>(term.feature_offset + i)] *= kappa;
    return;
  }
  LayerFactors<T> result;
  result.width = o;
  result.rows.resize(static_cast<std::size_t>(s.length * pushed.n_rows * o));
  result.sources.resize(static_cast<std::size_t>(s.length * pushed.n_sources * o));
  AlignedVector<T> readout(static_cast<std::size_t>(o * d));
  for (Index t = 0; t < s.length; ++t) {
    readout_jacobian(s, theta, trace, t, readout.data());
    T* const rows = result.rows.data() + t * pushed.n_rows * o;
    counted_gemm<T>(flop, Op::none, Op::transpose, list.n_rows, o, d, T(1), factors.rows.data() + t * list.n_rows * d,
                    d, readout.data(), d, T(0), rows, o);
    counted_gemm<T>(flop, Op::none, Op::transpose, list.n_sources, o, d, T(1),
                    factors.sources.data() + t * list.n_sources * d, d, readout.data(), d, T(0),
                    result.sources.data() + t * pushed.n_sources * o, o);
    // The factor of the diagonal term is the read-out itself; its scale is in the feature.
    for (Index r = list.n_rows; r < pushed.n_rows; ++r)
      for (Index i = 0; i < o; ++i) rows[r * o + i] = readout[static_cast<std::size_t>(i * d + (r - list.n_rows))];
  }
  result.features = std::move(factors.features);
  factors = std::move(result);
}

template void layer_factors<float>(const KernelShape&, std::span<const float>, const LayerTrace<float>&, Index,
                                   const TermList&, LayerFactors<float>&, float*, double&);
template void layer_factors<double>(const KernelShape&, std::span<const double>, const LayerTrace<double>&, Index,
                                    const TermList&, LayerFactors<double>&, double*, double&);
template void push_readout<float>(const KernelShape&, std::span<const float>, const SequenceTrace<float>&,
                                  const TermList&, const TermList&, LayerFactors<float>&, double&);
template void push_readout<double>(const KernelShape&, std::span<const double>, const SequenceTrace<double>&,
                                   const TermList&, const TermList&, LayerFactors<double>&, double&);

}  // namespace phaselaw::kernel
