// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/documents/reading.h"

// Tables with one row for each run, as W&B, MLflow and Optuna export them.
namespace phaselaw::documents {

// Columns in which every filled cell is an object, {"lr": 0.001, "model": {"depth": 4}} in JSON or in the notation of
// Python, become one column for each entry: config.lr, config.model.depth. Lists and other values are kept as they are
// written. An object of W&B with the entries value and desc is its value. A column with cells that are not complete, or
// with more than 1,000 entries, is left as it is. Cost: linear in the cells, without recursion.
void expand_object_cells(Reading& reading);

// Notes how many rows of a column State or status did not finish, and how to leave them out.
void note_unfinished_runs(Reading& reading);

}  // namespace phaselaw::documents
