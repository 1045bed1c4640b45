// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "phaselaw/documents/table.h"

// A table written in its plainest form, which reads back to the same table: one row for each record with all columns
// under their headings, then its place: `line`, and `source` if the rows come from several files. Numbers have a decimal
// point and no other sign, whatever the style of their column was. CSV guards the formulas of
// spreadsheets (base/csv.h). Cost: linear in the number of cells.
namespace phaselaw::documents {

[[nodiscard]] std::string long_csv(const Table& table);         // RFC 4180, one heading
[[nodiscard]] std::string long_json_lines(const Table& table);  // numbers as numbers; empty cells have no key

}  // namespace phaselaw::documents
