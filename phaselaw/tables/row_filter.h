// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "phaselaw/tables/table.h"

// Selects rows of a table: "loss_kind=train", "flops>=1e18", "dataset!=rw", "loss!=" (not empty).
namespace phaselaw::tables {

// Keeps the rows for which every condition holds: column, then = != >= <= > <, then a value. = and != compare as
// numbers if both sides are numbers, otherwise as text; a field that is no number satisfies no inequality. `column_at`
// finds a column by name, or throws. InputError for a malformed condition, and if no row remains, with the values in
// the column.
[[nodiscard]] Table filtered(Table table, const std::vector<std::string>& conditions,
                             const std::function<std::size_t(const std::string&)>& column_at);

}  // namespace phaselaw::tables
