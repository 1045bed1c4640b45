// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/advice/plan/plan.h"

// What limits a plan, in sentences: the fit, the distance from the fitted runs, sizes that are not determined.
namespace phaselaw::advice {

// A column of the fitted rows, or one that follows from others; empty if there is none.
[[nodiscard]] std::vector<double> column_or_none(const tables::Columns& columns, const char* name);

// The tokens per parameter of the fitted rows: their median, and whether all rows have the same to within kOneRatio.
// Unset if the rows give no sizes and tokens.
struct RatioOfRuns {
  double median = 0;
  bool one = false;
};
inline constexpr double kOneRatio = 1.02;  // largest over smallest: token counts that are rounded to whole steps
[[nodiscard]] std::optional<RatioOfRuns> ratio_of_runs(const fitting::SavedFit& saved, const Allocator& allocator);

// Of the fit, whatever is planned. `known`: whether intervals can be computed.
[[nodiscard]] std::vector<Limit> fit_limits(const fitting::SavedFit& saved, const Allocator& allocator, bool known);

// How far compute, n_params and tokens of the point lie beyond the rows.
[[nodiscard]] std::vector<Extrapolation> extrapolation_of(const PlanPoint& point, const fitting::SavedFit& saved,
                                                          const Allocator& allocator);

// Of one point, from its numbers.
[[nodiscard]] std::vector<Limit> point_limits(const PlanPoint& point, const fitting::SavedFit& saved);

}  // namespace phaselaw::advice
