// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

// MPI and ScaLAPACK behind an interface that names neither. The program does not link them: they are in a module of its
// own, phaselaw_mpi.so, which is loaded when several ranks meet and not before (docs/decisions/014-*.md).
namespace phaselaw::ranks {

class Engine {
 public:
  virtual ~Engine() = default;
  // Of the processes that were started together. Collective members must be called by all of them in the same order.
  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;
  // Every rank's text, on every rank. Collective.
  [[nodiscard]] virtual std::vector<std::string> gather(const std::string& mine) = 0;
  // Ends MPI; collective. Nothing but the destructor may be called afterwards.
  virtual void finish() = 0;
};

// Changes with Engine: a module of another program is refused.
inline constexpr int kEngineInterface = 1;
inline constexpr const char* kEngineSymbol = "phaselaw_mpi_engine";
inline constexpr const char* kEngineFile = "phaselaw_mpi.so";
using MakeEngine = Engine* (*)(int interface);

// Starts MPI. One a process. InputError, with the remedy, when this program was built without MPI, or its module does
// not fit or does not load.
[[nodiscard]] std::unique_ptr<Engine> start_engine();

}  // namespace phaselaw::ranks
