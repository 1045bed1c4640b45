// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/store/store.h"

// Checks of a store that do not depend on the study.
namespace phaselaw::store {

struct FileCheck {
  std::vector<std::string> problems;  // one sentence each, with the run if there is one; empty if the store is sound
  std::int64_t schema_version = 0;
  std::int64_t finished = 0, diverged = 0, failed = 0, measurements = 0;
  std::int64_t without_checksum = 0;  // runs of an older schema, without checksum or with one over fewer numbers
};

// Checks pages and indices (PRAGMA integrity_check), references, the columns of each table, each run's checksum and
// JSON, and that its measurements end where its summary says. Reads one run at a time. Damage is a problem in the
// result; InputError if the file is no study. Cost: reads the file twice.
[[nodiscard]] FileCheck check_file(const std::string& path);

}  // namespace phaselaw::store
