// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/laws/law.h"

// The published laws: a table of expressions with the names, units and ranges that their authors give. Each law is one
// entry of catalogue.cpp; no other code mentions it.
namespace phaselaw::laws {

// All laws, in the order of the help.
[[nodiscard]] const std::vector<Law>& all_laws();

}  // namespace phaselaw::laws
