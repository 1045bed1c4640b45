// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/documents/reading.h"

// One table found in prose, before one of them is chosen: what the finders of all syntaxes return, and how its cells
// and headings lose the marks of a writer.
namespace phaselaw::documents {

struct ProseTable {
  struct Row {
    long line = 0;
    std::size_t first = 0;  // its first cell; it ends where the next row begins
  };
  std::string syntax;     // "Markdown table"
  std::size_t begin = 0;  // bytes of the document
  std::size_t end = 0;    //
  long line = 0;          // of the heading
  long first_line = 0, last_line = 0;
  std::vector<std::string> header;      // without marks; empty if the table has no heading
  std::vector<std::string_view> cells;  // of all rows
  std::vector<Row> rows;
  std::list<std::string> copies;  // cells that are not written in one piece
  std::vector<std::string> notes;
  std::vector<Skipped> skipped;
  base::Location fault = {};  // of the first fault: line and column; the source is not set
  std::string fault_text;     // empty if there is none

  // Not copied, because cells are views into `copies`; moving keeps the words in their places.
  ProseTable() = default;
  ProseTable(ProseTable&&) noexcept = default;
  ProseTable& operator=(ProseTable&&) noexcept = default;
  ProseTable(const ProseTable&) = delete;
  ProseTable& operator=(const ProseTable&) = delete;
  ~ProseTable() = default;

  void add_row(long number) { rows.push_back({number, cells.size()}); }
  void skip(const std::string& reason, long number, std::string_view text);
  void fail(long number, std::string text);  // keeps the first
  [[nodiscard]] std::size_t width(std::size_t row) const {
    return (row + 1 < rows.size() ? rows[row + 1].first : cells.size()) - rows[row].first;
  }
  [[nodiscard]] std::string_view copy(std::string text) { return copies.emplace_back(std::move(text)); }
};

// Finders: each appends the tables of its syntax in the order of the text, until there are kMostTables. Their time is
// linear in the text.
inline constexpr std::size_t kMostTables = 10'000;
void find_bar_tables(std::string_view text, std::vector<ProseTable>& found);     // Markdown, org, grids
void find_simple_tables(std::string_view text, std::vector<ProseTable>& found);  // columns below "====  ===="
void find_latex_tables(std::string_view text, std::vector<ProseTable>& found);
void find_html_tables(std::string_view text, std::vector<ProseTable>& found);

[[nodiscard]] std::string_view without_blanks(std::string_view text);  // spaces, tabs and ends of lines at both ends
// The cell without marks around all of it: **x**, `x`, <b>x</b>, [x](url), $x$. It is a part of `cell`. A dash, which
// stands for a value that was not recorded, is "-".
[[nodiscard]] std::string_view without_marks(std::string_view cell);
// The words of a heading: without marks anywhere, arrows and footnotes; blanks are single spaces.
[[nodiscard]] std::string plain_heading(std::string_view heading);
// Whether a cell begins like a number: a digit after signs, marks and currency.
[[nodiscard]] bool looks_numeric(std::string_view cell);
// Headings of several rows above each other, joined by a space; repeated words count once.
void join_heading(std::string& heading, std::string_view more);

}  // namespace phaselaw::documents
