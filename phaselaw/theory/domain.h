// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string_view>

// What every formula of this layer asks of its arguments. std::domain_error names the formula, the quantity and what
// was found. NaN is outside every domain; infinity too.
namespace phaselaw::theory {

struct Argument {
  std::string_view name;  // theory.md section 0
  double value = 0;
};

void require_positive(std::string_view formula, std::initializer_list<Argument> arguments);      // > 0
void require_non_negative(std::string_view formula, std::initializer_list<Argument> arguments);  // >= 0
void require_at_least(std::string_view formula, double least, std::initializer_list<Argument> arguments);
void require_probability(std::string_view formula, Argument argument);  // in (0, 1)

}  // namespace phaselaw::theory
