// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/advice/isoflop/isoflop.h"
#include "phaselaw/tables/rows.h"

// Several experiments in one table: how they are recognised.
//
// A column divides the rows into experiments if it has text or small whole numbers, at least two groups have four sizes
// at one budget, and a parabola for each group follows the losses better than one for all: F test of the squared
// residuals at kExperimentLevel. Seeds of one experiment pass this test, because their bowls agree; a column that names
// budgets or runs has no two groups at one budget. If one column leaves such groups, further columns are joined with it.
// Rows are also in conflict without such a column if repeated rows (equal n_params at one budget) scatter more than their
// averages do about the bowls, by the F test at the same level. Cost: columns x rows. Source: [R].
namespace phaselaw::advice {

inline constexpr double kExperimentLevel = 0.999;

struct PooledExperiments {
  std::string by;         // columns joined with +; "" if no column tells the experiments apart
  std::size_t count = 0;  // of experiments; 0 without a column
  std::string message;    // what was found, what it means, and what to do
};
// Unset if the rows are one experiment.
[[nodiscard]] std::optional<PooledExperiments> pooled_experiments(const tables::Rows& rows, const Sizes& sizes,
                                                                  const IsoflopOptions& options);

}  // namespace phaselaw::advice
