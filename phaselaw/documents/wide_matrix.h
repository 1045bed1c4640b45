// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/documents/reading.h"

// A matrix of measurements with numbers as headings:
//   model, 100, 300, 900, n_params        model\step, step 100, step 300, step 900
//   a, 3.93, 3.81, 3.53, 2e7              a, 3.93, 3.81, 3.53
// In the long form each of these columns is a row: the other columns are repeated, the heading is in a column x, and
// the cell in a column value. Words beside the numbers ("step 100") or in the corner ("model\step", or "loss" above
// names) name these columns. Cells without a value give no row and are counted.
//
// Also the form with a run for each column: step, gpt-10M, gpt-50M, gpt-100M.
//
// A table is a matrix only if at least three headings are numbers that rise or fall, with the same words beside them,
// all their cells are numbers, and no other column is a metric. Numbers that only count the columns (0, 1, 2) are a
// matrix if the rows have names.
namespace phaselaw::documents {

bool melt_wide_matrix(Reading& reading);

}  // namespace phaselaw::documents
