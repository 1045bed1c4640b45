// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/tables/recognise.h"
#include "phaselaw/tables/table.h"

// The columns that name the run of each row, and rows chosen by run.
namespace phaselaw::tables {

// The cells of a row in these columns, joined with '/'.
[[nodiscard]] std::string joined(const Table& table, std::size_t row, const std::vector<std::size_t>& columns);

// The column of progress within a run: step, tokens or compute, the first that the table has; otherwise kNoColumn.
[[nodiscard]] std::size_t progress_column(const Recognised& found);

// Keeps the last row of each run. InputError without a column of runs.
void keep_last(Table& table, const Recognised& found);
void warn_of_crossed_runs(const Table& table, const Recognised& found, std::vector<std::string>& warnings);

}  // namespace phaselaw::tables
