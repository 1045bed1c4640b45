// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "phaselaw/ranks/channel.h"
#include "phaselaw/sweep/experiment.h"
#include "phaselaw/sweep/sweep.h"

// The side of a sweep on several processes that does the runs. It writes no files: snapshots and records go to rank 0.
namespace phaselaw::ranks {

// Connects options.threads times (at least once) and does the runs that rank 0 gives, one model per thread, until no
// work is left, rank 0 has ended or this process is interrupted.
void work(const sweep::Study& study, const std::function<std::unique_ptr<Channel>()>& connect,
          const sweep::SweepOptions& options);

// Calls `work` in a child process, and in another if that one is killed (by another signal than SIGTERM or SIGINT);
// never returns. `detach`: under mpirun, which ends a whole job if one of the processes that it started is killed. The
// process started by mpirun then ends successfully at once, and the workers continue in a session of their own; they
// end with rank 0, when they see the closed connection. `work` must not leave threads behind.
[[noreturn]] void work_guarded(bool detach, const std::function<void()>& work);

}  // namespace phaselaw::ranks
