// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/sandwich.h"

#include <optional>

#include "phaselaw/base/instruction_set.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/kernel/local_kernel.h"
#include "phaselaw/kernel/stream_jacobian.h"
#include "phaselaw/model/rows.h"

namespace phaselaw::kernel {

using model::BlockKind;

namespace {

constexpr Index kGroup = 4;  // panels of columns that share one pass over C and B_a

// A layer of a group, for all sequences of a side.
struct LayerWork {
  Index layer = 0;
  bool local = false;  // B is inside the factors
  Index width = 0;     // rows of a factor per token
  TermList list;       // as computed
  TermList packed;     // as packed: with the read-out pushed in when local
  std::vector<Bundle> bundles;
};

LayerWork layer_work(const KernelShape& s, Index layer, const std::vector<PartName>& parts, Detail detail) {
  LayerWork work;
  work.layer = layer;
  work.local = layer == s.options.n_layers - 1 && s.reduce == Reduce::none;
  work.width = work.local ? s.outputs : s.d;
  work.list = layer_terms(s, layer, source_forms(s));
  work.packed = work.local ? readout_terms(s, work.list) : work.list;
  work.bundles = bundles_of(work.list, parts, layer, detail);
  return work;
}

// Depths of B's panels: B(row, .) reaches the tokens that the row sees.
template <class T>
std::vector<Index> row_depths(const KernelShape& s) {
  std::vector<Index> depths;
  for (Index p = 0; p < panel_count<T>(s.rows); ++p)
    depths.push_back(s.visible_to(std::min((p + 1) * kPanelWidth<T>, s.rows) - 1) * s.d);
  return depths;
}

template <class T>
Panels<T> pack_rows(const KernelShape& s, const AlignedVector<T>& b) {
  constexpr Index w = kPanelWidth<T>;
  Panels<T> packed;
  packed.reshape(s.rows, row_depths<T>(s));
  for (Index p = 0; p < packed.count(); ++p) {
    const Index columns = std::min(w, s.rows - p * w);
    for (Index k = 0; k < packed.depth(p); ++k) {
      T* const to = packed.panel(p) + k * w;
      std::copy_n(b.data() + k * s.rows + p * w, columns, to);
      std::fill(to + columns, to + w, T(0));
    }
  }
  return packed;
}

// A side with the packed data of the layers of the current group.
template <class T>
struct PackedSide {
  Side<T> side;
  std::vector<std::vector<PackedFactors<T>>> factors;  // layer of the group, sequence
  std::vector<std::vector<Panels<T>>> rows;            // B of that layer
  std::vector<Panels<T>> embed_rows;                   // B^0
};

template <class T>
void pack_group(const Problem<T>& problem, const std::vector<LayerWork>& group, PackedSide<T>& packed, double& flop) {
  const KernelShape& s = problem.shape;
  const std::size_t n = packed.side.traces.size();
  packed.factors.assign(group.size(), std::vector<PackedFactors<T>>(n));
  packed.rows.assign(group.size(), std::vector<Panels<T>>(n));
  packed.embed_rows.assign(n, Panels<T>());
  const auto pack = [&](Index sequence, AlignedVector<T>& jacobian, double& spent) {
    const auto a = static_cast<std::size_t>(sequence);
    const SequenceTrace<T>& trace = packed.side.traces[a];
    for (std::size_t i = 0; i < group.size(); ++i) {
      const LayerWork& work = group[i];
      const bool below = s.passes_below(work.layer);
      if (below) jacobian.resize(static_cast<std::size_t>(s.stream * s.stream));
      LayerFactors<T> factors;
      layer_factors(s, problem.theta, trace.layers[static_cast<std::size_t>(work.layer)], work.layer, work.list,
                    factors, below ? jacobian.data() : nullptr, spent);
      if (work.local) push_readout(s, problem.theta, trace, work.list, work.packed, factors, spent);
      packed.factors[i][a] = pack_factors(s, work.packed, std::move(factors));
      if (!work.local) packed.rows[i][a] = pack_rows(s, packed.side.b[a]);
      if (below) step_stream_jacobian(s, jacobian.data(), packed.side.b[a], spent);
      if (work.layer == 0 && s.plan.embed) packed.embed_rows[a] = pack_rows(s, packed.side.b[a]);
    }
  };
  const auto jacobian_for_each = [] { return AlignedVector<T>(); };
  flop += problem.run(static_cast<Index>(n), jacobian_for_each, pack);
}

template <class T>
struct PairScratch {
  PairScratch(const KernelShape& s, Detail detail)
      : local(s.stream, round_up<T>(s.stream)),
        total(s.rows, round_up<T>(s.rows)),
        product(static_cast<std::size_t>(kGroup * round_up<T>(s.stream) * kPanelWidth<T>)) {
    if (detail != Detail::total) part.reshape(s.rows, round_up<T>(s.rows));
  }
  Panels<T> local, total, part;
  AlignedVector<T> product;  // kGroup panels of C B_b^T
  LocalScratch<T> terms;
  double flop = 0;
};

// block += B_a (C B_b^T), where fill(group, panels of C B_b^T) provides the second factor.
template <class T, class Fill>
void multiply_rows(const KernelShape& s, const Panels<T>& a, const Panels<T>& b, bool accumulate, Panels<T>& block,
                   PairScratch<T>& scratch, Fill&& fill) {
  const Index padded = round_up<T>(s.stream), w = kPanelWidth<T>;
  for (Index start = 0; start < b.count(); start += kGroup) {
    const Index group = std::min(kGroup, b.count() - start);
    T *product[kGroup], *out[kGroup];
    const T *from[kGroup], *right[kGroup];
    Index depth[kGroup], full[kGroup], columns[kGroup];
    for (Index j = 0; j < group; ++j) {
      product[j] = scratch.product.data() + j * padded * w;
      from[j] = product[j];
      right[j] = b.panel(start + j);
      out[j] = block.panel(start + j);
      depth[j] = b.depth(start + j);
      full[j] = s.stream;
      columns[j] = std::min(w, s.rows - (start + j) * w);
    }
    fill(group, right, depth, columns, product);
    scratch.flop += multiply_panels<T>(a, group, from, full, columns, out, accumulate);
  }
}

template <class T>
class PairKernel {
 public:
  PairKernel(Problem<T>& problem, const PackedSide<T>& rows, const PackedSide<T>& cols,
             const std::vector<LayerWork>& group, bool first)
      : problem_(problem), s_(problem.shape), rows_(rows), cols_(cols), group_(group), first_(first) {}

  void run(Index a, Index b, PairScratch<T>& w) const {
    const bool parts = problem_.detail != Detail::total;
    bool started = false;  // the total has been written
    const auto add = [&](Index part, auto&& compute) {
      if (!parts) {
        compute(w.total, started);
      } else {
        compute(w.part, false);
        write_block(problem_, problem_.matrix(part), a, b, false, w.part);
        add_to_total(w, started);
      }
      started = true;
    };
    const auto ia = static_cast<std::size_t>(a), ib = static_cast<std::size_t>(b);
    if (first_ && s_.plan.out)
      add(find_part(problem_.parts, -1, BlockKind::out, problem_.detail), [&](Panels<T>& block, bool accumulate) {
        if (!accumulate) block.set_zero();
        add_readout_kernel(problem_, rows_.side.traces[ia], cols_.side.traces[ib], block, w.flop);
      });
    for (std::size_t i = 0; i < group_.size(); ++i)
      for (const Bundle& bundle : group_[i].bundles)
        add(bundle.part, [&](Panels<T>& block, bool accumulate) { layer(i, bundle, ia, ib, block, accumulate, w); });
    if (s_.plan.embed && !group_.empty() && group_.back().layer == 0)
      add(find_part(problem_.parts, -1, BlockKind::embed, problem_.detail),
          [&](Panels<T>& block, bool accumulate) { embed(ia, ib, block, accumulate, w); });
    if (!started && !first_) return;
    if (!started) w.total.set_zero();
    write_block(problem_, problem_.matrix(-1), a, b, !first_, w.total);
  }

 private:
  void layer(std::size_t i, const Bundle& bundle, std::size_t a, std::size_t b, Panels<T>& block, bool accumulate,
             PairScratch<T>& w) const {
    const LayerWork& work = group_[i];
    const auto &fa = rows_.factors[i][a], &fb = cols_.factors[i][b];
    if (work.local)
      return local_kernel(s_, work.packed, bundle.which, work.width, fa, fb, accumulate, block, w.terms, w.flop);
    // With the sides exchanged C comes out as panels of a's rows: the left operand of C B_b^T.
    local_kernel(s_, work.packed, bundle.which, work.width, fb, fa, false, w.local, w.terms, w.flop);
    multiply_rows(s_, rows_.rows[i][a], cols_.rows[i][b], accumulate, block, w,
                  [&](Index group, const T* const* right, const Index* depth, const Index* columns, T* const* product) {
                    w.flop += multiply_panels<T>(w.local, group, right, depth, columns, product, false);
                  });
  }

  // Lookups: C_ts = [same token] I + [same position] I, applied to B_b^T by adding its rows.
  void embed(std::size_t a, std::size_t b, Panels<T>& block, bool accumulate, PairScratch<T>& w) const {
    const std::int32_t *left = rows_.side.traces[a].tokens, *right_tokens = cols_.side.traces[b].tokens;
    const Index width = s_.d * kPanelWidth<T>;
    multiply_rows(s_, rows_.embed_rows[a], cols_.embed_rows[b], accumulate, block, w,
                  [&](Index group, const T* const* right, const Index* depth, const Index*, T* const* product) {
                    for (Index j = 0; j < group; ++j)
                      for (Index t = 0; t < s_.length; ++t) {
                        T* const out = product[j] + t * width;
                        std::fill_n(out, width, T(0));
                        for (Index u = 0; u < depth[j] / s_.d; ++u) {
                          const T weight = T(left[t] == right_tokens[u] ? 1 : 0) + T(t == u ? 1 : 0);
                          if (weight == T(0)) continue;
                          base::Versions<model::add_to_rows<T>>::call(1, width, weight, right[j] + u * width, out,
                                                                      width);
                        }
                      }
                  });
  }

  static void add_to_total(PairScratch<T>& w, bool started) {
    for (Index p = 0; p < w.total.count(); ++p) {
      T* const to = w.total.panel(p);
      const T* const from = w.part.panel(p);
      const Index count = w.total.depth(p) * kPanelWidth<T>;
      if (started)
        base::Versions<model::add_to_rows<T>>::call(1, count, T(1), from, to, count);
      else
        std::copy_n(from, count, to);
    }
  }

  Problem<T>& problem_;
  const KernelShape& s_;
  const PackedSide<T>&rows_, &cols_;
  const std::vector<LayerWork>& group_;
  bool first_;
};

}  // namespace

template <class T>
void run_sandwich(Problem<T>& problem) {
  const KernelShape& s = problem.shape;
  double& flop = problem.result.flop;
  PackedSide<T> rows, cols;
  rows.side = make_side(problem, problem.row_inputs, flop);
  if (!problem.symmetric) cols.side = make_side(problem, problem.col_inputs, flop);
  const PackedSide<T>& right = problem.symmetric ? rows : cols;

  const auto pairs = problem.pairs();
  const auto n_pairs = static_cast<Index>(pairs.size());
  const Index group_size =
      layers_in_group<T>(s, problem.row_inputs.n, problem.symmetric ? 0 : problem.col_inputs.n, problem.detail);
  std::vector<std::optional<PairScratch<T>>> scratch(static_cast<std::size_t>(problem.team.size()));  // by member
  Index top = s.plan.stream ? s.options.n_layers : 0;
  bool first = true;
  do {
    std::vector<LayerWork> group;
    for (; top > 0 && static_cast<Index>(group.size()) < group_size; --top) {
      // Nothing trainable lies below a layer that needs nothing further down.
      if (top < s.options.n_layers && !s.passes_below(top)) {
        top = 0;
        break;
      }
      group.push_back(layer_work(s, top - 1, problem.parts, problem.detail));
    }
    pack_group(problem, group, rows, flop);
    if (!problem.symmetric) pack_group(problem, group, cols, flop);
    const PairKernel<T> kernel(problem, rows, right, group, first);
    problem.team.run(n_pairs, [&](Index p, int member) {
      if (base::interrupted()) return;
      auto& w = scratch[static_cast<std::size_t>(member)];
      if (!w) w.emplace(s, problem.detail);
      kernel.run(pairs[static_cast<std::size_t>(p)].first, pairs[static_cast<std::size_t>(p)].second, *w);
    });
    first = false;
  } while (top > 0);
  for (const auto& w : scratch)
    if (w) flop += w->flop;
}

double trace_flop(const KernelShape& s) {
  return static_cast<double>(s.options.n_layers * s.length) *
         static_cast<double>(8 * s.d * s.width + 4 * s.d * s.hidden);
}

template <class T>
double trace_bytes(const KernelShape& s) {
  const Index layer =
      2 * s.stream + 2 * s.length + s.length * (4 * s.width + 2 * s.hidden) + s.heads * s.length * s.length;
  return static_cast<double>(s.options.n_layers * layer + s.stream + s.length) * sizeof(T);
}

namespace {

// Numbers held per sequence while the layers of one group, `count` of them from `top` down, are processed.
template <class T>
double layer_numbers(const KernelShape& s, Index layer) {
  const LayerWork work = layer_work(s, layer, {}, Detail::total);
  double numbers = static_cast<double>(
      round_up<T>(s.length * work.width) * (work.packed.n_rows + work.packed.n_sources) + work.packed.n_features);
  if (!work.local)
    for (const Index depth : row_depths<T>(s)) numbers += static_cast<double>(depth * kPanelWidth<T>);
  return numbers;
}

double result_numbers(const KernelShape& s, Index rows, Index cols, Detail detail) {
  return static_cast<double>(rows * s.rows) * static_cast<double>((cols == 0 ? rows : cols) * s.rows) *
         static_cast<double>(1 + part_names(s, detail).size());
}

template <class T>
double sandwich_product_flop(const KernelShape& s, bool both) {
  double first = 0, second = 0;
  const auto depths = row_depths<T>(s);
  for (std::size_t p = 0; p < depths.size(); ++p) {
    const auto start = static_cast<Index>(p) * kPanelWidth<T>;
    const double area = static_cast<double>(std::min(kPanelWidth<T>, s.rows - start)) * static_cast<double>(depths[p]);
    first += 2 * area * static_cast<double>(s.stream);
    second += 2 * area * static_cast<double>(s.rows);
  }
  return second + (both ? first : 0);
}

}  // namespace

template <class T>
Index layers_in_group(const KernelShape& s, Index rows, Index cols, Detail detail) {
  const double sequences = static_cast<double>(rows + cols);
  const double per_layer = sequences * layer_numbers<T>(s, 0);
  const double budget =
      0.2 * result_numbers(s, rows, cols, detail) - sequences * static_cast<double>(s.stream * s.rows);
  return std::clamp<Index>(static_cast<Index>(budget / per_layer), 1, s.options.n_layers);
}

template <class T>
double sandwich_flop(const KernelShape& s, Index rows, Index cols, Detail detail) {
  const double sequences = static_cast<double>(rows + cols);
  const double pairs = cols == 0 ? 0.5 * static_cast<double>(rows) * static_cast<double>(rows + 1)
                                 : static_cast<double>(rows) * static_cast<double>(cols);
  const auto parts = part_names(s, detail);
  double once = trace_flop(s), pair = 0;
  for (Index layer = s.options.n_layers - 1; layer >= 0 && s.plan.stream; --layer) {
    const LayerWork work = layer_work(s, layer, parts, detail);
    const bool below = s.passes_below(layer);
    once += factor_flop(s, work.list, below) + (work.local ? readout_flop(s, work.list) : 0);
    if (below) once += stream_step_flop(s);
    for (const Bundle& bundle : work.bundles)
      pair += local_flop<T>(s, work.packed, bundle.which, work.width) +
              (work.local ? 0 : sandwich_product_flop<T>(s, true));
    if (!below) break;
  }
  if (s.plan.embed) pair += sandwich_product_flop<T>(s, false);
  if (s.plan.out) pair += 2 * static_cast<double>(s.length * s.length * s.d);
  return sequences * once + pairs * pair;
}

template <class T>
double sandwich_scratch(const KernelShape& s, Index rows, Index cols, Detail detail, Index threads) {
  const Index group = layers_in_group<T>(s, rows, cols, detail);
  double layers = 0;
  for (Index layer = 0; layer < s.options.n_layers; ++layer) layers = std::max(layers, layer_numbers<T>(s, layer));
  const double stream = static_cast<double>(round_up<T>(s.stream)), own = static_cast<double>(round_up<T>(s.rows));
  const double square = static_cast<double>(s.length * s.length);
  double b = static_cast<double>(s.stream * s.rows);
  if (s.plan.embed) b *= 2;
  const double pair = stream * stream + kGroup * stream * kPanelWidth<T> +
                      (detail == Detail::total ? 1 : 2) * own * own + (4 + 2 * static_cast<double>(s.heads)) * square;
  const double factors = static_cast<double>(s.stream * s.stream) + b +
                         static_cast<double>(s.stream * (s.hidden + s.d + 2 * s.width + s.heads * s.length));
  return static_cast<double>(rows + cols) *
             (trace_bytes<T>(s) + (b + static_cast<double>(group) * layers) * sizeof(T)) +
         static_cast<double>(threads) * (pair + factors) * sizeof(T);
}

#define PHASELAW_INSTANTIATE(T)                                                \
  template void run_sandwich<T>(Problem<T>&);                                  \
  template double trace_bytes<T>(const KernelShape&);                          \
  template Index layers_in_group<T>(const KernelShape&, Index, Index, Detail); \
  template double sandwich_flop<T>(const KernelShape&, Index, Index, Detail);  \
  template double sandwich_scratch<T>(const KernelShape&, Index, Index, Detail, Index);
PHASELAW_INSTANTIATE(float)
PHASELAW_INSTANTIATE(double)
#undef PHASELAW_INSTANTIATE

}  // namespace phaselaw::kernel
