// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "phaselaw/ranks/engine.h"
#include "phaselaw/ranks/listener.h"

// The processes that a launcher started together, and what they must agree on before they work.
namespace phaselaw::ranks {

// Starts MPI, calls `prepare` on every rank and compares what it gives (a study's key, an experiment's text) and the
// program's version. Where a rank's `prepare` throws InputError or RunError, or the ranks differ, every rank throws
// InputError: rank 0 with the reason, the first rank that differs and its machine. MPI has been ended then.
// Only the exception of rank 0 is shown to users.
[[nodiscard]] std::unique_ptr<Engine> start_process_group(const std::function<std::string()>& prepare);

// While it lives, an interrupt ends this process within kGrace_s with exit code 3, also in the middle of a collective
// call of MPI, which cannot be left; the launcher then ends the other ranks. For work that keeps nothing when it is
// interrupted. Rank 0 says so on stderr.
class EndOnInterrupt {
 public:
  explicit EndOnInterrupt(bool first);

 private:
  std::jthread watch_;
};
inline constexpr double kGrace_s = 0.3;  // for the way out by an exception, which removes unfinished files

// Rank 0 listens, and every rank learns where: on loopback when all are on one machine, otherwise at the numbers that
// lead to the other machines (interfaces.h). Ends MPI. The listener is null on other ranks.
struct Rank0Listener {
  std::unique_ptr<Listener> listener;
  Address address;
};
[[nodiscard]] Rank0Listener listen_on_rank0(Engine& engine);

}  // namespace phaselaw::ranks
