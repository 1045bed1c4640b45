// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "phaselaw/ranks/channel.h"
#include "phaselaw/ranks/engine.h"

// The processes that a launcher started together, and what they must agree on before they work.
namespace phaselaw::ranks {

// Starts MPI, calls `prepare` on every rank and compares what it gives (a study's key, an experiment's text) and the
// program's version. Where a rank's `prepare` throws InputError or RunError, or the ranks differ, every rank throws
// InputError: rank 0 with the reason, the first rank that differs and its machine. MPI has been ended then.
// Only the exception of rank 0 is shown to users.
[[nodiscard]] std::unique_ptr<Engine> meet(const std::function<std::string()>& prepare);

// Rank 0 listens, and every rank learns where: on loopback when all are on one machine. Ends MPI. Null on other ranks.
struct Rendezvous {
  std::unique_ptr<Listener> listener;
  Address address;
};
[[nodiscard]] Rendezvous rendezvous(Engine& engine);

}  // namespace phaselaw::ranks
