// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "phaselaw/fitting/interval.h"

// Bootstrap intervals, percentile and BCa, of rows or of clusters of rows; interval.h says what and how well.
//
// An almost absolute loss (Huber's, whose delta lies below the residuals; l1) has a fit that jumps between rows: plain
// resamples of independent rows spread 1.1 times too much, and scatter around an average of fits that is better than
// the fit. Their residuals are smoothed,
//   r* = c (r + h z),  z normal,  h^2 = b^2 - delta^2/3,  c = 1/sqrt(1 + h^2/s^2),
// with s the residuals' spread and b Silverman's bandwidth (robust_scale.h; delta is a uniform kernel's half width),
// and the refits moved to have the fit as their median. Where the fit or half of the refits lie at a bound, or those of
// a positive parameter reach one or go over a factor 100, they stay plain. [T: Silverman and Young 1987; Hall, DiCiccio
// and Romano 1989]
namespace phaselaw::fitting {

// Rows grouped into what is drawn together: single rows, or the clusters.
[[nodiscard]] std::vector<std::vector<std::size_t>> groups_of(std::size_t n_rows,
                                                              const std::vector<std::string>& cluster);

// method: bootstrap or bca.
[[nodiscard]] IntervalSet bootstrap_intervals(Refitter& refitter, const numerics::LeastSquaresResult& optimum,
                                              IntervalMethod method, const FitOptions& options,
                                              const std::vector<Derived>& derived,
                                              std::span<const std::vector<double>> starts);

}  // namespace phaselaw::fitting
