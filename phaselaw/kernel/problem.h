// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "phaselaw/kernel/factors.h"
#include "phaselaw/kernel/kernel.h"

// What the algorithms share: the two sides of a kernel, the list of pairs of sequences, and the matrices to fill.
namespace phaselaw::kernel {

// The terms of one layer with kernels that are added into one part of the result (-1: only into the total).
struct Bundle {
  Index part = -1;
  std::vector<std::size_t> which;
};

struct PartName {
  std::string name;
  Index layer = -1;
  model::BlockKind kind{};  // of blocks, embed and out
};

// The parts requested by Detail: embed first, then by layer, out last; only those with trainable parameters.
[[nodiscard]] std::vector<PartName> part_names(const Setting& s, Detail detail);
[[nodiscard]] Index find_part(const std::vector<PartName>& parts, Index layer, model::BlockKind kind, Detail detail);
[[nodiscard]] std::vector<Bundle> bundles_of(const TermList& list, const std::vector<PartName>& parts, Index layer,
                                             Detail detail);

template <class T>
struct Problem {
  const Setting& setting;
  std::span<const T> theta;
  model::Inputs<T> row_inputs, col_inputs;
  bool symmetric;
  Detail detail;
  int threads;
  std::vector<PartName> parts;
  DenseKernel<T>& result;
  // Upper part only: numbers of the sequences on both sides; a pair is computed if the row's number is not above the
  // column's.
  std::span<const Index> row_numbers{}, col_numbers{};

  [[nodiscard]] T* matrix(Index part) {
    return part < 0 ? result.total.data() : result.parts[static_cast<std::size_t>(part)].values.data();
  }
  [[nodiscard]] Index leading() const { return col_inputs.n * setting.rows; }
  // (a, b): a <= b if symmetric, row_numbers[a] <= col_numbers[b] if they are given.
  [[nodiscard]] std::vector<std::pair<Index, Index>> pairs() const;
};

// One side: the sequences' traces and the running B^T of each (empty if no parameter lies below the read-out).
template <class T>
struct Side {
  std::vector<SequenceTrace<T>> traces;
  std::vector<AlignedVector<T>> b;
};

template <class T>
[[nodiscard]] Side<T> make_side(const Problem<T>& problem, const model::Inputs<T>& inputs, double& flop);

// Block (a, b) of a matrix = or += block, and block (b, a) its transpose if the kernel is symmetric. On the diagonal
// the upper triangle of `block` is used, so the result is symmetric to the bit.
template <class T>
void write_block(const Problem<T>& problem, T* matrix, Index a, Index b, bool add, Panels<T>& block);

// block += the kernel of the read-out matrix: (g_t . g_s) kappa^2 c^2 for equal output coordinates.
template <class T>
void add_readout_kernel(const Problem<T>& problem, const SequenceTrace<T>& a, const SequenceTrace<T>& b,
                        Panels<T>& block, double& flop);

}  // namespace phaselaw::kernel
