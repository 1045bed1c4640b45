// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/store/store.h"

// The shards of a study become one store.
namespace phaselaw::store {

struct MergeResult {
  std::int64_t runs = 0;        // in the output, when done
  std::int64_t added = 0;       // now
  std::int64_t duplicates = 0;  // in more than one input, the same in each
};

// Copies the runs of `inputs` into the store `output`, which is made, or is of the same study and counts as an input
// itself. Everything is compared before anything is written. InputError: inputs of different studies (with the first
// setting that differs), or a finished or diverged run of which two inputs hold different records (checksum.h). A
// failed record gives way to any other. One transaction a run: after a kill the same command goes on. Memory: one run.
[[nodiscard]] MergeResult merge(const std::string& output, const std::vector<std::string>& inputs,
                                const StoreOptions& options = {});

}  // namespace phaselaw::store
