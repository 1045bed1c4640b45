// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

// Learning rates that fall towards the end of a curve, as candidates where the schedule is not recorded.
//
//   linear   1 until c T, then linear to 0 at T, for c = 0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95
//   cosine   from 1 at step 0 to 0, or to 10 %, at T
// Each gives the clock S, the sum of the rate up to a step, and the drop 1 - rate. Equations: S = integral of the rate.
namespace phaselaw::advice {

struct FallingRate {
  std::vector<double> clock, drop;  // at the steps given
};

inline constexpr std::size_t kFallingRates = 11;

// Number `which` of them; 0 < step <= end.
[[nodiscard]] FallingRate falling_rate(std::size_t which, std::span<const double> step, double end);

}  // namespace phaselaw::advice
