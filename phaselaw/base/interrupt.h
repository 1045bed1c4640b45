// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

// Ctrl-C, SIGTERM and SIGUSR1 request an orderly end: loops check interrupted() at each step, keep finished work and
// throw Interrupted (exit code 3). A second signal ends the process at once.
namespace phaselaw::base {

void install_interrupt_handler();

// For a library inside another program: during its lifetime, Ctrl-C requests the orderly end instead of the program's
// own reaction, which is restored afterwards. interrupted() is false at its beginning and end.
class CatchInterrupt {
 public:
  CatchInterrupt();
  ~CatchInterrupt();
  CatchInterrupt(const CatchInterrupt&) = delete;
  CatchInterrupt& operator=(const CatchInterrupt&) = delete;

 private:
  struct State;
  std::unique_ptr<State> former_;
};

[[nodiscard]] bool interrupted();
void throw_if_interrupted();
void set_interrupted(bool value);  // for tests

}  // namespace phaselaw::base
