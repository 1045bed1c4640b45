// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/vjp_rows.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "phaselaw/kernel/counted.h"
#include "phaselaw/model/flops.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/numerics/matrix.h"

namespace phaselaw::kernel {

using numerics::Op;

namespace {

constexpr Index kTile = 256;  // kernel rows of one task of J J^T

using numerics::length;

struct Slab {
  Index part = -1;             // -1: only the total
  std::vector<bool> selected;  // by table.blocks()
  Index columns = 0;
};

// Positions belong to the slab of the embedding: a plan needs both or neither.
std::vector<Slab> slabs_of(const KernelShape& s, Index n_rows, Detail detail, std::size_t scalar_bytes,
                           double slab_bytes) {
  const auto parts = part_names(s, detail);
  const auto& blocks = s.table.blocks();
  std::vector<Slab> slabs;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (!blocks[i].trainable) continue;
    const bool joined = model::is_position(blocks[i].kind);
    const Index part = joined ? slabs.back().part : find_part(parts, blocks[i].layer, blocks[i].kind, detail);
    const auto bytes = [&](Index columns) {
      return static_cast<double>(n_rows) * static_cast<double>(columns) * static_cast<double>(scalar_bytes);
    };
    if (!joined &&
        (slabs.empty() || slabs.back().part != part || bytes(slabs.back().columns + blocks[i].size()) > slab_bytes))
      slabs.push_back({part, std::vector<bool>(blocks.size(), false), 0});
    slabs.back().selected[i] = true;
    slabs.back().columns += blocks[i].size();
  }
  return slabs;
}

struct PassFlop {
  double forward = 0, backward = 0;
};

PassFlop pass_flop(const KernelShape& s, const std::vector<bool>& selected) {
  const auto products = [&](const std::vector<bool>& blocks) {
    return model::sequence_cost(s.options, model::BackwardPlan(s.table, blocks)).products_flop;
  };
  const double forward = products(std::vector<bool>(selected.size(), false));
  return {forward, products(selected) - forward};
}

template <class T>
void set_cotangent(const KernelShape& s, Index row, T value, std::vector<T>& cotangent) {
  const Index width = s.reduce == Reduce::none ? 1 : s.reduce == Reduce::coordinates ? s.outputs : s.length * s.outputs;
  std::fill_n(cotangent.begin() + row * width, width, value);
}

// What one thread needs for rows of J.
template <class T>
struct RowScratch {
  RowScratch(const model::Transformer<T>& model, const std::vector<bool>& selected)
      : workspace(model, 1),
        outputs(length(model.outputs_per_sequence())),
        cotangent(outputs.size(), T(0)),
        gradient(length(model.table().size()), T(0)) {
    workspace.select(model, selected);
  }
  typename model::Transformer<T>::Workspace workspace;
  std::vector<T> outputs, cotangent, gradient;
};

// The rows of J of all sequences of one side.
template <class T>
AlignedVector<T> jacobian_of(const Problem<T>& problem, const model::Transformer<T>& model,
                             const model::Inputs<T>& inputs, const Slab& slab, double& flop) {
  const KernelShape& s = problem.shape;
  const auto& blocks = s.table.blocks();
  AlignedVector<T> jacobian(length(inputs.n * s.rows * slab.columns));
  const PassFlop cost = pass_flop(s, slab.selected);
  const auto scratch = [&] { return RowScratch<T>(model, slab.selected); };
  flop += problem.run(inputs.n, scratch, [&](Index a, RowScratch<T>& w, double& spent) {
    const model::Inputs<T> one = inputs.part(s.options, a, 1);
    model.forward(problem.theta, one, w.workspace, w.outputs.data());
    require_finite(w.outputs);
    for (Index row = 0; row < s.rows; ++row) {
      set_cotangent(s, row, T(1), w.cotangent);
      model.backward(problem.theta, one, w.workspace, w.cotangent.data(), w.gradient);
      set_cotangent(s, row, T(0), w.cotangent);
      T* to = jacobian.data() + (a * s.rows + row) * slab.columns;
      for (std::size_t i = 0; i < blocks.size(); ++i) {
        if (!slab.selected[i]) continue;
        T* const from = w.gradient.data() + blocks[i].offset;
        to = std::copy_n(from, blocks[i].size(), to);
        std::fill_n(from, blocks[i].size(), T(0));
      }
    }
    spent += cost.forward + static_cast<double>(s.rows) * cost.backward;
  });
  return jacobian;
}

std::vector<std::pair<Index, Index>> tiles_of(Index rows, Index cols, bool symmetric) {
  std::vector<std::pair<Index, Index>> tiles;
  for (Index i = 0; i < rows; i += kTile)
    for (Index j = symmetric ? i : 0; j < cols; j += kTile) tiles.emplace_back(i, j);
  return tiles;
}

// matrix = or += A B^T; only tiles on and above the diagonal if symmetric.
template <class T>
void add_products(const Problem<T>& problem, T* matrix, const T* a, const T* b, Index columns, bool add, double& flop) {
  const Index rows = problem.row_inputs.n * problem.shape.rows, cols = problem.leading();
  const auto tiles = tiles_of(rows, cols, problem.symmetric);
  flop += problem.run(static_cast<Index>(tiles.size()), [&](Index k, double& spent) {
    const auto [i, j] = tiles[static_cast<std::size_t>(k)];
    counted_gemm<T>(spent, Op::none, Op::transpose, std::min(kTile, rows - i), std::min(kTile, cols - j), columns, T(1),
                    a + i * columns, columns, b + j * columns, columns, T(add ? 1 : 0), matrix + i * cols + j, cols);
  });
}

template <class T>
void mirror(Index rows, T* matrix) {
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < i; ++j) matrix[i * rows + j] = matrix[j * rows + i];
}

}  // namespace

double vjp_slab_bytes(const KernelOptions& options, double result_bytes) {
  constexpr double kUsual = 1 << 30;
  if (options.memory_limit == 0) return kUsual;
  return std::min(kUsual, (static_cast<double>(options.memory_limit) - result_bytes) / 2);
}

template <class T>
void run_vjp(Problem<T>& problem, double slab_bytes) {
  const KernelShape& s = problem.shape;
  auto& result = problem.result;
  const model::Transformer<T> model(s.options);
  const Index rows = problem.row_inputs.n * s.rows, cols = problem.leading();
  std::vector<bool> begun(problem.parts.size() + 1, false);  // by part + 1
  const auto slabs = slabs_of(s, rows + (problem.symmetric ? 0 : cols), problem.detail, sizeof(T), slab_bytes);
  if (slabs.empty()) result.total.setZero();
  for (const Slab& slab : slabs) {
    const auto left = jacobian_of(problem, model, problem.row_inputs, slab, result.flop);
    AlignedVector<T> right;
    if (!problem.symmetric) right = jacobian_of(problem, model, problem.col_inputs, slab, result.flop);
    const auto which = static_cast<std::size_t>(slab.part + 1);
    add_products(problem, problem.matrix(slab.part), left.data(), problem.symmetric ? left.data() : right.data(),
                 slab.columns, begun[which], result.flop);
    begun[which] = true;
  }
  if (!result.parts.empty()) {
    result.total = result.parts.front().values;
    for (std::size_t i = 1; i < result.parts.size(); ++i) result.total += result.parts[i].values;
  }
  if (!problem.symmetric) return;
  mirror(rows, result.total.data());
  for (auto& part : result.parts) mirror(rows, part.values.data());
}

template <class T>
double vjp_flop(const KernelShape& s, Index rows, Index cols, Detail detail, double slab_bytes) {
  const bool symmetric = cols == 0;
  const Index n = rows * s.rows, other = symmetric ? n : cols * s.rows;
  double flop = 0;
  for (const Slab& slab : slabs_of(s, n + (symmetric ? 0 : other), detail, sizeof(T), slab_bytes)) {
    const PassFlop cost = pass_flop(s, slab.selected);
    flop += static_cast<double>(rows + cols) * (cost.forward + static_cast<double>(s.rows) * cost.backward);
    for (const auto& [i, j] : tiles_of(n, other, symmetric))
      flop += 2.0 * static_cast<double>(std::min(kTile, n - i)) * static_cast<double>(std::min(kTile, other - j)) *
              static_cast<double>(slab.columns);
  }
  return flop;
}

template <class T>
double vjp_scratch(const KernelShape& s, Index rows, Index cols, Detail detail, Index threads, double slab_bytes) {
  const Index n = (rows + cols) * s.rows;
  Index widest = 0;
  for (const Slab& slab : slabs_of(s, n, detail, sizeof(T), slab_bytes)) widest = std::max(widest, slab.columns);
  const model::Transformer<T> model(s.options);
  const auto workers = static_cast<double>(std::min(threads, std::max(rows, cols)));
  const double worker = static_cast<double>(typename model::Transformer<T>::Workspace(model, 1).bytes()) +
                        static_cast<double>(s.table.size() + 2 * model.outputs_per_sequence()) * sizeof(T);
  return static_cast<double>(n) * static_cast<double>(widest) * sizeof(T) + workers * worker;
}

#define PHASELAW_VJP(T)                                                          \
  template void run_vjp<T>(Problem<T>&, double);                                 \
  template double vjp_flop<T>(const KernelShape&, Index, Index, Detail, double); \
  template double vjp_scratch<T>(const KernelShape&, Index, Index, Detail, Index, double);
PHASELAW_VJP(float)
PHASELAW_VJP(double)
#undef PHASELAW_VJP

}  // namespace phaselaw::kernel
