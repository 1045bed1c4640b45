// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "phaselaw/laws/interval.h"

// Bootstrap intervals, percentile and BCa, of rows or of clusters of rows; interval.h says what and how well.
namespace phaselaw::laws {

// Rows grouped into what is drawn together: single rows, or the clusters.
[[nodiscard]] std::vector<std::vector<std::size_t>> groups_of(std::size_t n_rows,
                                                              const std::vector<std::string>& cluster);

// method: bootstrap or bca.
[[nodiscard]] IntervalSet bootstrap_intervals(Refitter& refitter, const numerics::LeastSquaresResult& optimum,
                                              IntervalMethod method, const FitOptions& options,
                                              const std::vector<Derived>& derived,
                                              std::span<const std::vector<double>> starts);

}  // namespace phaselaw::laws
