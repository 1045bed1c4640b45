// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/tables/rows.h"

// The number formats in which the runs were trained (Rows::precisions).
namespace phaselaw::tables {

// Warns if rows of several precisions are fitted together.
void warn_of_precisions(Rows& out);

}  // namespace phaselaw::tables
