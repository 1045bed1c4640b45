// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "phaselaw/laws/table.h"

// Columns as numbers, with what is wrong in words and at its place.
namespace phaselaw::laws {

struct NumericColumn {
  std::vector<double> values;
  std::string fault;  // "" or "file:line:column: ..." of the first field that is not usable; values are then empty
};

// Finite numbers >= 0 (> 0 where a size is meant). `factor`: unset, or a number by which every field is multiplied.
[[nodiscard]] NumericColumn numeric_column(const Table& table, std::size_t column, const std::string& name,
                                           const double* factor);

// A factor as people write it: 1e6, not 1e+06.
[[nodiscard]] std::string factor_text(double factor);

// Is `name` a count of parameters or tokens, whose units people mix up?
[[nodiscard]] bool is_count(const std::string& name);

// A count that is neither whole nor large (1.4 parameters), or parameters on two scales with nothing between them: the
// fault, or "".
[[nodiscard]] std::string unit_fault(const Table& table, std::size_t column, const std::string& name,
                                     std::span<const double> values);

}  // namespace phaselaw::laws
