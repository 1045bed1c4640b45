// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/tables/columns.h"
#include "phaselaw/tables/table.h"

// Columns as numbers in one unit: reads units in headings ("params (M)", "tokens [B]", "compute (EFLOP)") and in cells
// ("70M"), and checks whether the numbers are plausible. Problems are reported with their place.
namespace phaselaw::tables {

struct Heading {
  std::string name, unit;  // unit: the content of the last pair of brackets; empty without brackets
};

[[nodiscard]] Heading heading_of(std::string_view header);

// The factor that converts this unit to known.unit: "M" of n_params is 1e6, "P" of a cost 1e15, "1e18" or "10^18 FLOP"
// 1e18, "nats" of a loss 1. Unset if the unit does not belong to this column, such as a loss in bits, parameters in GB,
// or a rate (PFLOP/s) of a cost.
[[nodiscard]] std::optional<double> unit_factor(const KnownColumn& known, std::string_view unit);

// A unit at the end of a heading without brackets: "params_M", "tokens_B", "compute_1e18", "params millions", "N/1e6".
// Letters count in upper case (and k); after a usual name of the column also in lower case: "params_m".
struct HeadingSuffix {
  std::string name;
  double factor = 1;
};
[[nodiscard]] std::optional<HeadingSuffix> suffix_unit(const KnownColumn& known, std::string_view header);

// The factor that the heading gives for this column, in brackets or at its end. Unset if it names no unit of the column.
[[nodiscard]] std::optional<double> heading_factor(const KnownColumn& known, std::string_view header);

// " (known: k, M, B, T, ...)": the units of this column, for a message; empty if it has none.
[[nodiscard]] std::string units_text(const KnownColumn& known);

// Whether the words in brackets of a heading are a unit, "(XB)" or "(2e3)", and not a remark such as "(non-embedding)".
[[nodiscard]] bool looks_like_a_unit(std::string_view text);

struct NumericColumn {
  std::vector<double> values;
  std::string fault;  // empty, or "file:line:column: ..." for the first unusable field; values are then empty
};

// Finite numbers >= 0 (> 0 for a size; of any sign with `any_sign`). `factor`: unset, or the factor by which every
// field is multiplied.
[[nodiscard]] NumericColumn numeric_column(const Table& table, std::size_t column, const std::string& name,
                                           const double* factor, bool any_sign = false);

// Whether a cell is a count with a letter, such as 70M, and what to say if its column is multiplied as well.
[[nodiscard]] bool has_own_unit(const Table& table, std::size_t row, std::size_t column);
[[nodiscard]] std::string own_unit_text(const Table& table, std::size_t row, std::size_t column,
                                        const std::string& name, double factor);

// Whether `name` is a count of parameters or tokens, for which units are often mixed up.
[[nodiscard]] bool is_count(const std::string& name);

// The problem with counts, or empty: a count that is neither whole nor large (1.4 parameters), or parameters on two
// scales with nothing between them.
[[nodiscard]] std::string unit_fault(const Table& table, std::size_t column, const std::string& name,
                                     std::span<const double> values);

}  // namespace phaselaw::tables
