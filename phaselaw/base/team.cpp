// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/team.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <sched.h>

#include "phaselaw/base/errors.h"

namespace phaselaw::base {

int thread_count(std::int64_t asked) {
  if (asked > 0) return static_cast<int>(asked);
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

namespace {

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Waits until `value` differs from `old`: spins for about 20 microseconds, then sleeps.
void wait_while(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
  constexpr int kSpins = 500;
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    pause();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

Team::Team(int size) {
  try {
    for (int member = 1; member < size; ++member) others_.emplace_back([this, member] { wait_for_loops(member); });
  } catch (const std::system_error& error) {
    end();
    throw RunError(fmt::format("no thread could be started beside {} others ({}); use fewer --threads", others_.size(),
                               error.code().message()));
  } catch (...) {
    end();
    throw;
  }
}

Team::~Team() { end(); }

void Team::end() noexcept {
  over_ = true;
  loops_.fetch_add(1, std::memory_order_release);
  loops_.notify_all();
  for (auto& other : others_) other.join();
}

void Team::wait_for_loops(int member) {
  for (std::uint32_t seen = 0;; ++seen) {
    wait_while(loops_, seen);
    if (over_) return;
    take_turns(member);
    if (at_work_.fetch_sub(1, std::memory_order_acq_rel) == 1) at_work_.notify_one();
  }
}

void Team::take_turns(int member) {
  try {
    for (std::int64_t i = next_.fetch_add(1); i < count_; i = next_.fetch_add(1)) call_(what_, i, member);
  } catch (...) {
    next_ = count_;
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
}

void Team::start(std::int64_t count, Call call, const void* what) {
  call_ = call;
  what_ = what;
  count_ = count;
  next_ = 0;
  at_work_ = static_cast<std::uint32_t>(others_.size());
  loops_.fetch_add(1, std::memory_order_release);
  loops_.notify_all();
  take_turns(0);
  for (std::uint32_t left = at_work_; left != 0; left = at_work_.load(std::memory_order_acquire))
    wait_while(at_work_, left);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

}  // namespace phaselaw::base
