// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "phaselaw/store/store.h"

namespace phaselaw::store {

// 16 hex digits over a run: index, key, configuration, status, summary and every measurement, bit for bit (all NaN
// count as one number, and -0 as 0, because SQLite does not distinguish them). Wall time and program are not included.
// Two records with the same checksum give the same export. SQLite has no checksums of its pages; this one detects a
// number changed by a failing disk.
[[nodiscard]] std::string checksum(const RunRecord& run);

}  // namespace phaselaw::store
