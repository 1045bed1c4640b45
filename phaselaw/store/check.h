// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/store/store.h"

// What can be said about a store without knowing what a model is.
namespace phaselaw::store {

struct FileCheck {
  std::vector<std::string> problems;  // empty: sound. One sentence each, with the run where there is one
  std::int64_t schema_version = 0;
  std::int64_t finished = 0, diverged = 0, failed = 0, measurements = 0;
  std::int64_t without_checksum = 0;  // runs of an older schema, which had none or one over fewer numbers
};

// Pages and indices (PRAGMA integrity_check), references, the columns of each table, each run's checksum, its JSON, and
// that its measurements end where its summary says. Reads one run at a time. Damage is a problem in the result;
// InputError where the file is no study. Cost: reads the file twice.
[[nodiscard]] FileCheck check_file(const std::string& path);

}  // namespace phaselaw::store
