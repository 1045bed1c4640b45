// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "phaselaw/sweep/sweep.h"

// A study on all ranks of a launch: rank 0 owns the store, gives out the runs and does some itself; the others do runs
// and send them back (serve.h, worker.h). On machines of one kind, the store's export is that of a sweep on one
// process, byte for byte.
namespace phaselaw::ranks {

// A study, and its store, which only rank 0 opens.
struct Prepared {
  sweep::Study study;
  std::optional<store::Store> store;
};

// Collective. options.threads: workers of each rank; 0: one. `prepare` is called on every rank, with its number. Only
// rank 0 returns; the other processes end here. Throws as run_study, and InputError as meet().
[[nodiscard]] sweep::SweepSummary run_study_on_ranks(const std::function<Prepared(int rank)>& prepare,
                                                     sweep::SweepOptions options);

}  // namespace phaselaw::ranks
