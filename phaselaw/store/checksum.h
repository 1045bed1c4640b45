// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "phaselaw/store/store.h"

namespace phaselaw::store {

// 16 hex digits over what a run is: index, key, configuration, status, summary and every measurement, bit for bit (all
// NaN are one number, and -0 is 0: SQLite keeps no more). Wall time and program are left out. Two records with the same
// checksum give the same export. SQLite has no checksum of its own pages: this one finds a number that a failing disk
// changed.
[[nodiscard]] std::string checksum(const RunRecord& run);

}  // namespace phaselaw::store
