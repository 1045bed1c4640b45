// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/ranks/channel.h"
#include "phaselaw/sweep/sweep.h"

// Rank 0's side of a sweep on several processes: it gives runs to the workers that connect, keeps the snapshots and
// records that they send, and gives the run of a disconnected worker to the next one, from its last snapshot.
namespace phaselaw::ranks {

// If the workers of a run die this often without a new snapshot, the run itself is the cause (most likely memory).
inline constexpr int kMostDeaths = 5;
// Time that the workers have to send their snapshots at the end of an interrupted sweep.
inline constexpr double kShutdownTimeout_s = 10;

// Returns when the sweep is over and no worker holds a run. RunError, by RunQueue::fail, if a run has ended kMostDeaths of
// its workers or a worker reports that its run failed.
void serve(Hub& hub, sweep::RunQueue& queue);

}  // namespace phaselaw::ranks
