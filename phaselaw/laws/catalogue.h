// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/laws/law.h"

// The published laws: a table of expressions with the names, units and ranges that their authors give. One entry of
// catalogue.cpp is one law; nothing else needs to know that it exists.
namespace phaselaw::laws {

// All laws, in the order in which help lists them.
[[nodiscard]] const std::vector<Law>& all_laws();

}  // namespace phaselaw::laws
