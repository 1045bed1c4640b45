// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/base/errors.h"
#include "phaselaw/sweep/experiment.h"

// The memory that a training run needs, from its sizes alone.
namespace phaselaw::sweep {

// Bytes. Accuracy: within a factor of 2 of the largest resident set, for needs above 100 MiB.
struct RunMemory {
  double data = 0;        // the sequences in double, their copy in float, and p* on the test set
  double parameters = 0;  // weights, gradients of all shards, state of the optimiser, and one snapshot
  double passes = 0;      // activations, for each thread
  double curve = 0;       // measurements
  [[nodiscard]] double total() const { return data + parameters + passes + curve; }
};

// `threads`: as for train; no more are used than a batch has shards. Cost: microseconds, for any sizes.
[[nodiscard]] RunMemory memory_of(const Experiment& experiment, int threads);

// InputError at `where` if the run needs more than this machine has (base::machine_memory()): with the need, the limit,
// and the key that needs most of it.
void require_memory(const Experiment& experiment, int threads, const base::Location& where = {});

// The same for the largest run of a study, and for the `workers` largest runs at once; data that several of them share
// are counted for each.
void require_memory(const std::vector<const Point*>& points, int workers);

}  // namespace phaselaw::sweep
