// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/tables/table.h"

// Rows that a fit cannot use: rows without an output, and copies of an earlier row. A warning counts them and lists
// their lines. Cost: linear in the cells.
namespace phaselaw::tables {

[[nodiscard]] std::string lines_of(const std::vector<long>& lines);  // "lines 3, 7 and 12 more"
[[nodiscard]] std::string rows_of(std::size_t n);                    // "1 row", "3 rows"

// InputError if no row has the output. `name`: of the output in messages.
void leave_out_missing(Table& table, std::size_t output, const std::string& name, std::vector<std::string>& warnings);
void leave_out_copies(Table& table, std::vector<std::string>& warnings);

}  // namespace phaselaw::tables
