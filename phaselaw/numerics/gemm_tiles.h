// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <type_traits>
#include <utility>

#include "phaselaw/base/instruction_set.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/vectors.h"

// Products of small float matrices by tiles of C that stay in registers, with what is done to C's numbers in the same
// pass:
//
//   C_ij = finish(alpha sum_l op(A)_il op(B)_lj + beta C_ij, i, j)
//
// as numerics/gemm.h, one thread. finish(x, i, j) takes a vector of C's row i that starts at column j, or one number
// (where a row's rest is shorter than a vector), and returns as many; load<decltype(x)>(p) reads such from memory. C is
// written once where k <= kSumTogether, else in parts of that many terms. A panel of B, as wide as two vectors, is
// copied to the stack where its rows are not next to each other (transposed, or many cache lines apart); A is read in
// place.
//
// `bytes`: the width of the vectors (vectors.h), and with it the instruction set (base/instruction_set.h), which the
// processor must support. The bits of C do not depend on where the matrices lie.
namespace phaselaw::numerics::tiles {

inline constexpr std::ptrdiff_t kSumTogether = 512;  // terms: a panel of B fills half of a 64 kB cache, or all of 32 kB

template <std::size_t bytes>
struct Registers {
  using Vector = typename VectorOf<float, bytes>::type;
  static constexpr std::ptrdiff_t kLanes = VectorOf<float, bytes>::kLanes;
  static constexpr std::ptrdiff_t kCols = 2 * kLanes;
  static constexpr int kRows = bytes == 64 ? 14 : 6;  // two vectors a row, and three more, are all registers
};

struct Keep {
  template <class X>
  [[gnu::always_inline]] X operator()(X x, std::ptrdiff_t, std::ptrdiff_t) const {
    return x;
  }
};

namespace detail {

struct Operand {
  const float* at;
  std::ptrdiff_t stride;  // between rows
};

// A tile's place in C, and what goes there.
template <class Finish>
struct Target {
  float* at;
  std::ptrdiff_t stride, row, col;
  float alpha, beta;
  Finish finish;

  // From sums: a vector of them, or one.
  template <bool accumulates, class X>
  [[gnu::always_inline]] inline void put(X x, std::ptrdiff_t r, std::ptrdiff_t j) const {
    float* const out = at + r * stride + j;
    x *= alpha;
    if constexpr (accumulates) x += beta * load<X>(out);
    x = finish(x, row + r, col + j);
    store(out, x);
  }
};

// `rows` rows of C, two vectors wide. A: rows x k, or k x rows where transposed. B: k x kCols. The target is a copy,
// since for all that the compiler knows a write to C might change what is given by reference.
template <std::size_t bytes, bool transposed, bool accumulates, int rows, class Finish>
void compute_tile(std::ptrdiff_t k, Operand a, Operand b, const Target<Finish>& target) {
  using R = Registers<bytes>;
  typename R::Vector sum[rows][2] = {};
#pragma GCC unroll 2
  for (std::ptrdiff_t l = 0; l < k; ++l) {
    const auto b0 = load<typename R::Vector>(b.at + l * b.stride),
               b1 = load<typename R::Vector>(b.at + l * b.stride + R::kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
      const float x = transposed ? a.at[l * a.stride + r] : a.at[r * a.stride + l];
      sum[r][0] += x * b0;
      sum[r][1] += x * b1;
    }
  }
  const Target<Finish> to = target;
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r) {
    to.template put<accumulates>(sum[r][0], r, 0);
    to.template put<accumulates>(sum[r][1], r, R::kLanes);
  }
}

template <std::size_t bytes, bool transposed, bool accumulates, int rows, class Finish>
void tile(std::ptrdiff_t k, Operand a, Operand b, const Target<Finish>& to) {
  base::Versions<compute_tile<bytes, transposed, accumulates, rows, Finish>>::template with_vectors<bytes>(k, a, b, to);
}

template <std::size_t bytes, bool transposed, bool accumulates, class Finish, int... less>
void tile_of(int rows, std::ptrdiff_t k, Operand a, Operand b, const Target<Finish>& to,
             std::integer_sequence<int, less...>) {
  static_cast<void>(((rows == less + 1 && (tile<bytes, transposed, accumulates, less + 1>(k, a, b, to), true)) || ...));
}

// All rows of C in one panel, `cols` wide.
template <std::size_t bytes, bool transposed, bool accumulates, class Finish>
void panel(std::ptrdiff_t m, std::ptrdiff_t cols, std::ptrdiff_t k, Operand a, Operand b, Target<Finish> to) {
  using R = Registers<bytes>;
  constexpr auto kRowCounts = std::make_integer_sequence<int, R::kRows>();
  const std::ptrdiff_t step = transposed ? 1 : a.stride;
  for (int rows = 0; m > 0; m -= rows, a.at += rows * step, to.at += rows * to.stride, to.row += rows) {
    // Two halves rather than a whole and a few rows, because the sums of few rows wait for each other.
    rows = static_cast<int>(m <= R::kRows ? m : m < 2 * R::kRows ? (m + 1) / 2 : R::kRows);
    if (cols == R::kCols && rows == R::kRows) {
      tile<bytes, transposed, accumulates, R::kRows>(k, a, b, to);
    } else if (cols == R::kCols) {
      tile_of<bytes, transposed, accumulates>(rows, k, a, b, to, kRowCounts);
    } else {
      alignas(64) float sums[R::kRows * R::kCols];
      tile_of<bytes, transposed, false>(rows, k, a, b, Target<Keep>{sums, R::kCols, 0, 0, 1, 0, {}}, kRowCounts);
      for (int r = 0; r < rows; ++r)
        for (std::ptrdiff_t j = 0; j < cols; ++j) to.template put<accumulates>(sums[r * R::kCols + j], r, j);
    }
  }
}

template <std::size_t bytes, class Finish>
void panel(bool transposed, std::ptrdiff_t m, std::ptrdiff_t cols, std::ptrdiff_t k, Operand a, Operand b,
           const Target<Finish>& to) {
  if (transposed)
    to.beta == 0 ? panel<bytes, true, false>(m, cols, k, a, b, to) : panel<bytes, true, true>(m, cols, k, a, b, to);
  else
    to.beta == 0 ? panel<bytes, false, false>(m, cols, k, a, b, to) : panel<bytes, false, true>(m, cols, k, a, b, to);
}

// to (8 rows, `stride` apart) = the transpose of 8 x 8 numbers.
inline void transpose_8(const float* from, std::ptrdiff_t from_stride, float* to, std::ptrdiff_t stride) {
  using Eight = Registers<32>::Vector;
  Eight rows[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) rows[i] = load<Eight>(from + i * from_stride);
  transpose(rows);
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) store(to + i * stride, rows[i]);
}

// Whether `rows` short rows, `stride` numbers apart, fill no more than half of what they can of a cache of 64 sets of 8
// lines of 64 bytes.
inline bool stays_cached(std::ptrdiff_t rows, std::ptrdiff_t stride) {
  constexpr std::ptrdiff_t kSets = 64, kWays = 8, kLine = 64 / sizeof(float);
  if (stride % kLine != 0) return rows <= kSets * kWays / 4;  // two lines per row
  return rows <= kSets / std::gcd(kSets, stride / kLine) * kWays / 2;
}

// k x `width` numbers side by side from B's first `cols` columns; zeros beyond.
template <std::size_t bytes>
void copy_panel(bool transposed, std::ptrdiff_t k, std::ptrdiff_t cols, Operand b, float* to) {
  using R = Registers<bytes>;
  constexpr std::ptrdiff_t width = R::kCols;
  if (!transposed && cols == width) {
    for (std::ptrdiff_t l = 0; l < k; ++l) {
      auto* const row = reinterpret_cast<typename R::Vector*>(to + l * width);
      row[0] = load<typename R::Vector>(b.at + l * b.stride);
      row[1] = load<typename R::Vector>(b.at + l * b.stride + R::kLanes);
    }
    return;
  }
  if (!transposed) {
    for (std::ptrdiff_t l = 0; l < k; ++l)
      std::fill(std::copy_n(b.at + l * b.stride, cols, to + l * width), to + (l + 1) * width, 0.0F);
    return;
  }
  std::ptrdiff_t j = 0;
  for (; j + 8 <= cols; j += 8) {
    std::ptrdiff_t l = 0;
    for (; l + 8 <= k; l += 8) transpose_8(b.at + j * b.stride + l, b.stride, to + l * width + j, width);
    for (; l < k; ++l)
      for (std::ptrdiff_t i = j; i < j + 8; ++i) to[l * width + i] = b.at[i * b.stride + l];
  }
  for (; j < width; ++j)
    for (std::ptrdiff_t l = 0; l < k; ++l) to[l * width + j] = j < cols ? b.at[j * b.stride + l] : 0.0F;
}

}  // namespace detail

// m, n, k >= 1.
template <std::size_t bytes, class Finish = Keep>
void multiply(Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, float alpha, const float* a,
              std::ptrdiff_t lda, const float* b, std::ptrdiff_t ldb, float beta, float* c, std::ptrdiff_t ldc,
              const Finish& finish = {}) {
  using R = Registers<bytes>;
  const bool a_transposed = op_a == Op::transpose, b_transposed = op_b == Op::transpose;
  // Few rows of C do not pay for a copy, nor do rows of B that find room in the first cache, where those a power of two
  // apart share few of its places.
  const bool in_place = !b_transposed && (m <= 3 * R::kRows || detail::stays_cached(k, ldb));
  alignas(64) float copy[kSumTogether * R::kCols];
  for (std::ptrdiff_t start = 0; start < k; start += kSumTogether) {
    const std::ptrdiff_t terms = std::min(kSumTogether, k - start);
    const detail::Operand rows{a + start * (a_transposed ? lda : 1), lda};
    for (std::ptrdiff_t j = 0; j < n; j += R::kCols) {
      const std::ptrdiff_t cols = std::min(R::kCols, n - j);
      detail::Operand columns{b_transposed ? b + j * ldb + start : b + start * ldb + j, ldb};
      if (!in_place || cols < R::kCols) {
        base::Versions<detail::copy_panel<bytes>>::template with_vectors<bytes>(b_transposed, terms, cols, columns,
                                                                                copy);
        columns = {copy, R::kCols};
      }
      const float keep = start == 0 ? beta : 1;
      if (start + terms == k)
        detail::panel<bytes>(a_transposed, m, cols, terms, rows, columns,
                             detail::Target<Finish>{c + j, ldc, 0, j, alpha, keep, finish});
      else
        detail::panel<bytes>(a_transposed, m, cols, terms, rows, columns,
                             detail::Target<Keep>{c + j, ldc, 0, j, alpha, keep, {}});
    }
  }
}

}  // namespace phaselaw::numerics::tiles
