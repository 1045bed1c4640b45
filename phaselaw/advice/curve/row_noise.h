// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

// The noise of the rows of a curve.
//
// The first tenth of the rows is left out; the others are divided into 10 equal pieces (4 if there are fewer than 400
// rows), and a parabola in ln(step) is subtracted from each. The relative standard deviation, the lag-1 correlation rho
// and the correlation time
//   tau = 1 + 2 sum_k rho_k, up to the first rho_k < 2/sqrt(rows)
// are medians over the pieces. If rho > 0.3 they are measured again with 4 pieces and a cubic, and tau is at least
// (1 + rho)/(1 - rho), the time of an autoregression of order 1. [T; thresholds R]
//
// Cost: O(rows times tau). No noise is returned for fewer than 120 rows.
namespace phaselaw::advice {

struct RowNoise {
  double relative = 0;          // standard deviation of a row, relative to the loss
  double correlation_time = 1;  // in rows
};

[[nodiscard]] std::optional<RowNoise> row_noise(std::span<const double> step, std::span<const double> loss);

}  // namespace phaselaw::advice
