// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "phaselaw/documents/prose_table.h"
#include "phaselaw/documents/table_rule.h"
#include "phaselaw/documents/text_lines.h"

// Tables with bars between their cells: Markdown, org, the output of psql and mysql, grids of reStructuredText, and
// boxes as rich and polars print them. A table begins where a rule is found; a heading without a frame is above it.
namespace phaselaw::documents {

namespace {

constexpr std::size_t kMostHeadingLines = 4;

struct BarLine {
  TextLine line;
  bool rule = false, doubled = false;
};

struct BarBlock {
  std::vector<BarLine> lines;
  std::size_t n_columns = 0;
  bool box = false, framed = false, markdown = false, outer_bars = true, quoted = false;
  bool late_rule = false;  // more rows stand above the first rule than a heading has
  std::string syntax;

  void read_row(std::size_t at, BarRow& row) const { bar_row(lines[at].line.text, box, markdown, outer_bars, row); }
  [[nodiscard]] BarRow row(std::size_t at) const {
    BarRow out;
    read_row(at, out);
    return out;
  }
};

std::string_view after_quote(std::string_view text, bool quoted) {
  if (!quoted) return text;
  const std::size_t first = text.find_first_not_of(" \t>");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

bool is_quoted(std::string_view text) { return without_blanks(text).starts_with('>'); }

// A heading that begins an item of a list: "- | a | b |".
std::string_view after_bullet(std::string_view text) {
  const std::string_view words = without_blanks(text);
  const std::size_t blank = words.find(' ');
  if (blank == std::string_view::npos || blank > 4) return text;
  const std::string_view bullet = words.substr(0, blank), rest = without_blanks(words.substr(blank));
  const bool numbered = bullet.size() > 1 && (bullet.back() == '.' || bullet.back() == ')') &&
                        bullet.find_first_not_of("0123456789") == bullet.size() - 1;
  const bool bulleted = bullet == "-" || bullet == "*" || bullet == "+";
  return (numbered || bulleted) && rest.starts_with('|') ? rest : text;
}

// The rule of a line at which a table may begin or a group of rows ends.
std::optional<TableRule> rule_of(const TextLine& line) {
  const std::string_view text = without_blanks(line.text);
  if (text.empty() || std::string_view("|+-=:>\xE2").find(text[0]) == std::string_view::npos) return {};
  return table_rule(after_quote(text, text[0] == '>'));
}

std::string syntax_of(const TableRule& rule) {
  if (rule.box) return "table drawn with lines";
  if (rule.framed) return "grid table";
  if (rule.plus) return rule.bar_first ? "org table" : "table of psql";
  return "Markdown table";
}

// The block with its heading, or nothing if no heading belongs to the rule. `above`: the lines before the rule.
std::optional<BarBlock> begun(const std::vector<TextLine>& above, const TextLine& line, const TableRule& rule) {
  BarBlock block;
  block.box = rule.box;
  block.quoted = is_quoted(line.text);
  block.syntax = syntax_of(rule);
  block.markdown = block.syntax.starts_with("Markdown");
  block.n_columns = rule.segments;
  block.outer_bars = rule.bar_first || rule.framed || block.markdown;
  if (rule.segments < 2) return {};
  const auto heading_at = [&](std::size_t back) -> std::optional<BarLine> {
    if (back > above.size()) return {};
    TextLine heading = above[above.size() - back];
    heading.text = after_bullet(after_quote(heading.text, block.quoted));
    if (!has_bar(heading.text, block.box)) return {};
    BarRow row;
    bar_row(heading.text, block.box, block.markdown, block.outer_bars, row);
    if (row.cells.size() != rule.segments) return {};
    return BarLine{heading};
  };
  const std::size_t most = rule.plus && rule.bar_first && !rule.box ? kMostHeadingLines : 1;
  for (std::size_t back = 1; back <= most; ++back) {
    const auto heading = heading_at(back);
    if (!heading) break;
    block.lines.insert(block.lines.begin(), *heading);
  }
  block.late_rule = block.lines.size() == kMostHeadingLines;
  const bool top = rule.framed || (rule.bar_first && rule.plus);
  if (block.lines.empty() && !top) return {};
  block.framed = block.lines.empty();
  block.lines.push_back({line, true, rule.doubled});
  return block;
}

bool is_body_rule(const BarBlock& block, const std::optional<TableRule>& rule) {
  if (!rule || rule->box != block.box) return false;
  if (block.box) return rule->plus || rule->framed || !rule->bar_first;  // bars and dashes: a row above the types
  const bool absent = rule->longest < 3 && !rule->plus && !rule->framed && !rule->aligned;  // "| - | - |"
  return !absent;
}

// Whether the last row of a table is the heading of the next one: a second rule stands below it.
bool is_another_heading(const BarBlock& block, std::size_t heading, const TableRule& rule) {
  if (block.framed || block.lines.back().rule) return false;
  const BarRow last = block.row(block.lines.size() - 1);
  if (last.cells.size() != rule.segments) return false;
  if (last.cells == block.row(heading).cells) return true;
  return std::none_of(last.cells.begin(), last.cells.end(),
                      [](std::string_view cell) { return cell.empty() || looks_numeric(cell); });
}

// The lines of the table below its first rule. Returns the line behind it; `above` is then what may be a heading.
std::optional<TextLine> collect(BarBlock& block, TextLines& lines, std::vector<TextLine>& above) {
  above.clear();
  const std::size_t first_rule = block.lines.size() - 1;
  const bool closed = block.framed || begins_with_bar(block.lines.front().line.text, block.box);
  auto line = lines.next();
  for (; line; line = lines.next()) {
    if (block.quoted && !is_quoted(line->text)) break;
    const auto rule = rule_of(*line);
    TextLine inner = *line;
    inner.text = after_quote(line->text, block.quoted);
    if (is_body_rule(block, rule)) {
      if (block.lines.back().rule) break;
      if (is_another_heading(block, first_rule - 1, *rule) && block.lines.size() > first_rule + 2) {
        above.push_back(block.lines.back().line);
        block.lines.pop_back();
        break;
      }
      block.lines.push_back({inner, true, rule->doubled});
      continue;
    }
    if (closed ? !begins_with_bar(inner.text, block.box) : !has_bar(inner.text, block.box)) break;
    block.lines.push_back({inner});
  }
  return line;
}

// The groups of lines between rules, without empty ones.
std::vector<std::vector<std::size_t>> groups_of(const BarBlock& block, std::size_t begin, std::size_t end) {
  std::vector<std::vector<std::size_t>> groups;
  bool open = false;
  for (std::size_t i = begin; i < end; ++i) {
    if (block.lines[i].rule) {
      open = false;
      continue;
    }
    if (!open) groups.emplace_back();
    open = true;
    groups.back().push_back(i);
  }
  return groups;
}

// The rule that ends the heading; 0 if there is no heading.
std::size_t heading_end(const BarBlock& block) {
  std::vector<std::size_t> rules;
  for (std::size_t i = 0; i < block.lines.size(); ++i)
    if (block.lines[i].rule) rules.push_back(i);
  if (!block.framed) return rules.front();
  for (std::size_t k = 1; k < rules.size(); ++k)
    if (block.lines[rules[k]].doubled && rules[k] + 1 < block.lines.size()) return rules[k];
  if (rules.size() < 2 || rules[1] + 1 >= block.lines.size()) return 0;
  const BarRow first = block.row(1);
  const bool numbers = std::all_of(first.cells.begin(), first.cells.end(), looks_numeric);
  return numbers ? 0 : rules[1];
}

// Whether the lines between two rules are one row with cells of several lines: some cells of the later lines are empty,
// and no cell would join two numbers.
bool has_long_cells(const BarBlock& block, const std::vector<std::vector<std::size_t>>& groups) {
  bool any_empty = false;
  if (block.markdown || groups.size() < 2) return false;
  for (const auto& group : groups) {
    if (group.size() == 1) continue;
    std::vector<char> numeric;
    for (const std::size_t at : group) {
      const BarRow row = block.row(at);
      for (std::size_t c = 0; c < std::min(row.cells.size(), block.n_columns); ++c) {
        any_empty = any_empty || (at != group.front() && row.cells[c].empty());
        if (!looks_numeric(row.cells[c])) continue;
        if (numeric.size() <= c) numeric.resize(c + 1);
        if (numeric[c] != 0) return false;
        numeric[c] = 1;
      }
    }
  }
  return any_empty;
}

bool all_cells_are(const std::vector<std::string_view>& cells, std::string_view first, std::string_view second) {
  return std::all_of(cells.begin(), cells.end(), [&](std::string_view c) { return c == first || c == second; });
}

bool only_aligns(const std::vector<std::string_view>& cells) {  // <l>, <r8>, / of org
  bool any = false;
  for (const std::string_view cell : cells) {
    if (cell.empty() || cell == "/") continue;
    if (cell.size() > 5 || !cell.starts_with('<') || (cell.size() > 1 && !cell.ends_with('>'))) return false;
    any = true;
  }
  return any;
}

std::string_view unescaped(ProseTable& table, std::string_view cell) {
  if (cell.find("\\|") == std::string_view::npos) return cell;
  std::string out;
  for (std::size_t i = 0; i < cell.size(); ++i)
    if (cell.substr(i, 2) != "\\|") out += cell[i];
  return table.copy(std::move(out));
}

void add_bar_row(const BarBlock& block, ProseTable& table, const BarRow& row, const TextLine& line,
                 std::size_t& short_rows) {
  const std::size_t n = block.n_columns;
  const bool special =
      row.cells.front().empty() || std::string_view("<./\xE2").find(row.cells.front()[0]) != std::string_view::npos;
  if (special && only_aligns(row.cells)) return table.skip("rows that only align columns", line.number, line.text);
  if (special && all_cells_are(row.cells, "", ""))
    return table.skip("rows without a filled cell", line.number, line.text);
  if (special && all_cells_are(row.cells, "...", "…"))
    return table.skip("rows that stand for others that were not printed", line.number, line.text);
  if (row.cells.size() > n || (row.cells.size() < n && !block.markdown))
    return table.fail(line.number,
                      fmt::format("expected {} cells as in the heading, found {}; {}", n, row.cells.size(),
                                  block.markdown ? "write a bar inside a cell as \\|"
                                                 : "write the table without cells that span columns or contain a bar"));
  short_rows += row.cells.size() < n ? 1 : 0;
  table.add_row(line.number);
  for (const std::string_view cell : row.cells) table.cells.push_back(unescaped(table, without_marks(cell)));
}

BarRow joined_row(const BarBlock& block, ProseTable& table, const std::vector<std::size_t>& group) {
  BarRow row = block.row(group.front());
  std::vector<std::string> joined(row.cells.begin(), row.cells.end());
  bool changed = false;
  for (std::size_t k = 1; k < group.size(); ++k) {
    const BarRow more = block.row(group[k]);
    if (more.cells.size() != row.cells.size()) return more;  // its number of cells is reported
    for (std::size_t c = 0; c < joined.size(); ++c) {
      changed = changed || !more.cells[c].empty();
      join_heading(joined[c], more.cells[c]);
    }
  }
  for (std::size_t c = 0; changed && c < joined.size(); ++c)
    if (joined[c] != row.cells[c]) row.cells[c] = table.copy(std::move(joined[c]));
  return row;
}

void read_heading(const BarBlock& block, ProseTable& table, std::size_t end) {
  std::vector<std::size_t> lines;
  for (std::size_t i = 0; i < end; ++i)
    if (!block.lines[i].rule) lines.push_back(i);
  table.line = block.lines[lines.front()].line.number;
  for (const std::size_t at : lines) {
    const BarRow row = block.row(at);
    if (all_cells_are(row.cells, "---", "---")) break;  // the types of the columns follow
    if (row.cells.size() != block.n_columns)
      return table.fail(block.lines[at].line.number,
                        fmt::format("the heading has {} cells and the rule {}; write the table without cells that span "
                                    "columns",
                                    row.cells.size(), block.n_columns));
    table.header.resize(block.n_columns);
    for (std::size_t c = 0; c < block.n_columns; ++c) join_heading(table.header[c], plain_heading(row.cells[c]));
  }
}

// Rows above the first rule of an org table are its heading, unless they hold numbers below the first. A first row with
// empty cells names groups of columns.
std::size_t end_of_words(const BarBlock& block, std::size_t end) {
  if (block.framed) return end;
  const BarRow groups = block.row(0);
  if (std::any_of(groups.cells.begin() + 1, groups.cells.end(), [](auto cell) { return cell.empty(); })) return end;
  for (std::size_t i = 1; i < end; ++i) {
    if (block.lines[i].rule) continue;
    const BarRow row = block.row(i);
    if (std::any_of(row.cells.begin(), row.cells.end(), looks_numeric)) return 1;
  }
  return end;
}

std::string rows_text(std::size_t count) { return count == 1 ? "1 row" : fmt::format("{} rows", count); }

void read_body(const BarBlock& block, ProseTable& table, std::size_t begin) {
  const auto groups = groups_of(block, begin, block.lines.size());
  const bool long_cells = has_long_cells(block, groups);
  const bool bars_first = begins_with_bar(block.lines.front().line.text, block.box);
  std::size_t short_rows = 0, lone = 0;
  BarRow row;
  for (const auto& group : groups)
    for (const std::size_t at : group) {
      if (long_cells && at != group.front()) break;
      const TextLine& line = block.lines[at].line;
      if (long_cells)
        row = joined_row(block, table, group);
      else
        block.read_row(at, row);
      if (block.framed && !block.box && line.text.find("+--") != std::string_view::npos)
        table.fail(line.number, "a cell spans several rows; write its value in each row");
      if (block.markdown && row.bar_first && !bars_first)
        table.fail(line.number,
                   "the row begins with a bar and the heading does not, so the first cell may be empty or "
                   "may be left of the bar; write bars at both ends of all rows");
      const auto filled = std::count_if(row.cells.begin(), row.cells.end(), [](auto cell) { return !cell.empty(); });
      lone += filled == 1 && row.cells.size() > 1 && !long_cells ? 1 : 0;
      add_bar_row(block, table, row, line, short_rows);
    }
  if (short_rows > 0)
    table.notes.push_back(fmt::format("In {}, cells are missing at the end; they are empty.", rows_text(short_rows)));
  if (lone > 0 && !block.markdown)
    table.notes.push_back(
        fmt::format("{} with one filled cell: it was read as a row of its own; if it continues the row "
                    "above it, join the two.",
                    rows_text(lone)));
}

ProseTable table_of(const BarBlock& block, std::string_view text) {
  ProseTable table;
  table.syntax = block.syntax;
  const TextLine &first = block.lines.front().line, &last = block.lines.back().line;
  table.begin = static_cast<std::size_t>(first.text.data() - text.data());
  table.end = static_cast<std::size_t>(last.text.data() + last.text.size() - text.data());
  table.line = table.first_line = first.number;
  table.last_line = last.number;
  std::size_t end = heading_end(block);
  if (end > 0) {
    end = end_of_words(block, end);
    read_heading(block, table, end);
  }
  if (block.late_rule)
    table.fail(table.line, "several rows stand above the first rule of this table; write a rule below its heading");
  read_body(block, table, end);
  return table;
}

}  // namespace

void find_bar_tables(std::string_view text, std::vector<ProseTable>& found) {
  TextLines lines(text);
  std::vector<TextLine> above;
  auto line = lines.next();
  while (line && found.size() < kMostTables) {
    const auto rule = rule_of(*line);
    auto block = rule ? begun(above, *line, *rule) : std::nullopt;
    if (block) {
      line = collect(*block, lines, above);
      const bool rows = std::any_of(block->lines.begin(), block->lines.end(), [](const BarLine& l) { return !l.rule; });
      if (rows) found.push_back(table_of(*block, text));
      continue;
    }
    if (above.size() == kMostHeadingLines) above.erase(above.begin());
    above.push_back(*line);
    line = lines.next();
  }
}

}  // namespace phaselaw::documents
