// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/streams.h"

#include <optional>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/number.h"
#include "phaselaw/tables/units.h"

namespace phaselaw::tables {

namespace {

// The value recorded in a cell; unset if the cell is empty. NaN and infinity are numbers here: the run left the finite
// numbers.
std::optional<double> recorded(const Table& table, std::size_t row, std::size_t column, bool count) {
  base::Number number = table.number(row, column);
  if (count && number.kind == base::NumberKind::not_a_number) number = base::parse_count(table.text(row, column));
  switch (number.kind) {
    case base::NumberKind::finite:
      return number.value;
    case base::NumberKind::missing:
      return {};
    case base::NumberKind::not_finite:
      return table.text(row, column).find_first_of("iI") != std::string::npos ? base::kInfinity : base::kNaN;
    case base::NumberKind::out_of_range:
      return base::kInfinity;
    case base::NumberKind::not_a_number:
      break;
  }
  throw base::InputError(table.place(row, column), fmt::format("expected a number in {}, found '{}'",
                                                               table.header[column], table.text(row, column)));
}

// One row for each recorded value of a stream, with its place in the table.
void add_stream(const std::string& name, const Factors& factors, std::size_t column, Rows& out,
                std::vector<std::size_t>& origin) {
  const double* factor = factor_of(factors, column);
  for (std::size_t row = 0; row < out.table.n_rows(); ++row) {
    const auto value = recorded(out.table, row, column, false);
    if (!value) continue;
    out.data.output.push_back(factor != nullptr ? *value * *factor : *value);
    out.stream.push_back(out.streams.size());
    origin.push_back(row);
  }
  out.streams.push_back({name, out.table.header[column], role_of(out.table.header[column])});
}

}  // namespace

const double* factor_of(const Factors& factors, std::size_t column) {
  const auto at = factors.find(column);
  return at == factors.end() ? nullptr : &at->second;
}

void add_streams(const Recognised& found, const Factors& factors, Rows& out) {
  std::vector<std::size_t> origin;
  for (const std::size_t column : found.outputs) add_stream("loss", factors, column, out, origin);
  for (const char* name : {"lr", "grad_norm"})
    if (const auto at = found.column.find(name); at != found.column.end())
      add_stream(name, factors, at->second, out, origin);
  for (const char* name : {"step", "tokens", "compute", "flops_per_step", "n_params", "n_data", "unique_tokens"}) {
    const auto at = found.column.find(name);
    if (at == found.column.end()) continue;
    const double* factor = factor_of(factors, at->second);
    std::vector<double> all(out.table.n_rows());
    for (std::size_t row = 0; row < all.size(); ++row)
      all[row] =
          recorded(out.table, row, at->second, is_count(name)).value_or(base::kNaN) * (factor != nullptr ? *factor : 1);
    out.data.columns.add(name, picked(all, origin));
  }
  out.run = picked(out.run, origin);
  out.line = picked(out.line, origin);
}

}  // namespace phaselaw::tables
