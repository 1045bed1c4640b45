// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

// The end of a program that does not notice an interrupt (interrupt.h) in time.
//
// Some steps cannot be divided, such as an eigenvalue problem in LAPACK. A program that has not ended kGraceSeconds after
// the signal is therefore ended by a thread of its own, with the message and the exit code of Interrupted. This is as
// safe as a kill, because files are written completely or not at all and stores lose no finished run; temporary files
// (temporary_files.h) are removed. The thread is started by install_interrupt_handler(), so a library inside another
// program is never ended.
namespace phaselaw::base {

inline constexpr double kGraceSeconds = 0.5;

// While one exists, that thread waits: for work that is lost if it is not finished, such as a group of files that belong
// together. Nestable, and for all threads. Cost: two atomic operations.
class FinishFirst {
 public:
  FinishFirst();
  ~FinishFirst();
  FinishFirst(const FinishFirst&) = delete;
  FinishFirst& operator=(const FinishFirst&) = delete;
};

// What the thread says: how to continue. By default the message of throw_if_interrupted().
void set_grace_message(const std::string& message);

// The program is about to end with its own exit code, so nothing else ends it from now on.
void end_is_near();

// Starts the thread, once.
void start_grace_watch();

// Called by a signal handler: the grace begins.
void begin_grace() noexcept;

}  // namespace phaselaw::base
