// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "phaselaw/ranks/channel.h"
#include "phaselaw/ranks/engine.h"

// The messages of a sweep over MPI's own transport, as it was configured for the cluster: this program opens no port,
// and MPI decides who belongs to the job. A rank that dies ends the job, as MPI does; the same command resumes it.
// A message is sent as its header, then its bytes in pieces of at most kMostBytesAtOnce, in order.
namespace phaselaw::ranks {

// The engine and the lock for its use by several threads.
struct SharedEngine {
  Engine& engine;
  std::mutex mutex;
};

// A channel to another rank for worker number `worker` of the two (0, 1, ...; at most 30,000). It is never closed by the
// other side. send() returns after the other side has begun to receive, except for a few bytes.
[[nodiscard]] std::unique_ptr<Channel> mpi_channel(std::shared_ptr<SharedEngine> engine, int other, int worker);

// Rank 0's end: all workers of all other ranks, from the start.
class MpiHub final : public Hub {
 public:
  MpiHub(std::shared_ptr<SharedEngine> engine, int workers_of_a_rank);
  [[nodiscard]] std::vector<std::unique_ptr<Channel>> accept() override;
  void wait(const std::vector<const Channel*>& channels, double timeout_s) override;

 private:
  std::shared_ptr<SharedEngine> engine_;
  int workers_;
  bool accepted_ = false;
};

}  // namespace phaselaw::ranks
