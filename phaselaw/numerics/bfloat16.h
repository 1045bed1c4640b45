// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

#include "phaselaw/base/half.h"

// bfloat16: the upper half of a float, sign 1, exponent 8, mantissa 7 (8 significant bits). Unit roundoff 2^-8.
//
// Rounding is to nearest, ties to even, for every float, including denormals; values beyond the largest finite bfloat16
// (3.39e38) become infinity; a NaN stays a quiet NaN. Source: IEEE 754's roundTiesToEven on a truncated binary32 [T].
namespace phaselaw::numerics {

inline std::uint16_t to_bfloat16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t rounded = bits + 0x7fffU + ((bits >> 16) & 1U), quiet = bits | 0x400000U;
  const bool is_nan = (bits & 0x7fffffffU) > 0x7f800000U;
  return static_cast<std::uint16_t>((is_nan ? quiet : rounded) >> 16);
}

using base::from_bfloat16;

// The float nearest to x among those that are bfloat16 numbers.
inline float round_to_bfloat16(float x) { return from_bfloat16(to_bfloat16(x)); }

}  // namespace phaselaw::numerics
