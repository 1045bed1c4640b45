// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

// Ctrl-C and SIGTERM ask for an orderly end: loops look at interrupted() at each step, keep what is finished and throw
// Interrupted (exit code 3). A second Ctrl-C ends the process at once.
namespace phaselaw::base {

void install_interrupt_handler();

// For a library inside another program: while it lives, Ctrl-C asks for the orderly end instead of what the program
// does on Ctrl-C, which is restored afterwards. interrupted() is false when it begins and ends.
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
