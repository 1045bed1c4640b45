// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/contraction.h"

#include "phaselaw/kernel/counted.h"
#include "phaselaw/kernel/sandwich.h"
#include "phaselaw/kernel/stream_jacobian.h"

namespace phaselaw::kernel {

using model::BlockKind;
using numerics::Op;

namespace {

constexpr Index kBlockRows = 256;  // kernel rows of one J J^T task

// Delta_t = B_t F_t of one sequence and layer; per term an (L depth) x rows matrix, index (t, factor column).
template <class T>
struct Signals {
  std::vector<AlignedVector<T>> by_term;
  AlignedVector<T> features;
};

TermList contraction_terms(const KernelShape& s, Index layer) { return layer_terms(s, layer, SourceForms{}); }

template <class T>
Signals<T> make_signals(const KernelShape& s, const TermList& list, LayerFactors<T>&& factors,
                        const AlignedVector<T>& b, double& flop) {
  Signals<T> signals;
  for (const Term& term : list.terms) {
    if (term.form == FactorForm::diagonal) {
      signals.by_term.push_back(b);
      continue;
    }
    AlignedVector<T> delta(static_cast<std::size_t>(s.length * term.depth * s.rows), T(0));
    for (Index t = 0; t < s.length; ++t) {
      const Index row = s.first_row(t);
      counted_gemm<T>(flop, Op::none, Op::none, term.depth, s.rows - row, s.d, T(1),
                      factors.rows.data() + (t * list.n_rows + term.row_offset) * s.d, s.d,
                      b.data() + t * s.d * s.rows + row, s.rows, T(0), delta.data() + t * term.depth * s.rows + row,
                      s.rows);
    }
    signals.by_term.push_back(std::move(delta));
  }
  signals.features = std::move(factors.features);
  return signals;
}

double signal_flop(const KernelShape& s, const TermList& list) {
  double rows = 0;
  for (Index t = 0; t < s.length; ++t) rows += static_cast<double>(s.rows - s.first_row(t));
  return rows * 2 * static_cast<double>(list.n_rows * s.d);
}

template <class T>
std::vector<Signals<T>> side_signals(const Problem<T>& problem, Side<T>& side, Index layer, const TermList& list,
                                     double& flop) {
  const KernelShape& s = problem.shape;
  const auto n = static_cast<Index>(side.traces.size());
  std::vector<Signals<T>> signals(side.traces.size());
  const bool below = s.passes_below(layer);
  const auto scratch = [&] { return AlignedVector<T>(static_cast<std::size_t>(below ? s.stream * s.stream : 0)); };
  flop += problem.run(n, scratch, [&](Index a, AlignedVector<T>& jacobian, double& spent) {
    const auto i = static_cast<std::size_t>(a);
    LayerFactors<T> factors;
    layer_factors(s, problem.theta, side.traces[i].layers[static_cast<std::size_t>(layer)], layer, list, factors,
                  below ? jacobian.data() : nullptr, spent);
    signals[i] = make_signals(s, list, std::move(factors), side.b[i], spent);
    if (below) step_stream_jacobian(s, jacobian.data(), side.b[i], spent);
  });
  return signals;
}

// block = Delta_a^T (G (x) I) Delta_b: both (L depth) x rows.
template <class T>
void dual_block(const KernelShape& s, Index depth, const T* gram, const AlignedVector<T>& a, const AlignedVector<T>& b,
                Panels<T>& block, AlignedVector<T>& mixed, double& flop) {
  constexpr Index w = kPanelWidth<T>;
  mixed.resize(static_cast<std::size_t>(s.length * depth * s.rows));
  counted_gemm<T>(flop, Op::none, Op::none, s.length, depth * s.rows, s.length, T(1), gram, s.length, b.data(),
                  depth * s.rows, T(0), mixed.data(), depth * s.rows);
  for (Index p = 0; p < block.count(); ++p)
    counted_gemm<T>(flop, Op::transpose, Op::none, s.rows, std::min(w, s.rows - p * w), s.length * depth, T(1),
                    a.data(), s.rows, mixed.data() + p * w, s.rows, T(0), block.panel(p), w);
}

double dual_block_flop(const KernelShape& s, Index depth) {
  const double inner = static_cast<double>(s.length * depth), rows = static_cast<double>(s.rows);
  return 2 * static_cast<double>(s.length) * inner * rows + 2 * inner * rows * rows;
}

// Calls compute(a, b, block, mixed, flop) for every pair and adds the block to `matrix`.
template <class T, class Compute>
void add_pairs(Problem<T>& problem, T* matrix, Compute&& compute) {
  const KernelShape& s = problem.shape;
  const auto pairs = problem.pairs();
  struct Scratch {
    Panels<T> block;
    AlignedVector<T> mixed;
  };
  const auto scratch = [&] { return Scratch{Panels<T>(s.rows, round_up<T>(s.rows)), {}}; };
  problem.result.flop +=
      problem.run(static_cast<Index>(pairs.size()), scratch, [&](Index p, Scratch& w, double& spent) {
        const auto [a, b] = pairs[static_cast<std::size_t>(p)];
        compute(static_cast<std::size_t>(a), static_cast<std::size_t>(b), w.block, w.mixed, spent);
        write_block(problem, matrix, a, b, true, w.block);
      });
}

Index sequences_per_block(const KernelShape& s) { return std::max<Index>(1, kBlockRows / s.rows); }

// Features in one slab of J, so that the slab takes no more than an eighth of the result (and at least 4 MiB).
Index slab_features(const KernelShape& s, const Term& term, Index sequences, double result_bytes, std::size_t scalar) {
  const double budget = std::max(result_bytes / 8, 4.0 * 1024 * 1024);
  const double one = static_cast<double>(term.depth * s.rows * sequences) * static_cast<double>(scalar);
  return std::clamp<Index>(static_cast<Index>(budget / one), 1, term.feature);
}

// J^T of one slab, (count depth) x (n rows): rows (feature, factor column), columns (sequence, row).
template <class T>
void fill_slab(const Problem<T>& problem, const std::vector<Signals<T>>& signals, const Term& term, std::size_t index,
               Index start, Index count, AlignedVector<T>& slab, double& flop) {
  const KernelShape& s = problem.shape;
  const auto n = static_cast<Index>(signals.size());
  const Index columns = n * s.rows, inner = term.depth * s.rows;
  slab.resize(static_cast<std::size_t>(count * term.depth * columns));
  const auto scratch = [&] { return AlignedVector<T>(static_cast<std::size_t>(count * inner)); };
  flop += problem.run(n, scratch, [&](Index a, AlignedVector<T>& own, double& spent) {
    const auto& from = signals[static_cast<std::size_t>(a)];
    counted_gemm<T>(spent, Op::transpose, Op::none, count, inner, s.length, T(1),
                    from.features.data() + term.feature_offset + start, term.feature, from.by_term[index].data(), inner,
                    T(0), own.data(), inner);
    for (Index k = 0; k < count * term.depth; ++k)
      std::copy_n(own.data() + k * s.rows, s.rows, slab.data() + k * columns + a * s.rows);
  });
}

template <class T>
void add_slab(Problem<T>& problem, T* matrix, Index depth, const AlignedVector<T>& rows, const AlignedVector<T>& cols) {
  const KernelShape& s = problem.shape;
  const Index step = sequences_per_block(s) * s.rows, leading = problem.leading();
  const Index n_rows = problem.row_inputs.n * s.rows;
  std::vector<std::pair<Index, Index>> blocks;
  for (Index r = 0; r < n_rows; r += step)
    for (Index c = problem.symmetric ? r : 0; c < leading; c += step) blocks.emplace_back(r, c);
  problem.result.flop += problem.run(static_cast<Index>(blocks.size()), [&](Index i, double& spent) {
    const auto [r, c] = blocks[static_cast<std::size_t>(i)];
    counted_gemm<T>(spent, Op::transpose, Op::none, std::min(step, n_rows - r), std::min(step, leading - c), depth,
                    T(1), rows.data() + r, n_rows, cols.data() + c, leading, T(1), matrix + r * leading + c, leading);
  });
}

// The lower triangle from the upper one.
template <class T>
void mirror(const Problem<T>& problem, T* matrix) {
  const Index n = problem.leading();
  constexpr Index kTile = 64;
  problem.team.run((n + kTile - 1) / kTile, [&](Index tile, int) {
    const Index r0 = tile * kTile;
    for (Index c0 = 0; c0 <= r0; c0 += kTile)
      for (Index r = r0; r < std::min(n, r0 + kTile); ++r)
        for (Index c = c0; c < std::min({n, c0 + kTile, r}); ++c) matrix[r * n + c] = matrix[c * n + r];
  });
}

double result_bytes(const KernelShape& s, Index rows, Index cols, Detail detail, std::size_t scalar) {
  return static_cast<double>(rows * s.rows) * static_cast<double>((cols == 0 ? rows : cols) * s.rows) *
         static_cast<double>(scalar) * static_cast<double>(1 + part_names(s, detail).size());
}

// Gram of the lookups: same token + same position.
template <class T>
AlignedVector<T> lookup_gram(const KernelShape& s, const std::int32_t* a, const std::int32_t* b) {
  AlignedVector<T> gram(static_cast<std::size_t>(s.length * s.length));
  for (Index t = 0; t < s.length; ++t)
    for (Index u = 0; u < s.length; ++u)
      gram[static_cast<std::size_t>(t * s.length + u)] = T(a[t] == b[u] ? 1 : 0) + T(t == u ? 1 : 0);
  return gram;
}

template <class T>
void add_layer(Problem<T>& problem, Algorithm algorithm, Index layer, Side<T>& rows, Side<T>* cols) {
  const KernelShape& s = problem.shape;
  const TermList list = contraction_terms(s, layer);
  const auto left = side_signals(problem, rows, layer, list, problem.result.flop);
  std::vector<Signals<T>> other;
  if (cols != nullptr) other = side_signals(problem, *cols, layer, list, problem.result.flop);
  const auto& right = cols != nullptr ? other : left;
  const double bytes =
      result_bytes(s, problem.row_inputs.n, cols != nullptr ? problem.col_inputs.n : 0, problem.detail, sizeof(T));
  AlignedVector<T> slab, other_slab;
  for (std::size_t i = 0; i < list.terms.size(); ++i) {
    const Term& term = list.terms[i];
    T* const matrix = problem.matrix(find_part(problem.parts, layer, term.kind, problem.detail));
    if (algorithm == Algorithm::token_dual) {
      add_pairs(
          problem, matrix, [&](std::size_t a, std::size_t b, Panels<T>& block, AlignedVector<T>& mixed, double& flop) {
            AlignedVector<T> gram(static_cast<std::size_t>(s.length * s.length));
            counted_gemm<T>(flop, Op::none, Op::transpose, s.length, s.length, term.feature, T(1),
                            left[a].features.data() + term.feature_offset, term.feature,
                            right[b].features.data() + term.feature_offset, term.feature, T(0), gram.data(), s.length);
            dual_block(s, term.depth, gram.data(), left[a].by_term[i], right[b].by_term[i], block, mixed, flop);
          });
      continue;
    }
    const Index sequences = problem.row_inputs.n + (cols != nullptr ? problem.col_inputs.n : 0);
    const Index step = slab_features(s, term, sequences, bytes, sizeof(T));
    for (Index start = 0; start < term.feature; start += step) {
      const Index count = std::min(step, term.feature - start);
      fill_slab(problem, left, term, i, start, count, slab, problem.result.flop);
      if (cols != nullptr) fill_slab(problem, right, term, i, start, count, other_slab, problem.result.flop);
      add_slab(problem, matrix, count * term.depth, slab, cols != nullptr ? other_slab : slab);
    }
  }
}

}  // namespace

template <class T>
void run_contraction(Problem<T>& problem, Algorithm algorithm) {
  const KernelShape& s = problem.shape;
  auto& result = problem.result;
  result.total.setZero();
  for (auto& part : result.parts) part.values.setZero();
  Side<T> rows = make_side(problem, problem.row_inputs, result.flop), cols;
  if (!problem.symmetric) cols = make_side(problem, problem.col_inputs, result.flop);
  Side<T>* const other = problem.symmetric ? nullptr : &cols;
  const Side<T>& right = problem.symmetric ? rows : cols;
  for (Index layer = s.options.n_layers - 1; layer >= 0 && s.plan.stream; --layer) {
    add_layer(problem, algorithm, layer, rows, other);
    if (!s.passes_below(layer)) break;
  }
  if (s.plan.embed)
    add_pairs(problem, problem.matrix(find_part(problem.parts, -1, BlockKind::embed, problem.detail)),
              [&](std::size_t a, std::size_t b, Panels<T>& block, AlignedVector<T>& mixed, double& flop) {
                const auto gram = lookup_gram<T>(s, rows.traces[a].tokens, right.traces[b].tokens);
                dual_block(s, s.d, gram.data(), rows.b[a], right.b[b], block, mixed, flop);
              });
  if (s.plan.out)
    add_pairs(problem, problem.matrix(find_part(problem.parts, -1, BlockKind::out, problem.detail)),
              [&](std::size_t a, std::size_t b, Panels<T>& block, AlignedVector<T>&, double& flop) {
                block.set_zero();
                add_readout_kernel(problem, rows.traces[a], right.traces[b], block, flop);
              });
  for (auto& part : result.parts) result.total += part.values;
  if (!problem.symmetric) return;
  mirror(problem, result.total.data());
  for (auto& part : result.parts) mirror(problem, part.values.data());
}

template <class T>
double contraction_flop(const KernelShape& s, Index rows, Index cols, Detail, Algorithm algorithm) {
  const double sequences = static_cast<double>(rows + cols);
  const double pairs = cols == 0 ? 0.5 * static_cast<double>(rows) * static_cast<double>(rows + 1)
                                 : static_cast<double>(rows) * static_cast<double>(cols);
  double block_entries = 0;  // kernel entries that the slabs compute
  const Index step = sequences_per_block(s) * s.rows, n_rows = rows * s.rows,
              n_cols = (cols == 0 ? rows : cols) * s.rows;
  for (Index r = 0; r < n_rows; r += step)
    block_entries +=
        static_cast<double>(std::min(step, n_rows - r)) * static_cast<double>(n_cols - (cols == 0 ? r : 0));
  double flop = sequences * trace_flop(s);
  for (Index layer = s.options.n_layers - 1; layer >= 0 && s.plan.stream; --layer) {
    const TermList list = contraction_terms(s, layer);
    const bool below = s.passes_below(layer);
    flop += sequences * (factor_flop(s, list, below) + signal_flop(s, list) + (below ? stream_step_flop(s) : 0));
    for (const Term& term : list.terms) {
      const double columns = static_cast<double>(term.depth) * static_cast<double>(term.feature);
      if (algorithm == Algorithm::token_dual)
        flop +=
            pairs * (2.0 * static_cast<double>(s.length * s.length * term.feature) + dual_block_flop(s, term.depth));
      else
        flop += sequences * 2 * columns * static_cast<double>(s.rows * s.length) + 2 * block_entries * columns;
    }
    if (!below) break;
  }
  if (s.plan.embed) flop += pairs * dual_block_flop(s, s.d);
  if (s.plan.out) flop += pairs * 2.0 * static_cast<double>(s.length * s.length * s.d);
  return flop;
}

template <class T>
double contraction_scratch(const KernelShape& s, Index rows, Index cols, Detail detail, Index threads,
                           Algorithm algorithm) {
  const double sequences = static_cast<double>(rows + cols), b = static_cast<double>(s.stream * s.rows);
  double signals = 0, slab = 0, mixed = 0;
  for (Index layer = 0; layer < s.options.n_layers; ++layer) {
    const TermList list = contraction_terms(s, layer);
    double depth = 0;
    for (const Term& term : list.terms) {
      depth += static_cast<double>(term.depth);
      const Index step = slab_features(s, term, rows + cols, result_bytes(s, rows, cols, detail, sizeof(T)), sizeof(T));
      const double one = static_cast<double>(step * term.depth) * static_cast<double>(s.rows);
      slab = std::max(slab, one * (sequences + static_cast<double>(threads)));
      mixed = std::max(mixed, static_cast<double>(s.length * term.depth * s.rows));
    }
    signals = std::max(signals, depth * static_cast<double>(s.length * s.rows) + static_cast<double>(list.n_features));
  }
  double per_thread = b + static_cast<double>(s.stream * s.stream);
  if (algorithm == Algorithm::token_dual)
    per_thread = std::max(per_thread, mixed + static_cast<double>(s.rows * panel_count<T>(s.rows) * kPanelWidth<T>));
  else
    per_thread += slab / static_cast<double>(threads);
  return sequences * (trace_bytes<T>(s) + (b + signals) * sizeof(T)) +
         static_cast<double>(threads) * per_thread * sizeof(T);
}

#define PHASELAW_INSTANTIATE(T)                                                             \
  template void run_contraction<T>(Problem<T>&, Algorithm);                                 \
  template double contraction_flop<T>(const KernelShape&, Index, Index, Detail, Algorithm); \
  template double contraction_scratch<T>(const KernelShape&, Index, Index, Detail, Index, Algorithm);
PHASELAW_INSTANTIATE(float)
PHASELAW_INSTANTIATE(double)
#undef PHASELAW_INSTANTIATE

}  // namespace phaselaw::kernel
