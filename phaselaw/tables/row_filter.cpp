// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/row_filter.h"

#include <algorithm>
#include <set>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/number.h"

namespace phaselaw::tables {

namespace {

struct Condition {
  std::size_t column = 0;
  std::string relation, value;

  [[nodiscard]] bool holds(const Table& table, std::size_t row) const {
    const base::Number a = table.number(row, column), b = base::parse_number(value);
    const bool numbers = a.kind == base::NumberKind::finite && b.kind == base::NumberKind::finite;
    if (relation == "=") return numbers ? a.value == b.value : table.text(row, column) == value;
    if (relation == "!=") return numbers ? a.value != b.value : table.text(row, column) != value;
    if (!numbers) return false;
    if (relation == ">") return a.value > b.value;
    if (relation == "<") return a.value < b.value;
    return relation == ">=" ? a.value >= b.value : a.value <= b.value;
  }
};

Condition condition_from(const std::string& text, const std::function<std::size_t(const std::string&)>& column_at) {
  const std::size_t at = text.find_first_of("=<>!");
  const bool two = at != std::string::npos && at + 1 < text.size() && text[at + 1] == '=';
  if (at == std::string::npos || at == 0 || (text[at] == '!' && !two))
    throw base::InputError({"--where"}, fmt::format("expected column=value or column>=number, found '{}'", text));
  Condition condition;
  condition.relation = text.substr(at, two ? 2 : 1);
  if (condition.relation == "==") condition.relation = "=";
  condition.value = text.substr(at + (two ? 2 : 1));
  condition.column = column_at(text.substr(0, at));
  if (condition.relation.find_first_of("<>") != std::string::npos &&
      base::parse_number(condition.value).kind != base::NumberKind::finite)
    throw base::InputError({"--where"}, fmt::format("expected a number after {}, found '{}' in '{}'",
                                                    condition.relation, condition.value, text));
  return condition;
}

// Some of the values in a column, for a message.
std::string sample_of(const Table& table, std::size_t column) {
  constexpr std::size_t kShown = 8;
  std::set<std::string> values;
  for (std::size_t row = 0; row < table.n_rows(); ++row) values.insert(table.text(row, column));
  std::vector<std::string> shown(values.begin(), values.end());
  const bool more = shown.size() > kShown;
  if (more) shown.resize(kShown);
  return fmt::format("{}{}", fmt::join(shown, ", "), more ? ", ..." : "");
}

}  // namespace

Table filtered(Table table, const std::vector<std::string>& conditions,
               const std::function<std::size_t(const std::string&)>& column_at) {
  for (const std::string& text : conditions) {
    const Condition condition = condition_from(text, column_at);
    const std::string there = sample_of(table, condition.column);
    std::vector<std::size_t> kept;
    for (std::size_t row = 0; row < table.n_rows(); ++row)
      if (condition.holds(table, row)) kept.push_back(row);
    table.keep(kept);
    if (kept.empty())
      throw base::InputError({"--where"}, fmt::format("no row of {} satisfies '{}'; {} contains: {}", table.source(),
                                                      text, table.header[condition.column], there));
  }
  return table;
}

}  // namespace phaselaw::tables
