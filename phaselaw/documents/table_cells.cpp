// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "phaselaw/documents/table.h"

namespace phaselaw::documents {

Table Table::without_columns(std::span<const std::size_t> rows) const {
  Table out(source_);
  out.parts_ = parts_;
  out.copies_ = copies_;
  std::vector<Origin> origin;
  origin.reserve(rows.size());
  for (const std::size_t row : rows) origin.push_back((*origin_)[row]);
  out.origin_.replace(std::move(origin));
  return out;
}

std::size_t Table::add_cells(std::string name, const Table& from, std::span<const std::size_t> rows,
                             std::span<const std::size_t> columns) {
  PHASELAW_CHECK_EQ(rows.size(), n_rows());
  PHASELAW_CHECK_EQ(columns.size(), n_rows());
  const auto first = std::find_if(columns.begin(), columns.end(), [](std::size_t c) { return c != kNoColumn; });
  const bool numeric = first != columns.end() && std::all_of(columns.begin(), columns.end(), [&](std::size_t c) {
                         return c == kNoColumn || from.columns_[c]->numeric;
                       });
  std::vector<std::size_t> empty;
  std::size_t at = 0;
  if (numeric) {
    std::vector<double> values(n_rows());
    for (std::size_t i = 0; i < n_rows(); ++i) {
      if (columns[i] == kNoColumn || from.is_empty(rows[i], columns[i]))
        empty.push_back(i);
      else
        values[i] = from.columns_[columns[i]]->numbers[rows[i]];
    }
    at = add_numbers(std::move(name), std::move(values));
  } else {
    at = add_column(std::move(name));
    Column& added = columns_[at].own();
    for (std::size_t i = 0; i < n_rows(); ++i) {
      if (columns[i] == kNoColumn) continue;
      const Column& own = *from.columns_[columns[i]];
      added.cells[i] = own.numeric ? kept(from.text(rows[i], columns[i])) : own.cells[rows[i]];
    }
  }
  for (const std::size_t i : empty) set_empty(i, at);
  if (first != columns.end()) {
    set_style(at, from.style(*first));
    set_ambiguity(at, from.ambiguity(*first));
  }
  return at;
}

std::size_t Table::add_words(std::string name, std::span<const std::string> words, std::span<const std::size_t> which) {
  PHASELAW_CHECK_EQ(which.size(), n_rows());
  const std::size_t at = add_column(std::move(name));
  std::vector<Cell> cells;
  cells.reserve(words.size());
  for (const std::string& word : words) cells.push_back(kept(word));
  Column& added = columns_[at].own();
  for (std::size_t i = 0; i < n_rows(); ++i) added.cells[i] = cells[which[i]];
  return at;
}

}  // namespace phaselaw::documents
