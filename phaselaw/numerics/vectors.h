// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

// All that is written with the compiler's vector types uses these: the small products (gemm_tiles.h), the panels of the
// kernel (kernel/panels.h), attention and element-wise functions (model/). GCC and Clang make of a vector that is wider
// than the machine's several of the machine's. Loops over them are compiled for several instruction sets
// (base/instruction_set.h), so each function that takes or returns a vector by value is always inlined.
namespace phaselaw::numerics {

// A vector of `bytes` bytes.
template <class T, std::size_t bytes = 32>
struct VectorOf {
  typedef T type __attribute__((vector_size(bytes), may_alias));
  static constexpr std::ptrdiff_t kLanes = bytes / sizeof(T);
};

// Of a number or a vector X: the type of its numbers, and integers of the same size and shape.
template <class X>
struct Parts {
  using Number = std::remove_cvref_t<decltype(std::declval<X>()[0])>;
  typedef std::conditional_t<sizeof(Number) == 4, std::uint32_t, std::uint64_t> Bits
      __attribute__((vector_size(sizeof(X))));
};
template <>
struct Parts<float> {
  using Number = float;
  using Bits = std::uint32_t;
};
template <>
struct Parts<double> {
  using Number = double;
  using Bits = std::uint64_t;
};

// A number or a vector from memory, of any alignment.
template <class X>
[[gnu::always_inline]] inline X load(const void* from) {
  X x;
  std::memcpy(&x, from, sizeof x);
  return x;
}

// And back.
template <class X>
[[gnu::always_inline]] inline void store(void* to, X x) {
  std::memcpy(to, &x, sizeof x);
}

namespace detail {

// Step of size s swaps what lies off the diagonal in blocks of 2 s x 2 s.
template <std::size_t s, class Vector, std::size_t... j>
[[gnu::always_inline]] inline void transpose_step(Vector (&x)[sizeof...(j)], std::index_sequence<j...>) {
  constexpr std::size_t n = sizeof...(j);
#pragma GCC unroll 16
  for (std::size_t i = 0; i < n; ++i) {
    if ((i & s) != 0) continue;
    const Vector upper = x[i], lower = x[i + s];
    x[i] = __builtin_shufflevector(upper, lower, ((j & s) == 0 ? j : n + j - s)...);
    x[i + s] = __builtin_shufflevector(upper, lower, ((j & s) == 0 ? j + s : n + j)...);
  }
  if constexpr (2 * s < n) transpose_step<2 * s>(x, std::index_sequence<j...>());
}

}  // namespace detail

// The transpose of as many vectors as each has numbers, in registers: what was number j of vector i becomes number i of
// vector j. Cost: 1 or 2 shuffles a vector for each doubling of the size.
template <class Vector, std::size_t n>
[[gnu::always_inline]] inline void transpose(Vector (&x)[n]) {
  static_assert(sizeof(Vector) % n == 0 && (n & (n - 1)) == 0);
  detail::transpose_step<1>(x, std::make_index_sequence<n>());
}

}  // namespace phaselaw::numerics
