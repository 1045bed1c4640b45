// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/row_filter.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "phaselaw/base/errors.h"

namespace phaselaw::tables {

namespace {

// Some of the values in a column, for a message.
std::string sample_of(const Table& table, std::size_t column, const std::vector<std::size_t>& rows) {
  constexpr std::size_t kShown = 8, kMost = 1000;
  std::set<std::string> values;
  for (std::size_t i = 0; i < rows.size() && values.size() < kMost; ++i) values.insert(table.text(rows[i], column));
  std::vector<std::string> shown(values.begin(), values.end());
  const bool more = shown.size() > kShown;
  if (more) shown.resize(kShown);
  return fmt::format("{}{}", fmt::join(shown, ", "), more ? ", ..." : "");
}

// The column of the first comparison that no row satisfies; of the first one if each is satisfied by some row.
std::size_t telling_column(const Table& table, const RowCondition& condition, const std::vector<std::size_t>& rows) {
  for (const Comparison& comparison : condition.comparisons())
    if (std::none_of(rows.begin(), rows.end(), [&](std::size_t row) { return comparison.holds(table, row); }))
      return comparison.at.column;
  return condition.comparisons().front().at.column;
}

}  // namespace

std::vector<std::size_t> rows_where(const Table& table, const std::vector<std::string>& conditions,
                                    const ColumnOfName& column_of) {
  std::vector<std::size_t> rows(table.n_rows());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  for (const std::string& text : conditions) {
    const RowCondition condition(text, table, column_of);
    std::vector<std::size_t> kept;
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(kept),
                 [&](std::size_t row) { return condition.holds(table, row); });
    if (kept.empty()) {
      const std::size_t column = telling_column(table, condition, rows);
      throw base::InputError({"--where"}, fmt::format("no row of {} satisfies '{}'; {} contains: {}", table.source(),
                                                      text, table.header[column], sample_of(table, column, rows)));
    }
    rows = std::move(kept);
  }
  return rows;
}

}  // namespace phaselaw::tables
