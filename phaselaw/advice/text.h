// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "phaselaw/report/format.h"
#include "phaselaw/report/page.h"

// Helpers for the texts and pages of all questions.
namespace phaselaw::advice {

// Converts rows of text, the first of which names the columns, to a table of the page.
[[nodiscard]] inline report::Table table_of(std::vector<std::vector<std::string>> rows, std::string caption) {
  report::Table table;
  table.caption = std::move(caption);
  table.columns = rows.front();
  rows.erase(rows.begin());
  table.rows = std::move(rows);
  return table;
}
// Converts a table back to rows of text, with the names of the columns first.
[[nodiscard]] inline std::vector<std::vector<std::string>> text_rows(const report::Table& table) {
  std::vector<std::vector<std::string>> rows = {table.columns};
  rows.insert(rows.end(), table.rows.begin(), table.rows.end());
  return rows;
}

// "2.6 %"; an en dash for NaN.
[[nodiscard]] inline std::string percent(double share, int digits = 2) {
  return std::isnan(share) ? report::format_number(share) : report::format_number(100 * share, digits) + " %";
}

}  // namespace phaselaw::advice
