// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/advice/isoflop/methods.h"

// The exponent of n_params under each convention for counting compute (plan/flop_convention.h).
//
//   exact                as the table counts: the budgets of the table
//   6nd                  6 N D
//   without-embeddings   6 (N - vocab d_model) D
//   the same of the size without embeddings, as Kaplan et al. 2020 count both
//   with-attention       6 N D + 12 n_layers d_model seq_len D
// A convention changes which rows have equal compute. For the parabola, C' of a budget is the geometric mean of its rows'
// compute in the new convention, and each loss is moved to D' = C'/c'(N) along the fitted law:
//   L' = L L_law(N, D')/L_law(N, D)
// so that the law decides only the small correction. The parametric exponent is the slope of the law's optimum under the
// convention, between the lowest and the highest C'. Shapes of a size: N = 12 n_layers d_model^2 + vocab d_model with
// d_model/n_layers of --aspect-ratio, or the median of the table's columns, or 64; vocab and seq_len are flags or columns
// with one value. Cost: as one parabola and one interval
// of the fit for each row. Source: [R]; that conventions explain much of the difference between published exponents: [S]
// Porian et al. 2024 (arXiv 2406.19146).
namespace phaselaw::advice {

// Needs the fitted law and its intervals in `result`.
[[nodiscard]] std::vector<ConventionRow> convention_rows(const IsoflopResult& result, const Sizes& sizes,
                                                         const BowlNoise& noise,
                                                         const fitting::Uncertainty& uncertainty,
                                                         const IsoflopOptions& options);

}  // namespace phaselaw::advice
