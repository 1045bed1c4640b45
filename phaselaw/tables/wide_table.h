// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/tables/table.h"

// Charts exported by W&B hold one column for each run: Step, "run a - train/loss", "run a - train/loss__MIN", ...
namespace phaselaw::tables {

// The table with one row for each run and step: the columns without " - ", then run, then one for each metric; cells
// without a number are no rows. Metrics that end in __MIN or __MAX, or begin with "_", are left out. A table of another
// kind is returned as it is: unless all columns but two at most hold " - ".
[[nodiscard]] Table long_table(Table table);

}  // namespace phaselaw::tables
