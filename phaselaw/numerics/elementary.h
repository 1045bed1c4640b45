// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "phaselaw/numerics/vectors.h"

// Exponential and logarithm without branches, which the compiler turns into vector code for every instruction set
// (base/instruction_set.h). They use additions and products only, so they are the same functions on every processor, up to
// the rounding of fused multiply-adds.
namespace phaselaw::numerics {

// p r^n + c_1 r^(n-1) + ... + c_n for n terms c. Without a loop, which would keep the compiler from vector code.
template <class X, class... Terms>
[[gnu::always_inline]] inline X horner(X p, X r, Terms... c) {
  ((p = p * r + c), ...);
  return p;
}

// e^x, of a number or a vector. Relative error < 2.3 eps = 2.7e-7 (float; 2.3e-7 with fused multiply-add), < 4e-16
// (double) for x in the range; x is clamped to [-87, 88] / [-708, 709], so the result is never 0 or infinite; NaN stays
// NaN. Method: x = n ln 2 + r with |r| <= ln 2 / 2, Taylor of degree 6 / 13 in r.
template <class X>
[[gnu::always_inline]] inline X exponential(X x) {
  using T = typename Parts<X>::Number;
  using Bits = typename Parts<X>::Bits;
  constexpr bool kSingle = std::is_same_v<T, float>;
  const X least = X{} + T(kSingle ? -87 : -708), most = X{} + T(kSingle ? 88 : 709);
  x = x < least ? least : x;
  x = x > most ? most : x;
  constexpr T kRound = T(kSingle ? 12582912.0 : 6755399441055744.0);  // 1.5 * 2^23 or 2^52: adding it rounds to an
                                                                      // integer that sits in the low bits
  const X shifted = x * T(kSingle ? 1.44269504 : 1.4426950408889634) + kRound;
  const X n = shifted - kRound;
  const X r = (x - n * T(kSingle ? 0.693359375 : 0.693147180369123816490)) -
              n * T(kSingle ? -2.12194440e-4 : 1.90821492927058770002e-10);
  X p = X{} + T(kSingle ? 1.0 / 720 : 1.0 / 6227020800.0);
  if constexpr (!kSingle)
    p = horner(p, r, T(1.0 / 479001600), T(1.0 / 39916800), T(1.0 / 3628800), T(1.0 / 362880), T(1.0 / 40320),
               T(1.0 / 5040), T(1.0 / 720));
  p = horner(p, r, T(1.0 / 120), T(1.0 / 24), T(1.0 / 6), T(0.5), T(1), T(1));
  constexpr int kMantissa = kSingle ? 23 : 52;
  return p * std::bit_cast<X>((std::bit_cast<Bits>(shifted) + (kSingle ? 127U : 1023U)) << kMantissa);
}

// ln x for x >= 2^-1022 (smaller positive numbers count as 2^-1022; the result is meaningless for x <= 0). Relative error
// < 2.5e-16; infinity and NaN stay what they are. Method: x = 2^k m with m between the roots of 1/2 and 2, and with
// f = m - 1, s = f / (2 + f), the series ln m = 2 (s + s^3 / 3 + s^5 / 5 + ...) up to s^21, summed as f - s (f - R).
[[gnu::always_inline]] inline double logarithm(double x) {
  constexpr std::uint64_t kOne = 0x3ff0000000000000, kRootOfHalf = 0x3fe6a09e667f3bcd;  // the bits of 1 and sqrt(1/2)
  constexpr double kLnHi = 0.693147180369123816490,
                   kLnLo = 1.90821492927058770002e-10;  // ln 2, the first with zeros last
  const double positive = x < std::numeric_limits<double>::min() ? std::numeric_limits<double>::min() : x;
  const auto bits = std::bit_cast<std::uint64_t>(positive);
  const std::uint64_t exponent = (bits + (kOne - kRootOfHalf)) >> 52U;  // k + 1023
  const auto m = std::bit_cast<double>(bits - (exponent << 52U) + kOne);
  constexpr double kTwo52 = 4503599627370496.0;  // adding an integer below it puts the integer into the low bits
  const double k = std::bit_cast<double>(exponent | 0x4330000000000000U) - (kTwo52 + 1023);
  const double f = m - 1, s = f / (2 + f), z = s * s;
  const double series =
      z * horner(2.0 / 21, z, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3);
  const double result = k * kLnHi - ((s * (f - series) - k * kLnLo) - f);
  return x <= std::numeric_limits<double>::max() ? result : x;
}

}  // namespace phaselaw::numerics
