// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "phaselaw/tables/table.h"

// Formats of tables other than delimited text.
namespace phaselaw::tables {

// Charts exported by W&B have one column for each run: Step, "run a - train/loss", "run a - train/loss__MIN", ...
//
// Returns the table with one row for each run and step: the columns without " - ", then run, then one column for each
// metric; cells without a number give no row. Metrics that end in __MIN or __MAX, or begin with "_", are skipped. A
// table is a chart if all columns except at most two contain " - "; other tables are returned unchanged.
[[nodiscard]] Table long_table(Table table);

}  // namespace phaselaw::tables
