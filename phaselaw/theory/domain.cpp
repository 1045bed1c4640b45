// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/domain.h"

#include <cmath>
#include <stdexcept>

#include <fmt/format.h>

namespace phaselaw::theory {

namespace {

[[noreturn]] void refuse(std::string_view formula, const Argument& argument, std::string_view expected) {
  throw std::domain_error(
      fmt::format("{}: expected {} {}, found {}", formula, argument.name, expected, argument.value));
}

}  // namespace

void require_positive(std::string_view formula, std::initializer_list<Argument> arguments) {
  for (const Argument& argument : arguments)
    if (!(argument.value > 0) || std::isinf(argument.value)) refuse(formula, argument, "> 0 and finite");
}

void require_non_negative(std::string_view formula, std::initializer_list<Argument> arguments) {
  require_at_least(formula, 0, arguments);
}

void require_at_least(std::string_view formula, double least, std::initializer_list<Argument> arguments) {
  for (const Argument& argument : arguments)
    if (!(argument.value >= least) || std::isinf(argument.value))
      refuse(formula, argument, fmt::format(">= {} and finite", least));
}

void require_probability(std::string_view formula, Argument argument) {
  if (!(argument.value > 0 && argument.value < 1)) refuse(formula, argument, "in (0, 1)");
}

}  // namespace phaselaw::theory
