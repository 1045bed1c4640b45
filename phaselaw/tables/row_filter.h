// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "phaselaw/tables/table.h"

// Which rows of a table are meant: "loss_kind=train", "flops>=1e18", "dataset!=rw", "loss!=" (there is one).
namespace phaselaw::tables {

// Keeps the rows for which every condition holds: column, then = != >= <= > <, then a value. = and != compare numbers
// where both sides are numbers, else text; a row whose field is no number does not satisfy an inequality. `column_at`
// finds a column by name, or throws. InputError for a condition of another shape, and when no row is left: with what
// the column holds.
[[nodiscard]] Table filtered(Table table, const std::vector<std::string>& conditions,
                             const std::function<std::size_t(const std::string&)>& column_at);

}  // namespace phaselaw::tables
