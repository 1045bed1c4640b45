// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/precisions.h"

#include <algorithm>

#include "phaselaw/base/errors.h"

namespace phaselaw::tables {

namespace {

std::size_t precision_column(const Table& table) {
  const auto at = std::find_if(table.header.begin(), table.header.end(), [](const std::string& name) {
    const std::string last = name.substr(name.find_last_of("./") + 1);  // npos + 1 = 0
    return last == "precision" || last == "dtype";
  });
  return at == table.header.end() ? kNoColumn : static_cast<std::size_t>(at - table.header.begin());
}

}  // namespace

// Rounding shifts losses, which a law would attribute to its columns.
void warn_of_precisions(Rows& out) {
  const auto precisions = out.precisions();
  if (precisions.size() < 2) return;
  std::vector<std::string> parts;
  for (const auto& [name, rows] : precisions)
    parts.push_back(fmt::format("{} in {}", name, fmt::format("{} row{}", rows, rows == 1 ? "" : "s")));
  out.warnings.push_back(fmt::format(
      "one fit mixes runs of {} precisions ({}): rounding shifts losses, so the law may describe the precision instead of its columns; "
      "fit one precision at a time, for example with --where {}={}",
      precisions.size(), fmt::join(parts, ", "), out.table.header[precision_column(out.table)],
      precisions.begin()->first));
}

std::map<std::string, std::size_t> Rows::precisions() const {
  std::map<std::string, std::size_t> found;
  const std::size_t column = precision_column(table);
  for (std::size_t row = 0; row < table.n_rows(); ++row)
    if (column != kNoColumn && !table.is_empty(row, column)) ++found[table.text(row, column)];
  return found;
}

}  // namespace phaselaw::tables
