// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "phaselaw/base/fields.h"
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

// How messages travel between the ranks.
enum class Transport {
  tcp,  // connections to rank 0, authenticated but not encrypted: a worker that dies is replaced
  mpi   // MPI's own: a rank that dies ends the job, which the same command resumes
};
[[nodiscard]] base::EnumNames<Transport> enum_names(Transport);

// Collective. options.threads: workers of each rank; 0: one. `prepare` is called on every rank, with its number. Only
// rank 0 returns; the other processes end here. Throws as run_study, and InputError as start_process_group().
[[nodiscard]] sweep::SweepSummary run_study_on_ranks(const std::function<Prepared(int rank)>& prepare,
                                                     sweep::SweepOptions options, Transport transport);

}  // namespace phaselaw::ranks
