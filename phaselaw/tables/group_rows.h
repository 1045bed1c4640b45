// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/tables/rows.h"

// The rows of a table by the groups of --by. Cost: linear in the rows.
namespace phaselaw::tables {

struct GroupRows {
  std::string name;  // the value of the column; "c4, adam" for two columns
  std::vector<std::size_t> rows;
};
// By a column, or by several joined with +: "dataset+exp". In the order of their first row. InputError for an unknown
// column.
[[nodiscard]] std::vector<GroupRows> groups_by(const Rows& rows, const std::string& by);

}  // namespace phaselaw::tables
