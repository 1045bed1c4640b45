// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/laws/law.h"
#include "phaselaw/tables/columns.h"

// What part a parameter plays in a law, read off the expression: where starts look for it and how far it may go.
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
  double low = 0, high = 0;  // where starts look; 0 < low <= high; of no meaning for an amplitude
};

// By parameter. `held` parameters have no role. Ranges that the law gives take precedence over those read off.
[[nodiscard]] std::vector<Role> roles_of(const Law& law, const tables::Columns& columns, const std::vector<bool>& held);

}  // namespace phaselaw::laws
