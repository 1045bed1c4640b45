// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "phaselaw/fitting/interval.h"

// Bootstrap intervals, percentile and BCa, from resampled rows or clusters of rows. interval.h gives their coverage.
//
// Under an almost absolute loss (l1, or Huber's with delta below the residuals) the fit jumps between rows. Plain
// resamples of independent rows then spread 1.1 times too much, and scatter around an average of fits that is better
// than the fit. Their residuals are therefore smoothed,
//   r* = c (r + h z),  z normal,  h^2 = b^2 - delta^2/3,  c = 1/sqrt(1 + h^2/s^2),
// where s is the spread of the residuals and b Silverman's bandwidth (robust_scale.h; delta is the half width of a
// uniform kernel), and the refits are shifted so that their median is the fit. The resamples stay plain if the fit or
// half of the refits are at a bound, or if refits of a positive parameter reach a bound or vary by more than a factor
// 100. [T: Silverman and Young 1987; Hall, DiCiccio and Romano 1989]
namespace phaselaw::fitting {

// The units that are resampled: single rows, or clusters of rows.
[[nodiscard]] std::vector<std::vector<std::size_t>> groups_of(std::size_t n_rows,
                                                              const std::vector<std::string>& cluster);

// `method` is bootstrap or bca.
[[nodiscard]] IntervalSet bootstrap_intervals(Refitter& refitter, const numerics::LeastSquaresResult& optimum,
                                              IntervalMethod method, const FitOptions& options,
                                              const std::vector<Derived>& derived,
                                              std::span<const std::vector<double>> starts);

}  // namespace phaselaw::fitting
