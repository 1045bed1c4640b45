// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/sweep.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <set>
#include <thread>

#include <sched.h>

#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/log.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/sweep/run.h"

namespace phaselaw::sweep {

int default_threads() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1U, std::thread::hardware_concurrency());
}

SweepSummary run_study(const Study& study, store::Store& store, const SweepOptions& options) {
  numerics::require_thread_safe_blas();
  numerics::set_blas_threads(1);
  const auto start = std::chrono::steady_clock::now();
  const auto there = store.finished_runs();
  std::vector<const Point*> waiting;
  SweepSummary summary;
  for (const auto& point : study.points) {
    if (there.contains(point.index)) {
      ++summary.already_there;
      continue;
    }
    waiting.push_back(&point);
    summary.cost_flop += point.cost_flop;
  }
  std::stable_sort(waiting.begin(), waiting.end(),
                   [](const Point* a, const Point* b) { return a->cost_flop > b->cost_flop; });
  summary.threads = static_cast<int>(
      std::min<std::size_t>(static_cast<std::size_t>(options.threads > 0 ? options.threads : default_threads()),
                            std::max<std::size_t>(waiting.size(), 1)));

  base::Progress progress(options.title, summary.cost_flop);
  std::atomic<std::size_t> next{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::exception_ptr failure;
  std::set<std::string> described;
  const auto work = [&] {
    try {
      while (!stop) {
        const std::size_t i = next++;
        if (i >= waiting.size()) return;
        const RunResult result = carry_out(waiting[i]->experiment);
        if (result.outcome == training::Outcome::interrupted) return;
        store.add(to_record(*waiting[i], result));
        const std::lock_guard lock(mutex);
        if (described.insert(result.data).second) base::log_info(result.data);
        ++summary.done;
        summary.diverged += result.outcome == training::Outcome::diverged ? 1 : 0;
        progress.note(fmt::format("{} of {} runs", summary.done, waiting.size()));
        progress.advance(waiting[i]->cost_flop);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      stop = true;
    }
  };
  std::vector<std::thread> workers;
  for (int i = 1; i < summary.threads; ++i) workers.emplace_back(work);
  work();
  for (auto& worker : workers) worker.join();
  if (failure) std::rethrow_exception(failure);
  base::throw_if_interrupted();
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return summary;
}

}  // namespace phaselaw::sweep
