// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "phaselaw/documents/prose_table.h"

// Rows with cells that span columns or rows, as LaTeX and HTML write them, laid out as a table.
//
// In headings, a cell over several columns is repeated in each. In rows, it fills the first; a cell over all columns is
// a title, and its row is skipped. A cell over several rows is repeated in each.
namespace phaselaw::documents {

struct SpanCell {
  std::string_view text;
  std::size_t columns = 1, rows = 1;
};

class SpanGrid {
 public:
  // `gaps`: the rows below a cell over several rows have an empty cell there (LaTeX); otherwise none (HTML).
  explicit SpanGrid(bool gaps) : gaps_(gaps) {}

  void begin_row(long line) { rows_.push_back({line, cells_.size()}); }
  void add(const SpanCell& cell) { cells_.push_back(cell); }
  [[nodiscard]] std::size_t n_rows() const { return rows_.size(); }
  void drop_rows_from(std::size_t row);  // this one and all later ones
  [[nodiscard]] std::span<const SpanCell> row(std::size_t row) const;

  // Lays the first `heading` rows out as headings of `table`, and the others as its rows.
  void lay_out(ProseTable& table, std::size_t heading) const;

 private:
  struct Pending {
    std::string_view text;
    std::size_t rows = 0;
  };
  // The cells of a row at their columns. `below`: cells that reach into later rows.
  [[nodiscard]] std::vector<std::string_view> laid(std::size_t row, bool heading, std::vector<Pending>& below,
                                                   std::size_t most) const;
  struct Row {
    long line = 0;
    std::size_t first = 0;
  };
  bool gaps_;
  std::vector<SpanCell> cells_;
  std::vector<Row> rows_;
};

// The number of rows of the heading among the rows above the first rule: rows that hold numbers below the first belong
// to the table, unless the first row names groups of columns.
[[nodiscard]] std::size_t heading_rows(const SpanGrid& grid, std::size_t above_rule);

}  // namespace phaselaw::documents
