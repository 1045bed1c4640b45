// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <Eigen/Core>

// Matrices in panels, and the product that works on them.
//
// A matrix with `rows` rows and depth K is stored as ceil(rows / w) panels; panel p holds, for k = 0 .. K-1, the w
// entries (rows p w .. p w + w - 1) of column k side by side, padded with zeros:
//
//   address(row, k) = start(p) + k w + row % w,   w = kPanelWidth<T>, p = row / w
//
// Both operands of C = A B^T are stored like this and so is C (its columns are B's rows; its rows run along the depth),
// so the result of one product is an operand of the next without a copy or a transposition. w is two vector registers;
// a tile of kTileRows x w entries of C stays in registers while k runs.
namespace phaselaw::kernel {

using Index = std::int64_t;

#ifdef __AVX512F__
inline constexpr Index kVectorBytes = 64, kTileRows = 8;
#else
inline constexpr Index kVectorBytes = 32, kTileRows = 4;
#endif

template <class T>
inline constexpr Index kLanes = kVectorBytes / static_cast<Index>(sizeof(T));
template <class T>
inline constexpr Index kPanelWidth = 2 * kLanes<T>;

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

namespace detail {

typedef float FloatLanes __attribute__((vector_size(kVectorBytes), aligned(4), may_alias));
typedef double DoubleLanes __attribute__((vector_size(kVectorBytes), aligned(8), may_alias));
template <class T>
struct LanesOf;
template <>
struct LanesOf<float> {
  using Type = FloatLanes;
};
template <>
struct LanesOf<double> {
  using Type = DoubleLanes;
};

}  // namespace detail

// The registers of one tile: kTileRows x kPanelWidth entries.
template <class T>
struct Tile {
  using Lanes = typename detail::LanesOf<T>::Type;
  Lanes value[kTileRows][2];

  [[gnu::always_inline]] void clear() {
#pragma GCC unroll 8
    for (Index r = 0; r < kTileRows; ++r) value[r][0] = value[r][1] = Lanes{};
  }

  // += sum_k a[k w + r] b[k w + column]; a points at the first of the tile's rows inside a panel.
  [[gnu::always_inline]] void add_product(Index depth, const T* a, const T* b) {
    constexpr Index w = kPanelWidth<T>;
#pragma GCC unroll 1
    for (Index k = 0; k < depth; ++k, a += w, b += w) {
      const Lanes b0 = *reinterpret_cast<const Lanes*>(b), b1 = *reinterpret_cast<const Lanes*>(b + kLanes<T>);
#pragma GCC unroll 8
      for (Index r = 0; r < kTileRows; ++r) {
        value[r][0] += a[r] * b0;
        value[r][1] += a[r] * b1;
      }
    }
  }

  // c (rows w apart) = or += the tile.
  [[gnu::always_inline]] void store(T* c, bool accumulate) const {
#pragma GCC unroll 8
    for (Index r = 0; r < kTileRows; ++r) {
      auto* const out = reinterpret_cast<Lanes*>(c + r * kPanelWidth<T>);
      auto* const next = reinterpret_cast<Lanes*>(c + r * kPanelWidth<T> + kLanes<T>);
      *out = accumulate ? *out + value[r][0] : value[r][0];
      *next = accumulate ? *next + value[r][1] : value[r][1];
    }
  }

  // c = or += weight o tile: row r is multiplied entrywise by the w numbers at weights[r].
  [[gnu::always_inline]] void store_weighted(T* c, const T* const* weights, bool accumulate) const {
#pragma GCC unroll 8
    for (Index r = 0; r < kTileRows; ++r) {
      auto* const out = reinterpret_cast<Lanes*>(c + r * kPanelWidth<T>);
      auto* const next = reinterpret_cast<Lanes*>(c + r * kPanelWidth<T> + kLanes<T>);
      const auto* const g = reinterpret_cast<const Lanes*>(weights[r]);
      const auto* const g1 = reinterpret_cast<const Lanes*>(weights[r] + kLanes<T>);
      *out = accumulate ? *out + *g * value[r][0] : *g * value[r][0];
      *next = accumulate ? *next + *g1 * value[r][1] : *g1 * value[r][1];
    }
  }
};

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
        for (Index r = 0; r < rows; r += kTileRows) {
          Tile<T> tile;
          tile.clear();
          tile.add_product(depth, a.panel(p) + start * w + r, b[j] + start * w);
          tile.store(c[j] + (p * w + r) * w, add);
        }
        flop += 2.0 * static_cast<double>(rows * columns[j] * std::max<Index>(depth, 0));
      }
    }
  return flop;
}

}  // namespace phaselaw::kernel
