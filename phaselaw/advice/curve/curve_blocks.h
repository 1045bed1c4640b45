// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "phaselaw/advice/curve/row_noise.h"

// Block means of a curve: about 100 blocks, evenly spaced in ln(step), of at least two correlation times each. Step and
// loss are arithmetic means, so that the mean of a straight piece lies on it.
//
// The error of a mean of N rows is s L sqrt(min(tau, N)/N), with s the median of the relative standard deviations about
// a straight line in the 15 nearest blocks of at least 8 rows; where the noise is correlated, that of all rows. A loss
// rounded to multiples of d adds d^2/12, divided by N only if the noise of a row exceeds d/2.
// If fewer than 3 blocks have 8 rows and the noise of the rows is not known, the errors are not known either.
//
// Cost: O(rows).
namespace phaselaw::advice {

struct CurveBlocks {
  std::vector<double> step, loss, error;
  std::vector<double> rows;
  bool known = false;       // whether the errors are known; otherwise they are 1 % of the loss, as weights only
  bool rate_known = false;  // the steps are sums of learning rates, so no falling rate is tried
  [[nodiscard]] std::size_t size() const { return step.size(); }
};

// A correlation time above this marks smoothed or correlated rows.
inline constexpr double kCorrelatedTime = 2.5;

[[nodiscard]] CurveBlocks blocks_of(std::span<const double> step, std::span<const double> loss,
                                    const std::optional<RowNoise>& noise, double rounding);

// `count` blocks of equally many rows, with errors from the rows' own scatter. Each must hold 2 rows.
[[nodiscard]] CurveBlocks equal_blocks(std::span<const double> step, std::span<const double> loss, std::size_t count,
                                       double correlation_time, double rounding);

}  // namespace phaselaw::advice
