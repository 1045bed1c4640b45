// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <Eigen/Core>

#include "phaselaw/base/instruction_set.h"
#include "phaselaw/numerics/vectors.h"

// Matrices in panels, and the product that works on them.
//
// A matrix with `rows` rows and depth K is stored as ceil(rows / w) panels; panel p holds, for k = 0 .. K-1, the w
// entries (rows p w .. p w + w - 1) of column k side by side, padded with zeros:
//
//   address(row, k) = start(p) + k w + row % w,   w = kPanelWidth<T>, p = row / w
//
// Both operands of C = A B^T are stored like this and so is C (its columns are B's rows; its rows run along the depth),
// so the result of one product is an operand of the next without a copy or a transposition. w is 128 bytes, two vectors
// of AVX-512, on every processor. A tile of C, two vectors wide, stays in registers while k runs.
namespace phaselaw::kernel {

using Index = std::int64_t;

template <class T>
inline constexpr Index kPanelWidth = 128 / sizeof(T);

template <class T>
[[nodiscard]] constexpr Index panel_count(Index rows) {
  return (rows + kPanelWidth<T> - 1) / kPanelWidth<T>;
}

template <class T>
[[nodiscard]] constexpr Index round_up(Index rows) {
  return panel_count<T>(rows) * kPanelWidth<T>;
}

template <class T>
using AlignedVector = std::vector<T, Eigen::aligned_allocator<T>>;

// Two panels, or parts of them, that are multiplied: sum_k a[k w + row] b[k w + column] over `depth` steps.
template <class T>
struct PanelPair {
  Index depth;
  const T *a, *b;
};

// The registers of one tile: kRows rows, two vectors of `bytes` wide.
template <class T, std::size_t bytes>
struct Tile {
  using Lanes = typename numerics::VectorOf<T, bytes>::type;
  static constexpr Index kLanes = numerics::VectorOf<T, bytes>::kLanes, kWidth = 2 * kLanes;
  static constexpr Index kRows = bytes == 64 ? 8 : 4;
  Lanes value[kRows][2];

  [[gnu::always_inline]] void clear() {
#pragma GCC unroll 8
    for (Index r = 0; r < kRows; ++r) value[r][0] = value[r][1] = Lanes{};
  }

  // += the product of a pair; a and b point at the tile's first row and column inside their panels.
  [[gnu::always_inline]] void add_product(Index depth, const T* a, const T* b) {
    constexpr Index w = kPanelWidth<T>;
#pragma GCC unroll 1
    for (Index k = 0; k < depth; ++k, a += w, b += w) {
      const Lanes b0 = numerics::load<Lanes>(b), b1 = numerics::load<Lanes>(b + kLanes);
#pragma GCC unroll 8
      for (Index r = 0; r < kRows; ++r) {
        value[r][0] += a[r] * b0;
        value[r][1] += a[r] * b1;
      }
    }
  }

  // c (rows w apart) = or += the tile; with weights, row r is multiplied entrywise by the numbers at weights[r] + column.
  [[gnu::always_inline]] void store(T* c, const T* const* weights, Index column, bool accumulate) const {
#pragma GCC unroll 8
    for (Index r = 0; r < kRows; ++r)
#pragma GCC unroll 2
      for (Index half = 0; half < 2; ++half) {
        T* const out = c + r * kPanelWidth<T> + half * kLanes;
        Lanes x = value[r][half];
        if (weights != nullptr) x *= numerics::load<Lanes>(weights[r] + column + half * kLanes);
        numerics::store(out, accumulate ? numerics::load<Lanes>(out) + x : x);
      }
  }
};

// multiply_panel() with vectors of `bytes`.
template <class T, std::size_t bytes>
void multiply_panel_by(Index rows, Index count, const PanelPair<T>* pairs, const T* const* weights, bool accumulate,
                       T* c) {
  using Registers = Tile<T, bytes>;
  constexpr Index w = kPanelWidth<T>;
  for (Index column = 0; column < w; column += Registers::kWidth)
    for (Index r = 0; r < rows; r += Registers::kRows) {
      Registers tile;
      tile.clear();
      for (Index i = 0; i < count; ++i) tile.add_product(pairs[i].depth, pairs[i].a + r, pairs[i].b + column);
      tile.store(c + r * w + column, weights == nullptr ? nullptr : weights + r, column, accumulate);
    }
}

// c = or += sum over `count` pairs of their products, w columns wide and for at least `rows` <= w rows (padded to whole
// tiles). weights (may be null): for each of w rows of c the w numbers by which the sum is multiplied, entry by entry.
template <class T>
void multiply_panel(Index rows, Index count, const PanelPair<T>* pairs, const T* const* weights, bool accumulate,
                    T* c) {
  base::with_vector_bytes([&](auto bytes) {
    base::Versions<multiply_panel_by<T, bytes>>::template with_vectors<bytes>(rows, count, pairs, weights, accumulate,
                                                                              c);
  });
}

// Owner of a panelled matrix with panels of possibly different depths (a block lower triangular one stores its
// triangle).
template <class T>
class Panels {
 public:
  Panels() = default;
  // All panels have the same depth.
  Panels(Index rows, Index depth) { reshape(rows, depth); }

  void reshape(Index rows, Index depth) { reshape(rows, std::vector<Index>(panels_of(rows), depth)); }
  void reshape(Index rows, std::vector<Index> depths) {
    rows_ = rows;
    depths_ = std::move(depths);
    starts_.assign(1, 0);
    for (const Index depth : depths_) starts_.push_back(starts_.back() + depth * kPanelWidth<T>);
    data_.resize(static_cast<std::size_t>(starts_.back()));
  }
  [[nodiscard]] Index rows() const { return rows_; }
  [[nodiscard]] Index count() const { return static_cast<Index>(depths_.size()); }
  [[nodiscard]] Index depth(Index panel) const { return depths_[static_cast<std::size_t>(panel)]; }
  [[nodiscard]] T* panel(Index p) { return data_.data() + starts_[static_cast<std::size_t>(p)]; }
  [[nodiscard]] const T* panel(Index p) const { return data_.data() + starts_[static_cast<std::size_t>(p)]; }
  [[nodiscard]] T& at(Index row, Index k) {
    return panel(row / kPanelWidth<T>)[k * kPanelWidth<T> + row % kPanelWidth<T>];
  }
  [[nodiscard]] std::size_t bytes() const { return data_.size() * sizeof(T); }
  void set_zero() { std::fill(data_.begin(), data_.end(), T(0)); }

 private:
  static std::size_t panels_of(Index rows) { return static_cast<std::size_t>(panel_count<T>(rows)); }
  Index rows_ = 0;
  std::vector<Index> depths_, starts_{0};
  AlignedVector<T> data_;
};

// c[j] (+)= A B_j^T for the panels j of a group: c[j] has the rows of A, w wide; depth min(depth of A's panel,
// depth_b[j]). Returns the flop of the entries that exist (padding not counted); columns[j] is the number of existing
// columns of panel j. Chunks of kChunk steps of k keep one chunk of A and B in the first-level cache.
template <class T>
double multiply_panels(const Panels<T>& a, Index group, const T* const* b, const Index* depth_b, const Index* columns,
                       T* const* c, bool accumulate) {
  constexpr Index kChunk = 96, w = kPanelWidth<T>;
  double flop = 0;
  Index deepest = 0;
  for (Index j = 0; j < group; ++j) deepest = std::max(deepest, depth_b[j]);
  for (Index start = 0; start < std::max<Index>(deepest, 1); start += kChunk)
    for (Index p = 0; p < a.count(); ++p) {
      const Index rows = std::min(w, a.rows() - p * w);
      for (Index j = 0; j < group; ++j) {
        const Index depth = std::min({a.depth(p), depth_b[j], start + kChunk}) - start;
        if (depth <= 0 && start > 0) continue;
        const bool add = accumulate || start > 0;
        const PanelPair<T> pair{std::max<Index>(depth, 0), a.panel(p) + start * w, b[j] + start * w};
        multiply_panel<T>(rows, 1, &pair, nullptr, add, c[j] + p * w * w);
        flop += 2.0 * static_cast<double>(rows * columns[j] * std::max<Index>(depth, 0));
      }
    }
  return flop;
}

}  // namespace phaselaw::kernel
