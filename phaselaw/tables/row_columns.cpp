// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/row_columns.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/tables/units.h"

namespace phaselaw::tables {

// Units given in headings: "tokens (B)" is multiplied by 1e9, unless the user sets a scale. A unit that is not known is
// refused, because numbers in a wrong unit would be fitted in silence.
void add_heading_factors(const Recognised& found, const std::string& output,
                         const std::vector<ComputedColumn>& computed, Factors& factors, Rows& out) {
  for (const KnownColumn& known : known_columns()) {
    const auto column = found.column.find(known.name);
    if (column == found.column.end() || factors.contains(column->second)) continue;
    if (std::any_of(computed.begin(), computed.end(),
                    [&](const ComputedColumn& own) { return own.column() == column->second; }))
      continue;
    const std::string& header = out.table.header[column->second];
    const std::string unit = heading_of(header).unit;
    const auto factor = heading_factor(known, header);
    if (!factor && looks_like_a_unit(unit) && known.name != output)
      throw base::InputError(
          {out.table.source(), 1},
          fmt::format("expected a unit of {} in the heading '{}', found '{}'{}; "
                      "give the factor with --scale {}=FACTOR, or 1 to take the numbers as they are",
                      known.unit == "1" ? known.name : known.unit, header, unit, units_text(known), known.name));
    if (!factor || *factor == 1) continue;
    factors[column->second] = *factor;
    out.notes.push_back(
        fmt::format("{} is {} times {}, as its heading says (use --scale {}=1 to take the numbers as they are)",
                    known.name, header, base::format_number(*factor, 3, base::Notation::power), known.name));
  }
}

namespace {

void add_column(const Factors& factors, std::size_t column, const std::string& name, bool check_only, Rows& out) {
  const double* factor = factor_of(factors, column);
  NumericColumn numbers = numeric_column(out.table, column, name, factor);
  if (numbers.fault.empty() && factor == nullptr) numbers.fault = unit_fault(out.table, column, name, numbers.values);
  if (!numbers.fault.empty()) {
    out.unusable[name] = numbers.fault;
    return;
  }
  if (check_only && name != "n_params" && name != "tokens" && name != "compute") return;
  // Names are distinct, so they need no check, which would make the work quadratic in the columns.
  out.data.columns.names.push_back(name);
  out.data.columns.values.push_back(std::move(numbers.values));
}

}  // namespace

void add_output(const ReadOptions& options, const Factors& factors, std::size_t column, Rows& out) {
  NumericColumn numbers = numeric_column(out.table, column, options.output, factor_of(factors, column), true);
  if (!numbers.fault.empty()) throw base::InputError(numbers.fault);
  const auto fail = [&](std::size_t row, const std::string& what) {
    throw base::InputError(out.table.place(row, column), what);
  };
  for (std::size_t row = 0; row < numbers.values.size(); ++row) {
    const double value = numbers.values[row];
    const auto text = [&] { return out.table.text(row, column); };
    if (!options.any_sign && !(value > 0))
      fail(row, fmt::format("expected a positive {}, found {}; leave the row out with --where '{}>0'{}", options.output,
                            text(), out.output_column, options.if_not_positive));
    if (value != 0 && std::abs(value) < std::numeric_limits<double>::min())
      fail(row, fmt::format("expected a {} of at least 2.2e-308, below which numbers lose their digits, found {}; "
                            "multiply the column by a factor with --scale {}=FACTOR",
                            options.output, text(), options.output));
  }
  out.data.output = std::move(numbers.values);
  if (options.output != "loss") return;
  const auto largest = std::max_element(out.data.output.begin(), out.data.output.end());
  if (*largest > 50)
    out.warnings.push_back(
        fmt::format("{} is {} in line {}, which is large for a loss in nats; if it is a perplexity, take its logarithm",
                    out.output_column, base::format_number(*largest, 6),
                    out.line[static_cast<std::size_t>(largest - out.data.output.begin())]));
}

void add_columns(const Recognised& found, const Factors& factors, const std::string& output, bool check_only,
                 Rows& out) {
  std::vector<bool> taken(out.table.header.size(), false);
  for (const auto& [name, column] : found.column) {
    out.column_of[name] = out.table.header[column];
    taken[column] = true;
    if (name != output) add_column(factors, column, name, check_only, out);
  }
  for (std::size_t c = 0; c < out.table.header.size(); ++c) {
    const std::string& name = out.table.header[c];
    const bool own = name == output || (!found.column.contains(name) && !found.ambiguous.contains(name));
    if (!taken[c] && own) add_column(factors, c, name, check_only, out);
  }
}

}  // namespace phaselaw::tables
