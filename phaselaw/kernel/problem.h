// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <numeric>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/team.h"
#include "phaselaw/kernel/factors.h"
#include "phaselaw/kernel/kernel.h"

// What the algorithms share: the two sides of a kernel, the list of pairs of sequences, and the matrices to fill.
namespace phaselaw::kernel {

// The terms of one layer whose kernels are added up into one part of the result (-1: into the total alone).
struct Bundle {
  Index part = -1;
  std::vector<std::size_t> which;
};

struct PartName {
  std::string name;
  Index layer = -1;
  model::BlockKind kind{};  // of blocks, embed and out
};

// The parts that Detail asks for: embed first, then by layer, out last; only those with trainable parameters.
[[nodiscard]] std::vector<PartName> part_names(const KernelShape& s, Detail detail);
[[nodiscard]] Index find_part(const std::vector<PartName>& parts, Index layer, model::BlockKind kind, Detail detail);
[[nodiscard]] std::vector<Bundle> bundles_of(const TermList& list, const std::vector<PartName>& parts, Index layer,
                                             Detail detail);

template <class T>
struct Problem {
  const KernelShape& shape;
  std::span<const T> theta;
  model::Inputs<T> row_inputs, col_inputs;
  bool symmetric;
  Detail detail;
  base::Team& team;
  std::vector<PartName> parts;
  DenseKernel<T>& result;
  // Upper part only: numbers of the sequences on both sides; a pair is wanted where the row's is not above the
  // column's.
  std::span<const Index> row_numbers{}, col_numbers{};

  // turn(i, scratch, flop) for i = 0 .. count - 1, by the team; each member has a scratch of its own, which make() gives
  // it before its first turn. Returns the flop of all turns: whole numbers, so that their order does not matter.
  // Throws base::Interrupted after the turns that have begun.
  template <class Make, class Turn>
  [[nodiscard]] double run(Index count, const Make& make, const Turn& turn) const {
    std::vector<std::optional<decltype(make())>> scratch(numerics::length(team.size()));
    std::vector<double> flop(scratch.size());
    team.run(count, [&](Index i, int member) {
      if (base::interrupted()) return;
      auto& own = scratch[numerics::length(member)];
      if (!own) own.emplace(make());
      double spent = 0;
      turn(i, *own, spent);
      flop[numerics::length(member)] += spent;
    });
    base::throw_if_interrupted();
    return std::accumulate(flop.begin(), flop.end(), 0.0);
  }
  // The same for turns that need no scratch: turn(i, flop).
  template <class Turn>
  [[nodiscard]] double run(Index count, const Turn& turn) const {
    return run(
        count, [] { return 0; }, [&](Index i, int, double& flop) { turn(i, flop); });
  }

  [[nodiscard]] T* matrix(Index part) {
    return part < 0 ? result.total.data() : result.parts[static_cast<std::size_t>(part)].values.data();
  }
  [[nodiscard]] Index leading() const { return col_inputs.n * shape.rows; }
  // (a, b): a <= b when symmetric, row_numbers[a] <= col_numbers[b] where they are given.
  [[nodiscard]] std::vector<std::pair<Index, Index>> pairs() const;
};

// One side: the sequences' traces and the running B^T of each (empty when no parameter lies below the read-out).
template <class T>
struct Side {
  std::vector<SequenceTrace<T>> traces;
  std::vector<AlignedVector<T>> b;
};

// std::domain_error where the outputs of a forward pass are not numbers.
template <class Numbers>
void require_finite(const Numbers& outputs) {
  for (const auto x : outputs)
    if (!std::isfinite(x))
      throw std::domain_error(
          "the forward pass gives infinite or undefined numbers: look for them in the weights and inputs");
}

template <class T>
[[nodiscard]] Side<T> make_side(const Problem<T>& problem, const model::Inputs<T>& inputs, double& flop);

// Block (a, b) of a matrix = or += block, and block (b, a) its transpose when the kernel is symmetric. On the diagonal
// the upper triangle of `block` counts, so the result is symmetric to the bit.
template <class T>
void write_block(const Problem<T>& problem, T* matrix, Index a, Index b, bool add, Panels<T>& block);

// block += the kernel of the read-out matrix: (g_t . g_s) kappa^2 c^2 for equal output coordinates.
template <class T>
void add_readout_kernel(const Problem<T>& problem, const SequenceTrace<T>& a, const SequenceTrace<T>& b,
                        Panels<T>& block, double& flop);

}  // namespace phaselaw::kernel
