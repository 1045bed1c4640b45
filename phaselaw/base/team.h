// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace phaselaw::base {

// The number of worker threads for an option `threads`; 0 means one for each core that this process may use.
[[nodiscard]] int thread_count(std::int64_t asked);

// A few threads that run one loop at a time together: the caller and size() - 1 others, which are started once and
// wait, spinning for some microseconds and then asleep. All parallel loops of the library are run by a team. A loop
// costs a few microseconds and allocates nothing, so its turns should take about a millisecond. The assignment of turns
// to threads is not fixed, so a turn must not depend on it.
class Team {
 public:
  explicit Team(int size = 1);  // at least 1; RunError if the system starts no more threads
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  [[nodiscard]] int size() const { return static_cast<int>(others_.size()) + 1; }

  // Calls turn(i, member) for i = 0 .. count - 1, each once; `member` (0 .. size - 1, the caller is 0) does one turn at
  // a time. Returns when all are done. An exception of a turn is thrown here, after the turns in progress have ended.
  // For one caller at a time; not from within a turn.
  template <class Turn>
  void run(std::int64_t count, const Turn& turn) {
    if (others_.empty() || count <= 1) {
      for (std::int64_t i = 0; i < count; ++i) turn(i, 0);
      return;
    }
    const auto call = [](const void* what, std::int64_t i, int member) {
      (*static_cast<const Turn*>(what))(i, member);
    };
    start(count, call, &turn);
  }

 private:
  using Call = void (*)(const void* what, std::int64_t i, int member);
  void end() noexcept;
  void start(std::int64_t count, Call call, const void* what);
  void wait_for_loops(int member);
  void take_turns(int member);

  std::vector<std::thread> others_;
  Call call_ = nullptr;
  const void* what_ = nullptr;
  std::int64_t count_ = 0;
  alignas(64) std::atomic<std::int64_t> next_{0};      // turn
  alignas(64) std::atomic<std::uint32_t> loops_{0};    // started; changes when there is work
  alignas(64) std::atomic<std::uint32_t> at_work_{0};  // other threads that have not left the loop
  std::atomic<bool> over_{false};
  std::mutex mutex_;
  std::exception_ptr failure_;
};

// One such loop with a team of its own, of at most one thread for each turn.
template <class Turn>
void parallel_for(std::int64_t count, std::int64_t threads, const Turn& turn) {
  Team(static_cast<int>(std::clamp<std::int64_t>(count, 1, thread_count(threads)))).run(count, turn);
}

}  // namespace phaselaw::base
