// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "phaselaw/fitting/fit.h"

// Is a gain noise? Means over seeds at one budget, the number of seeds that would decide, and several tests at a time.
//
//   difference   mean of the baseline minus mean of the candidate: > 0 where the candidate is better
//   interval     Welch: difference -+ t(level; nu) sqrt(s_a^2/n_a + s_b^2/n_b), nu by Satterthwaite's formula. With one
//                seed of a recipe, the standard deviation of the other holds for both, nu = n - 1, and `borrowed` is set
//   seeds        the smallest n of each recipe with which Welch's test at this level finds the measured difference with
//                the given power, by the non-central t distribution, if difference and deviations are the true ones
// Accuracy: that of the approximation by Welch and Satterthwaite; the tests measure the power by simulation. Cost: O(n).
// Source: [T: Welch 1947, Satterthwaite 1946, Holm 1979].
namespace phaselaw::advice {

inline constexpr double kSeedPower = 0.8;
inline constexpr std::size_t kMostSeeds = 10'000;

struct SeedTest {
  std::size_t n_baseline = 0, n_candidate = 0;
  double mean_baseline = 0, mean_candidate = 0;
  double sd_baseline = 0, sd_candidate = 0;  // NaN for one seed
  fitting::Estimate difference;              // without ends where the noise is not known
  double dof = 0, p = 0;                     // NaN where the noise is not known
  bool borrowed = false;
  std::optional<std::size_t> seeds;  // of each recipe; unset: more than kMostSeeds, or the noise is not known
};
// Both samples have at least one value (PHASELAW_CHECK).
[[nodiscard]] SeedTest compare_seeds(std::span<const double> baseline, std::span<const double> candidate, double level);

// The unit of the last decimal with which all losses are written: 0.01 for 2.31, 2.30, 2.27. 0 if there is none of 1e-6 or
// more. Rounding to it has a standard deviation of unit/sqrt(12).
[[nodiscard]] double last_decimal(std::span<const double> losses);

// The seeds of each recipe for a difference and standard deviations that are known. Unset if more than kMostSeeds.
[[nodiscard]] std::optional<std::size_t> seeds_needed(double difference, double sd_baseline, double sd_candidate,
                                                      double level, double power = kSeedPower);

// p values that hold for all of them together, in their order; NaN stays NaN and does not count.
[[nodiscard]] std::vector<double> holm(std::span<const double> p);

}  // namespace phaselaw::advice
