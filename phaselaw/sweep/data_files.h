// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/data/options.h"

// Whether two processes read the same data: a run is a function of its configuration only if the files named in it hold
// the same bytes everywhere.
namespace phaselaw::sweep {

// The files and directories that these options name.
[[nodiscard]] std::vector<std::string> data_files(const data::DataOptions& options);

// 16 hex digits over the bytes of the files that these options name, in their order (for a directory, its text files);
// empty if they name none. It detects accidental differences; it does not protect against intent (base/hash.h).
// Cost: one pass through the files, about 1 ns per byte; a repeated call for files of unchanged size and time of change
// is free. May be called from any thread. InputError for a file that cannot be read.
[[nodiscard]] std::string data_files_hash(const data::DataOptions& options);

}  // namespace phaselaw::sweep
