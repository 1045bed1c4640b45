// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>

#include <sys/types.h>
#include <sys/wait.h>

// A program that was started.
namespace phaselaw::report {

// Waits for the program however the scope is left.
class Process {
 public:
  explicit Process(pid_t id) : id_(id) {}
  ~Process() {
    if (id_ > 0) (void)wait();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  [[nodiscard]] int wait() {
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return status;
  }

 private:
  pid_t id_;
};

}  // namespace phaselaw::report
