// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/tables/rows.h"

// Whether the sizes of the columns agree with each other.
namespace phaselaw::tables {

void warn_of_units(Rows& out);

}  // namespace phaselaw::tables
