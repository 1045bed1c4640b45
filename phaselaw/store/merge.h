// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/store/store.h"

// Joins the shards of a study into one store.
namespace phaselaw::store {

struct MergeResult {
  std::int64_t runs = 0;        // number of runs in the output afterwards
  std::int64_t added = 0;       // number of runs added
  std::int64_t duplicates = 0;  // in several inputs, with equal records
};

// Copies the runs of `inputs` into the store `output`, which is created, or belongs to the same study and then counts
// as an input. Everything is compared before anything is written. InputError for inputs of different studies (with the
// first setting that differs), and for a finished or diverged run with different records in two inputs (checksum.h). A
// failed record is replaced by any other. One transaction per run: after a kill, the same command continues. Memory:
// one run.
[[nodiscard]] MergeResult merge(const std::string& output, const std::vector<std::string>& inputs,
                                const StoreOptions& options = {});

}  // namespace phaselaw::store
