// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string_view>

// Checks of the arguments of the formulas in this layer. std::domain_error names the formula, the quantity and the
// value found. NaN and infinity are outside every domain.
namespace phaselaw::theory {

struct Argument {
  std::string_view name;  // docs/notation.md
  double value = 0;
};

void require_positive(std::string_view formula, std::initializer_list<Argument> arguments);      // > 0
void require_non_negative(std::string_view formula, std::initializer_list<Argument> arguments);  // >= 0
void require_at_least(std::string_view formula, double least, std::initializer_list<Argument> arguments);
void require_probability(std::string_view formula, Argument argument);  // in (0, 1)

}  // namespace phaselaw::theory
