// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/interrupt.h"

#include <atomic>
#include <csignal>

#include <unistd.h>

#include "phaselaw/base/errors.h"

namespace phaselaw::base {

namespace {

// The one piece of process-wide state: a signal handler has nowhere else to write.
std::atomic<bool> interrupt_flag{false};

extern "C" void on_signal(int signal_number) {
  if (interrupt_flag.exchange(true)) ::_exit(128 + signal_number);
}

extern "C" void on_caught(int) { interrupt_flag.store(true); }

}  // namespace

struct CatchInterrupt::State {
  struct sigaction action {};
};

CatchInterrupt::CatchInterrupt() : former_(std::make_unique<State>()) {
  set_interrupted(false);
  struct sigaction action {};
  action.sa_handler = on_caught;
  ::sigaction(SIGINT, &action, &former_->action);
}

CatchInterrupt::~CatchInterrupt() {
  ::sigaction(SIGINT, &former_->action, nullptr);
  set_interrupted(false);
}

void install_interrupt_handler() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return interrupt_flag.load(std::memory_order_relaxed); }
void set_interrupted(bool value) { interrupt_flag.store(value); }

void throw_if_interrupted() {
  if (interrupted()) throw Interrupted("interrupted; everything finished so far is kept");
}

}  // namespace phaselaw::base
