// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/grace.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <mutex>
#include <thread>

#include <semaphore.h>
#include <unistd.h>

#include "phaselaw/base/clock.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/log.h"
#include "phaselaw/base/temporary_files.h"

namespace phaselaw::base {

namespace {

constexpr int kInterruptedExitCode = 3;

std::atomic<int> finishing{0};  // objects of FinishFirst
sem_t grace_begins;             // initialised before the handler is installed

struct GraceMessage {
  std::mutex mutex;
  std::string text = "interrupted; everything finished so far is kept";
};

// Never destroyed, because the thread ends with the process.
GraceMessage& grace_message() {
  static auto& instance = *new GraceMessage;
  return instance;
}

// Ends the process if it still runs after the grace, unless the request was withdrawn, as tests do.
void end_after_grace() {
  constexpr auto kPause = std::chrono::milliseconds(10);
  const auto start = Clock::now();
  while (interrupted() && (seconds_since(start) < kGraceSeconds || finishing.load() > 0))
    std::this_thread::sleep_for(kPause);
  if (!interrupted()) return;
  remove_temporary_files();
  const std::lock_guard lock(grace_message().mutex);
  log_error(grace_message().text);
  ::_exit(kInterruptedExitCode);
}

// The thread gets no signal itself, so that handlers run on the main thread with the stack of its own.
void start_thread() {
  ::sem_init(&grace_begins, 0, 0);
  sigset_t all, former;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &former);
  std::thread([] {
    while (true)
      if (::sem_wait(&grace_begins) == 0) end_after_grace();
  }).detach();
  ::pthread_sigmask(SIG_SETMASK, &former, nullptr);
}

}  // namespace

FinishFirst::FinishFirst() { ++finishing; }
FinishFirst::~FinishFirst() { --finishing; }
void end_is_near() { ++finishing; }

void set_grace_message(const std::string& message) {
  const std::lock_guard lock(grace_message().mutex);
  grace_message().text = message;
}

void start_grace_watch() {
  static std::once_flag started;
  std::call_once(started, start_thread);
}

void begin_grace() noexcept { ::sem_post(&grace_begins); }

}  // namespace phaselaw::base
