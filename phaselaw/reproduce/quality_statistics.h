// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phaselaw/analysis/linear_student.h"

// When do added samples help? n samples have noise xi_a^2, m added ones have noise xi_b^2 (docs/theory/noise.md).
//
//   equal weights, fixed d_eff     the variance (n xi_a^2 + m xi_b^2) d_eff/(n + m)^2 is below xi_a^2 d_eff/n if and
//                                  only if xi_b^2/xi_a^2 < 2 + m/n                                               [T]
//   least squares, Gaussian design, d parameters, exactly   1 + (1 + m/n)/(1 - g), g = (d + 1)/n                 [T]
//   n samples drawn with replacement from g distinct ones with fixed noise, fixed d_eff: as good as n g/(n + g)
//                                  distinct ones, because sum w^2/(sum w)^2 = 1/n + (1 - 1/n)/g for their counts w [T]
namespace phaselaw::reproduce {

[[nodiscard]] double ideal_threshold(double added_over_clean);                       // 2 + m/n
[[nodiscard]] double least_squares_threshold(double added_over_clean, double load);  // load = g; NaN unless 0 <= g < 1
[[nodiscard]] double useful_size_of_draws(double draws, double distinct);            // n g/(n + g)

// The noise ratio at which the risk with added samples equals that without: `risk_ratios` (with/without) is linear
// between the given noise ratios, and beyond them along the line of the two nearest. Noise ratios ascend. At a fixed
// time the expected risk is linear in the noise ratio, and its minimum over times is concave. NaN if the nearest line
// does not rise.
[[nodiscard]] double threshold(std::span<const double> noise_ratios, std::span<const double> risk_ratios);

// The number of distinct samples with this risk: ln risk is linear in ln n between sizes, and beyond them along the
// line of the two nearest. Sizes ascend, risks fall. NaN if the nearest line does not fall.
[[nodiscard]] double useful_size(std::span<const double> sizes, std::span<const double> risks, double risk);

// The threshold of a linear student in expectation over the noise: the largest noise ratio at which
// min over t of bias + clean_noise^2 (clean + ratio added) is at most the same minimum of `without`. 0 if added samples
// hurt without noise, infinity if they help at any ratio below 1e6. At the best time of each, or at the last time.
enum class StopAt { best, end };
[[nodiscard]] double linear_threshold(std::span<const analysis::LinearErrors> without,
                                      std::span<const analysis::LinearErrors> with, double clean_noise, StopAt stop);

// The threshold of least squares with d parameters by simulation of `repetitions` Gaussian designs of n + m rows, the
// noise averaged exactly. One threshold for each of `groups` groups of repetitions, for an interval.
struct LeastSquaresCase {
  std::int64_t parameters = 8, n = 32, added = 32;
};
[[nodiscard]] std::vector<double> simulated_thresholds(const LeastSquaresCase& design, int groups, int repetitions,
                                                       std::uint64_t seed);

}  // namespace phaselaw::reproduce
