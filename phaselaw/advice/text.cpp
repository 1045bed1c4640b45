// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/text.h"

#include <cmath>

#include "phaselaw/base/constants.h"

namespace phaselaw::advice {

std::string with_interval(const fitting::Estimate& e, base::Notation notation) {
  if (std::isinf(e.value)) return e.value > 0 ? "no limit" : "none";
  constexpr double kExact = 1e-6;  // an interval of zero width: the number does not depend on the data
  const bool exact = e.fixed || (e.lo && e.hi && *e.hi - *e.lo <= kExact * std::abs(e.value));
  if (exact || (!e.lo && !e.hi)) return base::format_number(e.value, 4, notation);
  return base::format_value(e.value, e.lo.value_or(base::kNaN), e.hi.value_or(base::kNaN), notation);
}

report::Table table_of(std::vector<std::vector<std::string>> rows, std::string caption) {
  report::Table table;
  table.caption = std::move(caption);
  table.columns = rows.front();
  rows.erase(rows.begin());
  table.rows = std::move(rows);
  return table;
}

std::vector<std::vector<std::string>> text_rows(const report::Table& table) {
  std::vector<std::vector<std::string>> rows = {table.columns};
  rows.insert(rows.end(), table.rows.begin(), table.rows.end());
  return rows;
}

}  // namespace phaselaw::advice
