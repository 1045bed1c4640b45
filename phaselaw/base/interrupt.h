// SPDX-License-Identifier: Apache-2.0
#pragma once

// Ctrl-C and SIGTERM ask for an orderly end: loops look at interrupted() at each step, keep what is finished and throw
// Interrupted (exit code 3). A second Ctrl-C ends the process at once.
namespace phaselaw::base {

void install_interrupt_handler();
[[nodiscard]] bool interrupted();
void throw_if_interrupted();
void set_interrupted(bool value);  // for tests

}  // namespace phaselaw::base
