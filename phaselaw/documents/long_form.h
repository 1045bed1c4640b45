// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/documents/reading.h"

// The long form of a table: one row for each measurement, with its run and its progress in columns. The door calls it
// after every reader. In this order:
//   - cells that hold objects, such as {"lr": 0.001}, become columns (runs_table.h)
//   - an export with columns for each run becomes one with a column run (run_exports.h)
//   - a matrix with numbers as headings becomes one with a column for them (wide_matrix.h)
//   - runs that did not finish are noted (runs_table.h)
//
// Cost: linear in the cells; 1e6 cells take 0.1 s. A table of another form is left as it is.
namespace phaselaw::documents {

// Whether the rows have changed; notes say how.
bool to_long_form(Reading& reading);

}  // namespace phaselaw::documents
