// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "phaselaw/ranks/channel.h"
#include "phaselaw/sweep/experiment.h"
#include "phaselaw/sweep/sweep.h"

// The side of a sweep on several processes that carries out runs. Nothing is written here: snapshots and records go to
// rank 0.
namespace phaselaw::ranks {

// Connects options.threads times (at least once) and carries out what rank 0 gives, one model a thread, until nothing
// is left, rank 0 has gone or this process is interrupted.
void work(const sweep::Study& study, const Address& rank0, const sweep::SweepOptions& options);

// Calls `work` in a child process, and in another when that one is killed (by another signal than SIGTERM or SIGINT);
// never returns. `detach`: under mpirun, which ends a whole job when one of the processes that it started is killed.
// The process that it started then ends well at once, and the workers live on in a session of their own: they end with
// rank 0, whose connection they see closed. `work` must not leave threads behind.
[[noreturn]] void work_guarded(bool detach, const std::function<void()>& work);

}  // namespace phaselaw::ranks
