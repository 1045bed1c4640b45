// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/problem.h"

#include "phaselaw/kernel/counted.h"
#include "phaselaw/kernel/stream_jacobian.h"

namespace phaselaw::kernel {

using model::BlockKind;
using numerics::Op;

std::vector<PartName> part_names(const KernelShape& s, Detail detail) {
  std::vector<PartName> parts;
  if (detail == Detail::total) return parts;
  for (const auto& block : s.table.blocks()) {
    if (!block.trainable || model::is_position(block.kind)) continue;
    if (block.layer < 0 || detail == Detail::blocks)
      parts.push_back({block.name, block.layer, block.kind});
    else if (parts.empty() || parts.back().layer != block.layer)
      parts.push_back({model::layer_name(block), block.layer, block.kind});
  }
  return parts;
}

Index find_part(const std::vector<PartName>& parts, Index layer, BlockKind kind, Detail detail) {
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (parts[i].layer == layer && (parts[i].kind == kind || (layer >= 0 && detail == Detail::layers)))
      return static_cast<Index>(i);
  return -1;
}

std::vector<Bundle> bundles_of(const TermList& list, const std::vector<PartName>& parts, Index layer, Detail detail) {
  std::vector<Bundle> bundles;
  for (std::size_t i = 0; i < list.terms.size(); ++i) {
    const Index part = find_part(parts, layer, list.terms[i].kind, detail);
    if (bundles.empty() || bundles.back().part != part) bundles.push_back({part, {}});
    bundles.back().which.push_back(i);
  }
  return bundles;
}

template <class T>
std::vector<std::pair<Index, Index>> Problem<T>::pairs() const {
  std::vector<std::pair<Index, Index>> list;
  for (Index a = 0; a < row_inputs.n; ++a)
    for (Index b = symmetric ? a : 0; b < col_inputs.n; ++b)
      if (row_numbers.empty() || row_numbers[static_cast<std::size_t>(a)] <= col_numbers[static_cast<std::size_t>(b)])
        list.emplace_back(a, b);
  return list;
}

template <class T>
Side<T> make_side(const Problem<T>& problem, const model::Inputs<T>& inputs, double& flop) {
  const KernelShape& s = problem.shape;
  Side<T> side;
  side.traces.resize(static_cast<std::size_t>(inputs.n));
  side.b.resize(static_cast<std::size_t>(inputs.n));
  flop += problem.run(inputs.n, [&](Index a, double& spent) {
    auto& trace = side.traces[static_cast<std::size_t>(a)];
    trace = trace_sequence(s, problem.theta, inputs, a, spent);
    require_finite(trace.last);
    if (s.plan.stream) side.b[static_cast<std::size_t>(a)] = readout_stream_jacobian(s, problem.theta, trace);
  });
  return side;
}

namespace {

// to (cols x rows) = or += from^T; from has rows `from_stride` apart. Tiles of 16 x 16 keep both sides in cache.
template <class T>
void write_transposed(Index rows, Index cols, const T* from, Index from_stride, T* to, Index to_stride, bool add) {
  constexpr Index kTile = 16;
  for (Index r0 = 0; r0 < rows; r0 += kTile)
    for (Index c = 0; c < cols; ++c) {
      T* const out = to + c * to_stride + r0;
      const Index count = std::min(kTile, rows - r0);
      const T* const in = from + r0 * from_stride + c;
      if (add)
        for (Index r = 0; r < count; ++r) out[r] += in[r * from_stride];
      else
        for (Index r = 0; r < count; ++r) out[r] = in[r * from_stride];
    }
}

}  // namespace

template <class T>
void write_block(const Problem<T>& problem, T* matrix, Index a, Index b, bool add, Panels<T>& block) {
  constexpr Index w = kPanelWidth<T>;
  const Index rows = problem.shape.rows, leading = problem.leading();
  if (problem.symmetric && a == b)
    for (Index r = 1; r < rows; ++r)
      for (Index c = 0; c < r; ++c) block.at(c, r) = block.at(r, c);
  for (Index p = 0; p < block.count(); ++p) {
    const Index cols = std::min(w, rows - p * w);
    T* const upper = matrix + a * rows * leading + b * rows + p * w;
    const T* const from = block.panel(p);
    for (Index r = 0; r < rows; ++r) {
      T* const out = upper + r * leading;
      const T* const in = from + r * w;
      if (add)
        for (Index c = 0; c < cols; ++c) out[c] += in[c];
      else
        for (Index c = 0; c < cols; ++c) out[c] = in[c];
    }
    if (problem.symmetric && a != b)
      write_transposed(rows, cols, from, w, matrix + (b * rows + p * w) * leading + a * rows, leading, add);
  }
}

template <class T>
void add_readout_kernel(const Problem<T>& problem, const SequenceTrace<T>& a, const SequenceTrace<T>& b,
                        Panels<T>& block, double& flop) {
  const KernelShape& s = problem.shape;
  const double scale = s.options.output_scale * s.table.at(BlockKind::out).multiplier;
  AlignedVector<T> gram(static_cast<std::size_t>(s.length * s.length));
  counted_gemm<T>(flop, Op::none, Op::transpose, s.length, s.length, s.d, static_cast<T>(scale * scale), a.last.data(),
                  s.d, b.last.data(), s.d, T(0), gram.data(), s.length);
  const T coordinates = static_cast<T>(s.outputs);
  for (Index t = 0; t < s.length; ++t)
    for (Index u = 0; u < s.length; ++u) {
      const T g = gram[static_cast<std::size_t>(t * s.length + u)];
      if (s.reduce == Reduce::none)
        for (Index i = 0; i < s.outputs; ++i) block.at(u * s.outputs + i, t * s.outputs + i) += g;
      else if (s.reduce == Reduce::coordinates)
        block.at(u, t) += coordinates * g;
      else
        block.at(0, 0) += coordinates * g;
    }
}

template struct Problem<float>;
template Side<float> make_side<float>(const Problem<float>&, const model::Inputs<float>&, double&);
template void write_block<float>(const Problem<float>&, float*, Index, Index, bool, Panels<float>&);
template void add_readout_kernel<float>(const Problem<float>&, const SequenceTrace<float>&, const SequenceTrace<float>&,
                                        Panels<float>&, double&);
template struct Problem<double>;
template Side<double> make_side<double>(const Problem<double>&, const model::Inputs<double>&, double&);
template void write_block<double>(const Problem<double>&, double*, Index, Index, bool, Panels<double>&);
template void add_readout_kernel<double>(const Problem<double>&, const SequenceTrace<double>&,
                                         const SequenceTrace<double>&, Panels<double>&, double&);

}  // namespace phaselaw::kernel
