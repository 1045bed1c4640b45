// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/recursion.h"

#include "phaselaw/base/interrupt.h"
#include "phaselaw/kernel/counted.h"
#include "phaselaw/kernel/local_kernel.h"
#include "phaselaw/kernel/sandwich.h"
#include "phaselaw/kernel/stream_jacobian.h"

namespace phaselaw::kernel {

using model::BlockKind;
using numerics::Op;

namespace {

// Columns that pass through a layer at once: their L x L score tangents stay in the second-level cache.
Index chunk_columns(const KernelShape& s) {
  return std::clamp<Index>((Index{1} << 19U) / (s.length * s.length), 32, std::max<Index>(s.stream, 32));
}

// What a layer's tangent map needs in addition to the trace.
template <class T>
struct LayerTangent {
  PackedFactors<T> factors;
  AlignedVector<T> token_jacobian;  // L x d x d: T_t of the MLP
};

template <class T>
struct TangentScratch {
  AlignedVector<T> input, q, k, v, scores, z;
};

// T_t = I + omega c_down c_up W_down diag phi'(u_t) W_up R'_t, for every token.
template <class T>
AlignedVector<T> token_jacobians(const KernelShape& s, std::span<const T> theta, const LayerTrace<T>& at, Index layer,
                                 double& flop) {
  const auto &up = s.block(BlockKind::mlp_up, layer), &down = s.block(BlockKind::mlp_down, layer);
  const T* const w_down = theta.data() + down.offset;
  const double scale = s.options.branch_scale * down.multiplier * up.multiplier;
  AlignedVector<T> all(static_cast<std::size_t>(s.length * s.d * s.d)),
      scaled(static_cast<std::size_t>(s.d * s.hidden));
  for (Index t = 0; t < s.length; ++t) {
    T* const token = all.data() + t * s.d * s.d;
    for (Index i = 0; i < s.d; ++i)
      for (Index r = 0; r < s.hidden; ++r)
        scaled[static_cast<std::size_t>(i * s.hidden + r)] =
            w_down[i * s.hidden + r] * at.slope[static_cast<std::size_t>(t * s.hidden + r)];
    counted_gemm<T>(flop, Op::none, Op::none, s.d, s.d, s.hidden, static_cast<T>(scale), scaled.data(), s.hidden,
                    theta.data() + up.offset, s.d, T(0), token, s.d);
    base::Versions<multiply_rms_jacobian<T>>::call(s.d, s.d, at.x_mid.data() + t * s.d,
                                                   at.inv_rms_mid[static_cast<std::size_t>(t)], token, s.d);
    for (Index i = 0; i < s.d; ++i) token[i * s.d + i] += T(1);
  }
  return all;
}

// The tangent map of one layer at one sequence, applied to the columns of an (L d) x columns matrix in place.
template <class T>
class TangentMap {
 public:
  TangentMap(const KernelShape& s, std::span<const T> theta, const LayerTrace<T>& trace, const AlignedVector<T>& token,
             Index layer, TangentScratch<T>& scratch, double& flop)
      : s_(s), theta_(theta), at_(trace), token_(token), layer_(layer), w_(scratch), flop_(flop) {}

  void apply(Index columns, T* matrix) {
    const Index step = chunk_columns(s_);
    for (Index start = 0; start < columns; start += step)
      chunk(std::min(step, columns - start), matrix + start, columns);
  }

 private:
  void chunk(Index n, T* matrix, Index stride) {
    const auto size = [&](Index rows) { return static_cast<std::size_t>(rows * n); };
    w_.input.resize(size(s_.stream));
    for (auto* part : {&w_.q, &w_.k, &w_.v, &w_.z}) part->resize(size(s_.length * s_.width));
    w_.scores.resize(size(s_.length * s_.length));
    for (Index t = 0; t < s_.length; ++t) normalise(t, n, matrix + t * s_.d * stride, stride);
    project(BlockKind::attn_q, s_.score_scale, n, w_.q.data());
    project(BlockKind::attn_k, s_.score_scale, n, w_.k.data());
    project(BlockKind::attn_v, 1, n, w_.v.data());
    for (Index h = 0; h < s_.heads; ++h) attend(h, n);
    const auto& out = s_.block(BlockKind::attn_o, layer_);
    for (Index t = 0; t < s_.length; ++t) {
      T* const rows = matrix + t * s_.d * stride;
      counted_gemm<T>(flop_, Op::none, Op::none, s_.d, n, s_.width,
                      static_cast<T>(s_.options.branch_scale * out.multiplier), theta_.data() + out.offset, s_.width,
                      w_.z.data() + t * s_.width * n, n, T(1), rows, stride);
      T* const copy = w_.input.data() + t * s_.d * n;
      for (Index i = 0; i < s_.d; ++i) std::copy_n(rows + i * stride, n, copy + i * n);
      counted_gemm<T>(flop_, Op::none, Op::none, s_.d, n, s_.d, T(1), token_.data() + t * s_.d * s_.d, s_.d, copy, n,
                      T(0), rows, stride);
    }
  }

  // input_t = R_t matrix_t.
  void normalise(Index t, Index n, const T* rows, Index stride) {
    const T* const x = at_.x.data() + t * s_.d;
    const T inv_rms = at_.inv_rms[static_cast<std::size_t>(t)], inverse = T(1) / static_cast<T>(s_.d);
    T* const to = w_.input.data() + t * s_.d * n;
    AlignedVector<T>& dot = w_.scores;  // free at this point
    std::fill_n(dot.begin(), n, T(0));
    for (Index i = 0; i < s_.d; ++i)
      for (Index c = 0; c < n; ++c) dot[static_cast<std::size_t>(c)] += x[i] * inverse * rows[i * stride + c];
    for (Index i = 0; i < s_.d; ++i)
      for (Index c = 0; c < n; ++c)
        to[i * n + c] = inv_rms * (rows[i * stride + c] - x[i] * dot[static_cast<std::size_t>(c)]);
  }

  void project(BlockKind kind, double scale, Index n, T* to) {
    const auto& block = s_.block(kind, layer_);
    for (Index t = 0; t < s_.length; ++t)
      counted_gemm<T>(flop_, Op::none, Op::none, s_.width, n, s_.d, static_cast<T>(scale * block.multiplier),
                      theta_.data() + block.offset, s_.d, w_.input.data() + t * s_.d * n, n, T(0),
                      to + t * s_.width * n, n);
  }

  // z_t = sum_u A_tu dv_u + dA_tu v_u, dA_tu = A_tu (ds_tu - sum_j A_tj ds_tj), ds_tu = <dq_t, k_u> + <q_t, dk_u>.
  void attend(Index h, Index n) {
    const Index length = s_.length, size = s_.d_head, packed = 3 * s_.width, head = h * size;
    const T* const q = at_.qkv.data() + head;
    const T* const weights = at_.attention.data() + h * length * length;
    for (Index u = 0; u < length; ++u) {
      const Index first = s_.causal ? u : 0;
      counted_gemm<T>(flop_, Op::none, Op::none, length - first, n, size, T(1), q + first * packed, packed,
                      w_.k.data() + (u * s_.width + head) * n, n, T(0), w_.scores.data() + (first * length + u) * n,
                      length * n);
    }
    counted_gemm<T>(flop_, Op::none, Op::none, length, size * n, length, T(1), weights, length, w_.v.data() + head * n,
                    s_.width * n, T(0), w_.z.data() + head * n, s_.width * n);
    AlignedVector<T> mean(static_cast<std::size_t>(n));
    for (Index t = 0; t < length; ++t) {
      const Index seen = s_.visible(t);
      T* const scores = w_.scores.data() + t * length * n;
      counted_gemm<T>(flop_, Op::none, Op::none, seen, n, size, T(1), q + s_.width, packed,
                      w_.q.data() + (t * s_.width + head) * n, n, T(1), scores, n);
      std::fill(mean.begin(), mean.end(), T(0));
      for (Index u = 0; u < seen; ++u)
        for (Index c = 0; c < n; ++c) mean[static_cast<std::size_t>(c)] += weights[t * length + u] * scores[u * n + c];
      for (Index u = 0; u < seen; ++u)
        for (Index c = 0; c < n; ++c)
          scores[u * n + c] = weights[t * length + u] * (scores[u * n + c] - mean[static_cast<std::size_t>(c)]);
      counted_gemm<T>(flop_, Op::transpose, Op::none, size, n, seen, T(1), q + 2 * s_.width, packed, scores, n, T(1),
                      w_.z.data() + (t * s_.width + head) * n, n);
    }
  }

  const KernelShape& s_;
  std::span<const T> theta_;
  const LayerTrace<T>& at_;
  const AlignedVector<T>& token_;
  Index layer_;
  TangentScratch<T>& w_;
  double& flop_;
};

template <class T>
using Tangents = std::vector<std::vector<LayerTangent<T>>>;  // sequence, layer

template <class T>
Tangents<T> make_tangents(const Problem<T>& problem, const Side<T>& side, double& flop) {
  const KernelShape& s = problem.shape;
  Tangents<T> tangents(side.traces.size());
  flop += problem.run(static_cast<Index>(side.traces.size()), [&](Index sequence, double& spent) {
    const auto a = static_cast<std::size_t>(sequence);
    for (Index layer = 0; layer < s.options.n_layers; ++layer) {
      auto& at = tangents[a].emplace_back();
      const TermList list = layer_terms(s, layer, source_forms(s));
      const auto& trace = side.traces[a].layers[static_cast<std::size_t>(layer)];
      LayerFactors<T> factors;
      layer_factors<T>(s, problem.theta, trace, layer, list, factors, nullptr, spent);
      at.factors = pack_factors(s, list, std::move(factors));
      if (s.passes_below(layer)) at.token_jacobian = token_jacobians(s, problem.theta, trace, layer, spent);
    }
  });
  return tangents;
}

template <class T>
struct RecursionScratch {
  AlignedVector<T> theta, turned;
  Panels<T> local, block;
  LocalScratch<T> terms;
  TangentScratch<T> tangent;
  double flop = 0;
};

// to = from^T, n x n, by tiles that are read and written in whole cache lines.
template <class T>
void transpose_square(Index n, const T* from, T* to) {
  constexpr Index kTile = 16;
  T tile[kTile][kTile];
  for (Index r0 = 0; r0 < n; r0 += kTile)
    for (Index c0 = 0; c0 < n; c0 += kTile) {
      const Index rows = std::min(kTile, n - r0), cols = std::min(kTile, n - c0);
      for (Index r = 0; r < rows; ++r)
        for (Index c = 0; c < cols; ++c) tile[c][r] = from[(r0 + r) * n + c0 + c];
      for (Index c = 0; c < cols; ++c) std::copy_n(tile[c], rows, to + (c0 + c) * n + r0);
    }
}

template <class T>
class PairRecursion {
 public:
  PairRecursion(Problem<T>& problem, const Side<T>& rows, const Side<T>& cols, const Tangents<T>& row_tangents,
                const Tangents<T>& col_tangents)
      : problem_(problem), s_(problem.shape), rows_(rows), cols_(cols), ta_(row_tangents), tb_(col_tangents) {
    for (Index layer = 0; layer < s_.options.n_layers; ++layer) {
      lists_.push_back(layer_terms(s_, layer, source_forms(s_)));
      which_.emplace_back();
      for (std::size_t i = 0; i < lists_.back().terms.size(); ++i) which_.back().push_back(i);
    }
  }

  void run(std::size_t a, std::size_t b, RecursionScratch<T>& w) const {
    const Index n = s_.stream;
    bool zero = !s_.plan.embed, turned = false;  // transposed: w.theta holds Theta^T, rows of b
    if (!zero) lookups(rows_.traces[a].tokens, cols_.traces[b].tokens, w.theta.data());
    for (std::size_t layer = 0; layer < lists_.size(); ++layer) {
      if (base::interrupted()) return;  // a pair of long sequences takes seconds
      const auto &fa = ta_[a][layer], &fb = tb_[b][layer];
      if (!zero) {
        const auto apply = [&](const Side<T>& side, std::size_t i, const LayerTangent<T>& tangent) {
          TangentMap<T>(s_, problem_.theta, side.traces[i].layers[layer], tangent.token_jacobian,
                        static_cast<Index>(layer), w.tangent, w.flop)
              .apply(n, w.theta.data());
        };
        turned ? apply(cols_, b, fb) : apply(rows_, a, fa);
        transpose_square(n, w.theta.data(), w.turned.data());
        w.theta.swap(w.turned);
        turned = !turned;
        turned ? apply(cols_, b, fb) : apply(rows_, a, fa);
      }
      if (which_[layer].empty()) continue;
      const auto &left = turned ? fb.factors : fa.factors, &right = turned ? fa.factors : fb.factors;
      local_kernel(s_, lists_[layer], which_[layer], s_.d, left, right, false, w.local, w.terms, w.flop);
      add_local(zero, w);
      zero = false;
    }
    if (zero) {
      w.block.set_zero();
    } else {
      if (turned) {
        transpose_square(n, w.theta.data(), w.turned.data());
        w.theta.swap(w.turned);
      }
      read_out(a, b, w);
    }
    if (s_.plan.out) add_readout_kernel(problem_, rows_.traces[a], cols_.traces[b], w.block, w.flop);
    write_block(problem_, problem_.matrix(-1), static_cast<Index>(a), static_cast<Index>(b), false, w.block);
  }

 private:
  void lookups(const std::int32_t* a, const std::int32_t* b, T* theta) const {
    std::fill_n(theta, s_.stream * s_.stream, T(0));
    for (Index t = 0; t < s_.length; ++t)
      for (Index u = 0; u < s_.length; ++u) {
        const T weight = T(a[t] == b[u] ? 1 : 0) + T(t == u ? 1 : 0);
        for (Index i = 0; i < s_.d; ++i) theta[(t * s_.d + i) * s_.stream + u * s_.d + i] = weight;
      }
  }

  void add_local(bool zero, RecursionScratch<T>& w) const {
    constexpr Index width = kPanelWidth<T>;
    for (Index p = 0; p < w.local.count(); ++p) {
      const Index columns = std::min(width, s_.stream - p * width);
      for (Index r = 0; r < s_.stream; ++r) {
        const T* const from = w.local.panel(p) + r * width;
        T* const to = w.theta.data() + r * s_.stream + p * width;
        for (Index c = 0; c < columns; ++c) to[c] = (zero ? T(0) : to[c]) + from[c];
      }
    }
  }

  // block = B^N_a Theta B^N_b^T, one token block at a time where B^N is block diagonal.
  void read_out(std::size_t a, std::size_t b, RecursionScratch<T>& w) const {
    const Index n = s_.stream, rows = s_.rows;
    const bool diagonal = s_.reduce == Reduce::none;
    const T *const left = rows_.b[a].data(), *const right = cols_.b[b].data();
    w.turned.resize(static_cast<std::size_t>(n * std::max(n, rows)));
    T* const half = w.turned.data();  // Theta B_b^T, n x rows
    const Index depth = diagonal ? s_.d : n, part = diagonal ? s_.outputs : rows;
    for (Index k = 0, r = 0; k < n; k += depth, r += part)
      counted_gemm<T>(w.flop, Op::none, Op::none, n, part, depth, T(1), w.theta.data() + k, n, right + k * rows + r,
                      rows, T(0), half + r, rows);
    constexpr Index width = kPanelWidth<T>;
    for (Index p = 0; p < w.block.count(); ++p)
      for (Index k = 0, r = 0; k < n; k += depth, r += part)
        counted_gemm<T>(w.flop, Op::transpose, Op::none, part, std::min(width, rows - p * width), depth, T(1),
                        left + k * rows + r, rows, half + k * rows + p * width, rows, T(0),
                        w.block.panel(p) + r * width, width);
  }

  Problem<T>& problem_;
  const KernelShape& s_;
  const Side<T>&rows_, &cols_;
  const Tangents<T>&ta_, &tb_;
  std::vector<TermList> lists_;
  std::vector<std::vector<std::size_t>> which_;
};

template <class T>
Index padded(Index rows) {
  return panel_count<T>(rows) * kPanelWidth<T>;
}

double tangent_flop(const KernelShape& s) {  // of one sequence and column
  const auto n = [](Index x) { return static_cast<double>(x); };
  const double length = n(s.length), d = n(s.d), w = n(s.width);
  const double seen = s.causal ? length * (length + 1) / 2 : length * length;
  return length * (8 * d * w + 2 * d * d) + 2 * w * length * length + 6 * w * seen;
}

}  // namespace

template <class T>
void run_recursion(Problem<T>& problem) {
  const KernelShape& s = problem.shape;
  double& flop = problem.result.flop;
  const Side<T> rows = make_side(problem, problem.row_inputs, flop);
  Side<T> other;
  if (!problem.symmetric) other = make_side(problem, problem.col_inputs, flop);
  const Side<T>& cols = problem.symmetric ? rows : other;
  const Tangents<T> row_tangents = make_tangents(problem, rows, flop);
  Tangents<T> other_tangents;
  if (!problem.symmetric) other_tangents = make_tangents(problem, other, flop);
  const PairRecursion<T> recursion(problem, rows, cols, row_tangents,
                                   problem.symmetric ? row_tangents : other_tangents);
  const auto pairs = problem.pairs();
  const auto scratch = [&] {
    RecursionScratch<T> w;
    w.theta.resize(static_cast<std::size_t>(s.stream * s.stream));
    w.turned.resize(static_cast<std::size_t>(s.stream * std::max(s.stream, s.rows)));
    w.local.reshape(s.stream, padded<T>(s.stream));
    w.block.reshape(s.rows, padded<T>(s.rows));
    return w;
  };
  flop += problem.run(static_cast<Index>(pairs.size()), scratch, [&](Index p, RecursionScratch<T>& w, double& spent) {
    const auto [a, b] = pairs[static_cast<std::size_t>(p)];
    w.flop = 0;
    recursion.run(static_cast<std::size_t>(a), static_cast<std::size_t>(b), w);
    spent += w.flop;
  });
}

template <class T>
double recursion_flop(const KernelShape& s, Index rows, Index cols) {
  const double sequences = static_cast<double>(rows + cols);
  const double pairs = cols == 0 ? 0.5 * static_cast<double>(rows) * static_cast<double>(rows + 1)
                                 : static_cast<double>(rows) * static_cast<double>(cols);
  const auto n = [](Index x) { return static_cast<double>(x); };
  double flop = sequences * trace_flop(s);
  bool zero = !s.plan.embed;
  for (Index layer = 0; layer < s.options.n_layers; ++layer) {
    const TermList list = layer_terms(s, layer, source_forms(s));
    flop += sequences * factor_flop(s, list, false);
    if (s.passes_below(layer)) flop += sequences * n(s.length) * 2 * n(s.d * s.d) * n(s.hidden);
    if (!zero) flop += pairs * 2 * n(s.stream) * tangent_flop(s);
    if (list.terms.empty()) continue;
    std::vector<std::size_t> which;
    for (std::size_t i = 0; i < list.terms.size(); ++i) which.push_back(i);
    flop += pairs * local_flop<T>(s, list, which, s.d);
    zero = false;
  }
  const double depth = n(s.reduce == Reduce::none ? s.d : s.stream);
  if (!zero) flop += pairs * 2 * depth * n(s.rows) * (n(s.stream) + n(s.rows));
  if (s.plan.out) flop += pairs * 2.0 * n(s.length * s.length * s.d);
  return flop;
}

template <class T>
double recursion_scratch(const KernelShape& s, Index rows, Index cols, Index threads) {
  const auto n = [](Index x) { return static_cast<double>(x); };
  double per_sequence = n(s.stream * s.rows);
  for (Index layer = 0; layer < s.options.n_layers; ++layer) {
    const TermList list = layer_terms(s, layer, source_forms(s));
    per_sequence += n(padded<T>(s.stream) * (list.n_rows + list.n_sources)) + n(list.n_features);
    if (s.passes_below(layer)) per_sequence += n(s.length * s.d * s.d);
  }
  const double thread = n(s.stream * s.stream) + n(s.stream * std::max(s.stream, s.rows)) +
                        n(padded<T>(s.stream)) * n(padded<T>(s.stream)) + n(padded<T>(s.rows)) * n(padded<T>(s.rows)) +
                        n(chunk_columns(s)) * n(s.stream + 4 * s.length * s.width + s.length * s.length);
  return n(rows + cols) * (trace_bytes<T>(s) + per_sequence * sizeof(T)) + n(threads) * thread * sizeof(T);
}

#define PHASELAW_INSTANTIATE(T)                                        \
  template void run_recursion<T>(Problem<T>&);                         \
  template double recursion_flop<T>(const KernelShape&, Index, Index); \
  template double recursion_scratch<T>(const KernelShape&, Index, Index, Index);
PHASELAW_INSTANTIATE(float)
PHASELAW_INSTANTIATE(double)
#undef PHASELAW_INSTANTIATE

}  // namespace phaselaw::kernel
