// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <ctime>

#include "phaselaw/base/clock.h"

// An account of processor time that grows by a share of the elapsed time. Work may begin while the balance is positive
// and is charged afterwards, so over a long time the work costs this share of one core, whatever a single piece costs.
namespace phaselaw::advice {

// The processor time of the calling thread.
[[nodiscard]] inline double thread_cpu_s() {
  std::timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

class CpuAccount {
 public:
  static constexpr double kCreditS = 0.2;  // to begin with, and the most that is saved

  void set_share(double share) { share_ = share; }
  [[nodiscard]] bool can_pay() {
    const auto now = base::Clock::now();
    balance_ = std::min(kCreditS, balance_ + share_ * std::chrono::duration<double>(now - last_).count());
    last_ = now;
    return balance_ > 0;
  }
  void charge(double cpu_s) { balance_ -= cpu_s; }
  [[nodiscard]] double balance() const { return balance_; }

 private:
  double share_ = 0, balance_ = kCreditS;
  base::Clock::time_point last_ = base::Clock::now();
};

// Charges the work in its scope, unless it is free.
class ChargedWork {
 public:
  explicit ChargedWork(CpuAccount& account, bool is_free = false)
      : account_(account), begin_(thread_cpu_s()), is_free_(is_free) {}
  ~ChargedWork() {
    if (!is_free_) account_.charge(thread_cpu_s() - begin_);
  }
  ChargedWork(const ChargedWork&) = delete;
  ChargedWork& operator=(const ChargedWork&) = delete;

 private:
  CpuAccount& account_;
  double begin_;
  bool is_free_;
};

}  // namespace phaselaw::advice
