// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/interrupt.h"

#include <array>
#include <atomic>
#include <csignal>

#include <unistd.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/grace.h"

namespace phaselaw::base {

namespace {

// The only process-wide state, because a signal handler can write nowhere else.
std::atomic<bool> interrupt_flag{false};

extern "C" void on_signal(int signal_number) {
  if (interrupt_flag.exchange(true)) ::_exit(128 + signal_number);
  begin_grace();
}

extern "C" void on_caught(int) { interrupt_flag.store(true); }

// The products of oneDNN 2.7 keep numbers below the stack pointer, where a handler's frame would overwrite them, so the
// handler has its own stack. Linux delivers a signal of the process to the main thread, so that thread needs it.
void give_handlers_a_stack() {
  static std::array<char, 65536> stack;
  stack_t now{};
  if (::gettid() != ::getpid() || ::sigaltstack(nullptr, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) return;
  stack_t own{};
  own.ss_sp = stack.data();
  own.ss_size = stack.size();
  ::sigaltstack(&own, nullptr);
}

struct sigaction handled_by(void (*handler)(int)) {
  give_handlers_a_stack();
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK;
  return action;
}

}  // namespace

struct CatchInterrupt::State {
  struct sigaction action {};
};

CatchInterrupt::CatchInterrupt() : former_(std::make_unique<State>()) {
  set_interrupted(false);
  const struct sigaction action = handled_by(on_caught);
  ::sigaction(SIGINT, &action, &former_->action);
}

CatchInterrupt::~CatchInterrupt() {
  ::sigaction(SIGINT, &former_->action, nullptr);
  set_interrupted(false);
}

void install_interrupt_handler() {
  start_grace_watch();
  const struct sigaction action = handled_by(on_signal);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  // mpirun passes it on to all ranks and waits; after SIGTERM it kills them within a second.
  ::sigaction(SIGUSR1, &action, nullptr);
}

bool interrupted() { return interrupt_flag.load(std::memory_order_relaxed); }
void set_interrupted(bool value) { interrupt_flag.store(value); }

void throw_if_interrupted() {
  if (interrupted()) throw Interrupted("interrupted; everything finished so far is kept");
}

}  // namespace phaselaw::base
