// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/base/arithmetic.h"
#include "phaselaw/tables/table.h"

// Columns that the user computes from others: --col 'loss=1-acc', --col 'n_params=size*1e6'.
//
// A text that is exactly a heading is that column, whatever signs it has; otherwise it is an expression
// (base/arithmetic.h). Its names are headings, or usual names of columns (N, tokens) where the table has one such
// column. The result is a column of numbers below the expression as its heading. It is empty in a row in which a cell
// that it reads is empty, and NaN in a row in which one is NaN or infinite.
// Cost: that of reading the numbers, and 5 ns for each operation and row.
namespace phaselaw::tables {

class ComputedColumn {
 public:
  ComputedColumn(Table& table, const std::string& text);
  // Position of the column in the table.
  [[nodiscard]] std::size_t column() const { return column_; }
  // InputError at the first of these rows in which a cell is no number, or the result is none (the logarithm of 0).
  // `table`: with the rows from which the column was computed.
  void require(const Table& table, std::span<const std::size_t> rows) const;

 private:
  base::Arithmetic expression_;
  std::string text_;
  std::size_t column_ = 0;
  std::vector<bool> bad_;  // by row; empty if no row is
};

// Adds the columns of all expressions in `columns`, the user's own mapping of names; the expression is then a heading.
// InputError for an expression that cannot be read. The run is no expression, because its "+" joins columns.
[[nodiscard]] std::vector<ComputedColumn> add_computed_columns(Table& table,
                                                               const std::map<std::string, std::string>& columns);

}  // namespace phaselaw::tables
