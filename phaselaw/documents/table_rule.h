// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

// The lines that draw a table: rules such as |---|:--:|, +---+---+, ---+---, ├───┼───┤, and rows with bars between
// their cells.
namespace phaselaw::documents {

struct TableRule {
  std::size_t segments = 0;  // runs of dashes
  std::size_t longest = 0;   // dashes of the longest run
  bool box = false;          // drawn with box characters
  bool framed = false;       // begins with + or a corner: a rule may stand above the heading
  bool bar_first = false;    // begins with |
  bool plus = false;         // has + or a crossing between runs
  bool doubled = false;      // = or ═: below a heading
  bool aligned = false;      // has a colon
};

// Nothing if the line is not a rule. A line of one run of dashes without joints is none.
[[nodiscard]] std::optional<TableRule> table_rule(std::string_view line);

// The pieces of a row between its bars, trimmed. `escapes`: a bar after a backslash belongs to the cell.
struct BarRow {
  std::vector<std::string_view> cells;
  bool bar_first = false, bar_last = false;
};
[[nodiscard]] bool has_bar(std::string_view line, bool box);
[[nodiscard]] bool begins_with_bar(std::string_view line, bool box);  // after blanks
// Replaces what `row` holds. `outer_bars`: bars at the ends of the line are not between cells.
void bar_row(std::string_view line, bool box, bool escapes, bool outer_bars, BarRow& row);

}  // namespace phaselaw::documents
