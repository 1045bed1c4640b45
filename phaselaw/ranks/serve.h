// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/ranks/channel.h"
#include "phaselaw/sweep/sweep.h"

// Rank 0's side of a sweep on several processes: gives runs to workers that connect, keeps the snapshots and records
// that they send, and gives the run of a worker that has gone to the next one, from its last snapshot.
namespace phaselaw::ranks {

// A run whose workers die so often, without a new snapshot between, is at fault itself (memory, most likely).
inline constexpr int kMostDeaths = 5;
// At the end of an interrupted sweep the workers have this long to send their snapshots.
inline constexpr double kShutdownTimeout_s = 10;

// Returns when the sweep is over and nobody carries out a run of it. RunError, by RunQueue::fail, when a run has ended
// kMostDeaths of its workers or a worker reports that its run failed.
void serve(Listener& listener, sweep::RunQueue& queue);

}  // namespace phaselaw::ranks
