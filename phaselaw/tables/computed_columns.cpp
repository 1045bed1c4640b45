// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/computed_columns.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/number.h"
#include "phaselaw/tables/columns.h"
#include "phaselaw/tables/recognise.h"

namespace phaselaw::tables {

namespace {

// A heading, or the one column of the table that a usual name means.
std::size_t column_named(const Table& table, const std::string& name) {
  if (const auto own = table.find(name)) return *own;
  if (const auto usual = usual_column(table, name)) return *usual;
  // A heading such as train/loss needs quotes in an expression.
  for (const std::string& heading : table.header)
    if (heading.size() > name.size() && heading.starts_with(name) && base::looks_like_expression(heading))
      throw base::InputError(
          fmt::format("unknown column '{}'; if you mean the heading {}, put it in double quotes: "
                      "\"{}\"",
                      name, heading, heading));
  throw base::InputError(base::unknown_name("column", name, table.header));
}

const base::Arithmetic::Source kColumns{{"--col", 1, 1},
                                        "column",
                                        "a column of the table",
                                        "put a heading with spaces or signs in double quotes, such as 1-\"Top 1\""};

}  // namespace

ComputedColumn::ComputedColumn(Table& table, const std::string& text)
    : expression_(text, kColumns, [&](const std::string& name) { return column_named(table, name); }), text_(text) {
  const std::vector<std::size_t>& read = expression_.names();
  std::vector<double> values(table.n_rows()), inputs(read.size()), stack(expression_.stack_size());
  std::vector<std::size_t> empty;
  for (std::size_t row = 0; row < values.size(); ++row) {
    bool missing = false, wrong = false, finite = true;
    for (std::size_t i = 0; i < read.size(); ++i) {
      const base::Number number = table.number(row, read[i]);
      inputs[i] = number.kind == base::NumberKind::finite ? number.value : base::kNaN;
      missing |= number.kind == base::NumberKind::missing;
      finite &= number.kind != base::NumberKind::not_finite;
      wrong |= number.kind == base::NumberKind::not_a_number || number.kind == base::NumberKind::out_of_range;
    }
    values[row] = missing || wrong || !finite ? base::kNaN : expression_.value(inputs, stack);
    if (missing && !wrong) empty.push_back(row);
    if (!wrong && (missing || !finite || std::isfinite(values[row]))) continue;
    if (bad_.empty()) bad_.resize(values.size());
    bad_[row] = true;
    values[row] = base::kNaN;
  }
  column_ = table.add_numbers(text_, std::move(values));
  for (const std::size_t row : empty) table.set_empty(row, column_);
}

void ComputedColumn::require(const Table& table, std::span<const std::size_t> rows) const {
  if (bad_.empty()) return;
  const auto at = std::find_if(rows.begin(), rows.end(), [&](std::size_t row) { return bad_[row]; });
  if (at == rows.end()) return;
  std::vector<std::string> operands;
  for (const std::size_t column : expression_.names()) {
    const base::Number number = table.number(*at, column);
    if (!table.ambiguity(column).empty()) throw base::InputError(table.place(*at, column), table.ambiguity(column));
    if (number.kind == base::NumberKind::not_a_number || number.kind == base::NumberKind::out_of_range)
      throw base::InputError(
          table.place(*at, column),
          fmt::format("expected a number in {0} for {1}, found '{2}'; correct it, or leave the row out with --where "
                      "'{0}!={2}'",
                      table.header[column], text_, table.text(*at, column)));
    operands.push_back(fmt::format("{} = {}", table.header[column], table.text(*at, column)));
  }
  throw base::InputError(table.place(*at, expression_.names().front()),
                         fmt::format("{} has no finite value here, where {}; leave the row out with --where '{}!={}'",
                                     text_, fmt::join(operands, ", "), table.header[expression_.names().front()],
                                     table.text(*at, expression_.names().front())));
}

std::vector<ComputedColumn> add_computed_columns(Table& table, const std::map<std::string, std::string>& columns) {
  std::vector<ComputedColumn> out;
  for (const auto& [name, text] : columns)
    if (canonical_column(name) != "run" && base::looks_like_expression(text) && !table.find(text))
      out.emplace_back(table, text);
  return out;
}

}  // namespace phaselaw::tables
