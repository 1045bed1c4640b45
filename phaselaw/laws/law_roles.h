// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/laws/law.h"
#include "phaselaw/tables/columns.h"

// The roles of parameters in a law, derived from the expression: the range of the starts and the bounds.
namespace phaselaw::laws {

enum class RoleKind {
  amplitude,  // the law is affine in it: it follows from a linear problem
  exponent,   // stands in an exponent
  scale,      // is divided by, or divides, a column: has the column's unit
  rate,       // multiplies a column: has the inverse of its unit
  other,
};
struct Role {
  RoleKind kind = RoleKind::other;
  double low = 0, high = 0;  // range of the starts; 0 < low <= high; unused for an amplitude
};

// By parameter. `held` parameters have no role. Ranges given by the law take precedence over derived ones.
[[nodiscard]] std::vector<Role> roles_of(const Law& law, const tables::Columns& columns, const std::vector<bool>& held);

// Whether the law is `parameter` plus fitted terms that are never negative, by its expression and the domains of its
// parameters. No value of such a law is below this floor; a law with a subtracted term, such as E + A*S1^-q - K*S2, has
// no floor in this sense. Cost: linear in the length of the expression.
[[nodiscard]] bool is_floor(const Law& law, std::size_t parameter);

}  // namespace phaselaw::laws
