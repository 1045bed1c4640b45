// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>
#include <utility>

// Small pieces for code that is written with the compiler's vector types.
namespace phaselaw::numerics {

// A number or a vector from memory, of any alignment.
template <class X>
X load(const void* from) {
  X x;
  std::memcpy(&x, from, sizeof x);
  return x;
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
