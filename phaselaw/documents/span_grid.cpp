// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/span_grid.h"

#include <algorithm>

namespace phaselaw::documents {

namespace {

constexpr std::size_t kMostColumns = 200'000, kMostHeadingRows = 8, kMostAdded = 1'000'000;

bool is_title(std::span<const SpanCell> cells, std::size_t n_columns) {
  return cells.size() == 1 && n_columns > 1 && cells[0].columns >= n_columns;
}

}  // namespace

void SpanGrid::drop_rows_from(std::size_t row) {
  if (row >= rows_.size()) return;
  cells_.resize(rows_[row].first);
  rows_.resize(row);
}

std::span<const SpanCell> SpanGrid::row(std::size_t row) const {
  const std::size_t end = row + 1 < rows_.size() ? rows_[row + 1].first : cells_.size();
  return std::span(cells_).subspan(rows_[row].first, end - rows_[row].first);
}

std::vector<std::string_view> SpanGrid::laid(std::size_t at, bool heading, std::vector<Pending>& below,
                                             std::size_t most) const {
  std::vector<std::string_view> out;
  const auto put = [&](std::string_view text) {
    if (out.size() <= most) out.push_back(text);
  };
  const auto fill = [&](bool with_cells) {  // cells from above, up to the next place that is free
    while (out.size() < below.size() && below[out.size()].rows > 0 && out.size() <= most) {
      --below[out.size()].rows;
      put(below[out.size()].text);
      if (with_cells) return true;
    }
    return false;
  };
  for (const SpanCell& cell : row(at)) {
    if (gaps_ && cell.text.empty() && cell.columns == 1 && fill(true)) continue;
    if (!gaps_) fill(false);
    for (std::size_t k = 0; k < cell.columns && out.size() <= most; ++k) {
      const std::string_view text = k == 0 || heading ? cell.text : std::string_view();
      if (cell.rows > 1 || below.size() > out.size()) {
        if (below.size() <= out.size()) below.resize(out.size() + 1);
        below[out.size()] = {text, cell.rows - 1};
      }
      put(text);
    }
  }
  if (!gaps_) fill(false);
  return out;
}

void SpanGrid::lay_out(ProseTable& table, std::size_t heading) const {
  std::vector<Pending> below;
  if (heading > kMostHeadingRows) return table.fail(table.line, "the heading of the table has more than 8 rows");
  for (std::size_t r = 0; r < heading; ++r) {
    const auto cells = laid(r, true, below, kMostColumns);
    if (is_title(row(r), cells.size())) {
      table.skip("titles across the table", rows_[r].line, cells.front());
      continue;
    }
    if (table.header.size() < cells.size()) table.header.resize(cells.size());
    for (std::size_t c = 0; c < cells.size(); ++c) join_heading(table.header[c], cells[c]);
  }
  if (table.header.size() > kMostColumns) return table.fail(table.line, "the table has more than 200,000 columns");
  for (std::size_t r = heading; r < rows_.size(); ++r) {
    std::size_t n = table.header.size();
    if (n == 0) n = row(r).size();
    const auto spans = row(r);
    if (is_title(spans, n)) {
      table.skip("titles across the table", rows_[r].line, spans.front().text);
      continue;
    }
    const auto cells = laid(r, false, below, n);
    if (std::all_of(cells.begin(), cells.end(), [](auto cell) { return cell.empty(); })) {
      table.skip("rows without a filled cell", rows_[r].line, "");
      continue;
    }
    if (cells.size() > n)
      return table.fail(rows_[r].line, fmt::format("expected {} cells as in the heading, found more", n));
    if (table.cells.size() > kMostAdded + 20 * cells_.size())
      return table.fail(rows_[r].line, "cells that span rows or columns stand for too many others");
    table.add_row(rows_[r].line);
    table.cells.insert(table.cells.end(), cells.begin(), cells.end());
  }
}

std::size_t heading_rows(const SpanGrid& grid, std::size_t above_rule) {
  if (above_rule == 0 || grid.n_rows() == 0) return 0;
  const auto first = grid.row(0);
  const bool groups =
      std::any_of(first.begin(), first.end(), [](const SpanCell& c) { return c.columns > 1 || c.rows > 1; });
  for (std::size_t r = 1; r < above_rule && !groups; ++r) {
    const auto cells = grid.row(r);
    if (std::any_of(cells.begin(), cells.end(), [](const SpanCell& c) { return looks_numeric(c.text); })) return 1;
  }
  return above_rule;
}

}  // namespace phaselaw::documents
