// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "phaselaw/tables/row_condition.h"
#include "phaselaw/tables/table.h"

// Selects rows of a table by the conditions of row_condition.h: "loss_kind=train", "flops>=1e18", "kind in (a, b)".
namespace phaselaw::tables {

// The rows for which every condition holds, in their order. `column_of` finds a column by name, or throws. InputError
// for a malformed condition, and if no row remains, with the values in the column.
[[nodiscard]] std::vector<std::size_t> rows_where(const Table& table, const std::vector<std::string>& conditions,
                                                  const ColumnOfName& column_of);

}  // namespace phaselaw::tables
