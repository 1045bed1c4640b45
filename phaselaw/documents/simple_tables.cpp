// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <utility>

#include "phaselaw/documents/prose_table.h"
#include "phaselaw/documents/text_lines.h"

// Simple tables of reStructuredText, as tabulate prints them too: the columns are below the runs of a rule,
//
//   ======  =====          step    loss
//   step    loss           ------  -----
//   ======  =====          100     3.41
//   100     3.41
//   ======  =====
//
// In the left form, a row with an empty first cell continues the row above it. The right form ends at an empty line;
// rows that do not keep to the columns of the rule are another syntax, so nothing is found.
namespace phaselaw::documents {

namespace {

struct Span {
  std::size_t begin = 0, end = 0;  // in characters
};

// The columns of a rule of at least two runs of `sign` between blanks; empty if it is none.
std::vector<Span> columns_of(std::string_view line, char sign) {
  std::vector<Span> columns;
  const std::size_t end = line.find_last_not_of(" \t") + 1;
  for (std::size_t i = 0; i < end; ++i) {
    if (line[i] == ' ') continue;
    if (line[i] != sign) return {};
    if (i == 0 || line[i - 1] == ' ') columns.push_back({i, i});
    columns.back().end = i + 1;
  }
  return columns.size() > 1 ? columns : std::vector<Span>{};
}

bool same_columns(const std::vector<Span>& a, const std::vector<Span>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Span& x, const Span& y) { return x.begin == y.begin && x.end == y.end; });
}

// The cells of a line below the runs, up to the last that is filled; nothing if words lie between two columns. The last
// column has no end.
std::optional<std::vector<std::string_view>> cells_below(std::string_view line, const std::vector<Span>& columns) {
  std::size_t column = 0, character = 0;
  std::vector<Span> bytes;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if ((static_cast<unsigned char>(line[i]) & 0xC0U) == 0x80U) continue;  // inside a character of UTF-8
    const std::size_t at = character++;
    while (column + 1 < columns.size() && at >= columns[column + 1].begin) ++column;
    const bool last = column + 1 == columns.size();
    const bool inside = at >= columns[column].begin && (last || at < columns[column].end);
    if (line[i] == ' ' || line[i] == '\t') continue;
    if (!inside) return {};
    if (bytes.size() <= column) bytes.resize(column + 1);
    if (bytes[column].end == 0) bytes[column].begin = i;
    std::size_t next = i + 1;
    while (next < line.size() && (static_cast<unsigned char>(line[next]) & 0xC0U) == 0x80U) ++next;
    bytes[column].end = next;
  }
  std::vector<std::string_view> cells;
  for (const Span& cell : bytes) cells.push_back(line.substr(cell.begin, cell.end - cell.begin));
  return cells;
}

struct SimpleTable {
  ProseTable table;
  std::vector<Span> columns;
  std::vector<std::string*> joined = {};  // cells of the last row that have several lines

  void add_heading(const TextLine& line) {
    const auto cells = cells_below(line.text, columns);
    if (!cells) return misplaced(line);
    if (table.header.empty()) table.line = line.number;
    table.header.resize(columns.size());
    for (std::size_t c = 0; c < cells->size(); ++c) join_heading(table.header[c], plain_heading((*cells)[c]));
  }
  void add_line(const TextLine& line, bool continues) {
    const auto cells = cells_below(line.text, columns);
    if (!cells) return misplaced(line);
    if (cells->empty()) return;
    if (continues && cells->front().empty() && !table.rows.empty()) return continue_row(*cells);
    table.add_row(line.number);
    joined.clear();
    for (const std::string_view cell : *cells) table.cells.push_back(without_marks(cell == "\\" ? "" : cell));
  }
  void continue_row(const std::vector<std::string_view>& cells) {
    const std::size_t first = table.rows.back().first;
    table.cells.resize(std::max(table.cells.size(), first + cells.size()));
    joined.resize(std::max(joined.size(), cells.size()));
    for (std::size_t c = 0; c < cells.size(); ++c) {
      if (cells[c].empty()) continue;
      if (joined[c] == nullptr) joined[c] = &table.copies.emplace_back(table.cells[first + c]);
      join_heading(*joined[c], cells[c]);
      table.cells[first + c] = *joined[c];
    }
  }
  void misplaced(const TextLine& line) {
    table.fail(line.number, "the words of this row are not below the columns of the rule; align them with it");
  }
};

ProseTable started(std::string_view text, const TextLine& line) {
  ProseTable table;
  table.syntax = "simple table of reStructuredText";
  table.begin = static_cast<std::size_t>(line.text.data() - text.data());
  table.line = table.first_line = table.last_line = line.number;
  return table;
}

// A table that begins with a rule of "="; it ends at the second or third rule. Reads `lines` up to there. Nothing if
// there is no second rule, or one with other columns.
std::optional<SimpleTable> double_ruled(std::string_view text, const TextLine& top, TextLines& lines) {
  std::vector<TextLine> part;
  SimpleTable out{started(text, top), columns_of(top.text, '=')};
  int rules = 1;
  for (auto line = lines.next(); line; line = lines.next()) {
    const auto columns = columns_of(line->text, '=');
    if (columns.empty()) {
      if (!without_blanks(line->text).empty()) part.push_back(*line);
      continue;
    }
    if (!same_columns(columns, out.columns)) return {};
    if (++rules == 2) {
      TextLines ahead = lines;  // without a third rule, the table has no heading
      bool third = false;
      for (auto next = ahead.next(); next && !third; next = ahead.next()) {
        if (without_blanks(next->text).empty()) break;
        third = same_columns(columns_of(next->text, '='), out.columns);
      }
      if (third) {
        for (const TextLine& heading : part) out.add_heading(heading);
        part.clear();
        continue;
      }
    }
    for (const TextLine& row : part) out.add_line(row, true);
    out.table.last_line = line->number;
    out.table.end = static_cast<std::size_t>(line->text.data() + line->text.size() - text.data());
    return out;
  }
  return {};
}

// A table with a heading above a rule of "-" and rows down to an empty line. Otherwise nothing, and `faulty` is the line
// that keeps it from being one.
std::optional<SimpleTable> dash_ruled(std::string_view text, const TextLine& heading, const TextLine& rule,
                                      TextLines& lines, long& faulty) {
  SimpleTable out{started(text, heading), columns_of(rule.text, '-')};
  out.table.syntax = "table with a rule below its heading";
  out.add_heading(heading);
  TextLines ahead = lines;
  for (auto line = ahead.next(); line && !without_blanks(line->text).empty(); line = ahead.next()) {
    if (!columns_of(line->text, '-').empty()) continue;  // a rule between groups of rows, or at the end
    out.add_line(*line, false);
    faulty = line->number;
    out.table.last_line = line->number;
    out.table.end = static_cast<std::size_t>(line->text.data() + line->text.size() - text.data());
    if (!out.table.fault_text.empty()) return {};
  }
  if (!out.table.fault_text.empty() || out.table.rows.empty()) return {};
  lines = ahead;
  return out;
}

}  // namespace

void find_simple_tables(std::string_view text, std::vector<ProseTable>& found) {
  TextLines lines(text);
  TextLine above;
  const std::size_t most = found.size() + kMostTables;
  long faulty = 0;  // a table with "-" does not begin before this line
  for (auto line = lines.next(); line && found.size() < most; line = lines.next()) {
    const std::size_t first = line->text.find_first_not_of(' ');
    const char sign = first == std::string_view::npos ? '\0' : line->text[first];
    std::optional<SimpleTable> table;
    if (sign == '=' && !columns_of(line->text, '=').empty()) {
      TextLines ahead = lines;
      table = double_ruled(text, *line, ahead);
      if (table) lines = ahead;
    } else if (sign == '-' && !columns_of(line->text, '-').empty() && line->number > faulty &&
               !without_blanks(above.text).empty()) {
      table = dash_ruled(text, above, *line, lines, faulty);
    }
    if (table) found.push_back(std::move(table->table));
    above = *line;
  }
}

}  // namespace phaselaw::documents
