// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/tables/recognise.h"
#include "phaselaw/tables/rows.h"
#include "phaselaw/tables/run_columns.h"

// Runs that were resumed or begun again (segments.h), in rows for a fit and in rows for curves.
//
// Superseded rows are left out. A run that begins again becomes several, "name (1)", "name (2)". Streams of one run are
// divided at the same places. Notes say what was done: one for each run up to three, then their number.
// Cost: linear in the rows.
namespace phaselaw::tables {

// Rows for a fit: `runs` has the run of each row of the table, and both are changed.
void follow_restarts(Table& table, const Recognised& found, RunIds& runs, std::vector<std::string>& notes);

// Rows for curves: `runs` has the run of each row of the table; `origin` the row of the table of each row of `out`.
// Fills out.run and out.run_names.
void follow_restarts(const RunIds& runs, std::vector<std::size_t> origin, Rows& out);

// Keeps the last row of each run, by its counter; without a counter, the last in the file. InputError if two rows share it.
void keep_last(Table& table, const Recognised& found, RunIds& runs);

}  // namespace phaselaw::tables
