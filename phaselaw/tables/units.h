// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/tables/columns.h"
#include "phaselaw/tables/table.h"

// Columns as numbers in one unit: what a heading says of it ("params (M)", "tokens [B]", "compute (EFLOP)"), what cells
// say ("70M"), and whether the numbers can be meant. What is wrong is said in words, with its place.
namespace phaselaw::tables {

struct Heading {
  std::string name, unit;  // unit: what stands in the last pair of brackets; "" when there is none
};

[[nodiscard]] Heading heading_of(std::string_view header);

// What a number of this unit is multiplied by to be in known.unit: "M" of n_params is 1e6, "nats" of a loss 1. Unset
// where the unit is not one of this column's: a loss in bits, parameters in GB.
[[nodiscard]] std::optional<double> unit_factor(const KnownColumn& known, std::string_view unit);

struct NumericColumn {
  std::vector<double> values;
  std::string fault;  // "" or "file:line:column: ..." of the first field that is not usable; values are then empty
};

// Finite numbers >= 0 (> 0 where a size is meant). `factor`: unset, or a number by which every field is multiplied.
[[nodiscard]] NumericColumn numeric_column(const Table& table, std::size_t column, const std::string& name,
                                           const double* factor);

// Is `name` a count of parameters or tokens, whose units people mix up?
[[nodiscard]] bool is_count(const std::string& name);

// A count that is neither whole nor large (1.4 parameters), or parameters on two scales with nothing between them: the
// fault, or "".
[[nodiscard]] std::string unit_fault(const Table& table, std::size_t column, const std::string& name,
                                     std::span<const double> values);

}  // namespace phaselaw::tables
