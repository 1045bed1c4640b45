// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "phaselaw/laws/law.h"
#include "phaselaw/tables/columns.h"

// Where a law has no value, whatever its parameters: step^-a at step 0, log(-N) everywhere. It explains why a fit
// found no start.
//
// The expression is evaluated operation by operation at kDomainPoints points of the parameters: those of the start
// ranges (law_roles.h), amplitudes from 1e-3 to 1e3. A row is outside the domain if the law is not finite (and, if it
// must be positive, not above 0) at all of them. Cost: kDomainPoints x rows x operations, about 1 us per row.
namespace phaselaw::laws {

inline constexpr std::size_t kDomainPoints = 24;

struct OutsideDomain {
  std::vector<std::size_t> rows;  // outside the domain, in their order
  // At the first of them:
  std::string part;    // the first operation that has no value: "step^-a"
  std::string value;   // "infinite", "not a number", "zero" or "negative"
  std::string column;  // the column that the part depends on; empty if there are several and none is 0
};

// std::nullopt if every row is inside the domain. `held`: values of fixed parameters. InputError for a missing column.
[[nodiscard]] std::optional<OutsideDomain> outside_domain(const Law& law, const tables::Columns& columns,
                                                          const std::vector<std::optional<double>>& held,
                                                          bool must_be_positive = true);

// An operation and its operands as text, with the canonical names of columns.
[[nodiscard]] std::string text_of(const Expression& expression, std::size_t node);

}  // namespace phaselaw::laws
