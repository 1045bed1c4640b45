// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "phaselaw/laws/columns.h"

// Headings that say their unit: "params (M)", "tokens [B]", "compute (EFLOP)", "loss (nats)".
namespace phaselaw::laws {

struct Heading {
  std::string name, unit;  // unit: what stands in the last pair of brackets; "" when there is none
};

[[nodiscard]] Heading heading_of(std::string_view header);

// What a number of this unit is multiplied by to be in known.unit: "M" of n_params is 1e6, "nats" of a loss 1. Unset
// where the unit is not one of this column's: a loss in bits, parameters in GB.
[[nodiscard]] std::optional<double> unit_factor(const KnownColumn& known, std::string_view unit);

}  // namespace phaselaw::laws
