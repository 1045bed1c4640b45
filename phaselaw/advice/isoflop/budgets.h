// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "phaselaw/advice/isoflop/bowl.h"
#include "phaselaw/tables/columns.h"

// The rows of a table as budgets of equal compute.
namespace phaselaw::advice {

inline constexpr std::size_t kLeastBudgets = 3;  // with a minimum, for an exponent from bowls or envelopes

struct Sizes {
  std::vector<double> n_params, tokens, compute, loss;
};
// InputError if n_params is missing, or both compute and tokens.
[[nodiscard]] Sizes sizes_of(const tables::Measurements& data);

// Adds tokens = compute/(6 n_params) where the table gives neither tokens nor tokens_per_param, and a note. Compute that
// is missing follows from 6 n_params tokens (tables/columns.h). InputError if both are missing.
[[nodiscard]] tables::Measurements with_tokens(tables::Measurements data, std::vector<std::string>& notes);

// How the table counts FLOP: compute/(n_params tokens) of the rows.
struct FlopCount {
  double per_param = 6;  // the median; 6 under 6ND
  double spread = 0;     // (largest - smallest)/median
};
// Notes a count that is not 6ND, or not constant. InputError for a size that is not a finite number > 0.
[[nodiscard]] FlopCount flop_count_of(const Sizes& sizes, std::vector<std::string>& notes);

struct IsoflopBudget {
  double compute = 0;             // geometric mean
  std::vector<std::size_t> rows;  // sorted by n_params
};
// Rows by increasing compute; a budget ends before the first row above its lowest compute by more than `tolerance`.
[[nodiscard]] std::vector<IsoflopBudget> budgets_of(std::span<const double> compute, std::span<const double> n_params,
                                                    double tolerance);
[[nodiscard]] Bowl bowl_of(const Sizes& sizes, const IsoflopBudget& budget);

// The budgets with at least kLeastSizes sizes; the other rows are counted in a note. InputError if there is none.
[[nodiscard]] std::vector<IsoflopBudget> usable_budgets(const Sizes& sizes, double tolerance,
                                                        std::vector<std::string>& notes);

}  // namespace phaselaw::advice
