// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/sweep.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include <sched.h>

#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/log.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/sweep/cost.h"
#include "phaselaw/sweep/run.h"
#include "phaselaw/sweep/shared_data.h"

namespace phaselaw::sweep {

int default_threads() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1U, std::thread::hardware_concurrency());
}

namespace {

// A sweep whose runs, at this rate, take less than this is not worth a calibration before it.
constexpr double kCalibratedSeconds = 20, kNominalRate = 20e9;

// Work in seconds where it was measured, else in FLOP: what time left is told from.
std::function<double(const Point&)> work_of(const std::vector<const Point*>& waiting, double cost_flop, int workers,
                                            const std::string& title) {
  if (waiting.empty() || cost_flop < kCalibratedSeconds * kNominalRate)
    return [](const Point& point) { return point.cost_flop; };
  auto model = calibrate(waiting);
  std::vector<double> seconds;
  for (const Point* point : waiting) seconds.push_back(model.seconds(point->experiment));
  base::log_info(fmt::format("{}: {} runs, {:.3g} FLOP, about {} on {} worker{}, one model each on one thread", title,
                             waiting.size(), cost_flop, base::format_duration(makespan(seconds, workers)), workers,
                             workers == 1 ? "" : "s"));
  return [model = std::move(model)](const Point& point) { return model.seconds(point.experiment); };
}

}  // namespace

SweepSummary run_study(const Study& study, store::Store& store, const SweepOptions& options) {
  numerics::require_thread_safe_blas();
  numerics::set_blas_threads(1);
  const auto start = std::chrono::steady_clock::now();
  StudyWork work(study, store, options.shard);
  const auto& waiting = work.waiting_at_start();
  SweepSummary summary;
  summary.already_there = work.already_there();
  for (const Point* point : waiting) summary.cost_flop += point->cost_flop;
  summary.threads = static_cast<int>(
      std::min<std::size_t>(static_cast<std::size_t>(options.threads > 0 ? options.threads : default_threads()),
                            std::max<std::size_t>(waiting.size(), 1)));
  const auto work_units = work_of(waiting, summary.cost_flop, summary.threads, options.title);
  double total = 0;
  for (const Point* point : waiting) total += work_units(*point);

  base::Progress progress(options.title, total);
  SharedData data;
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::exception_ptr failure;
  std::set<std::string> described;
  const auto carry_out_one = [&](const Point& point) {
    const double units = work_units(point);
    double told = 0;
    RunContext context;
    context.snapshot = {work.snapshot_path(point), options.snapshot_every_s, options.snapshot_every_steps};
    context.data = &data;
    context.stop = &stop;
    context.progress = [&](double share) {
      progress.advance(share * units);
      told += share;
    };
    const RunResult result = carry_out(point.experiment, context);
    if (result.outcome == training::Outcome::interrupted) return false;
    work.take(point, to_record(point, result));
    const std::lock_guard lock(mutex);
    if (described.insert(result.data).second) base::log_info(result.data);
    ++summary.done;
    summary.diverged += result.outcome == training::Outcome::diverged ? 1 : 0;
    summary.resumed += result.resumed_from > 0 ? 1 : 0;
    progress.note(fmt::format("{} of {} runs", summary.done, waiting.size()));
    progress.advance((1 - told) * units);  // a diverged run needs no more
    return true;
  };
  const auto worker = [&] {
    try {
      while (!stop) {
        const Point* point = work.next();
        if (point == nullptr || !carry_out_one(*point)) return;
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      stop = true;
    }
  };
  std::vector<std::thread> workers;
  for (int i = 1; i < summary.threads; ++i) workers.emplace_back(worker);
  worker();
  for (auto& thread : workers) thread.join();
  if (failure) std::rethrow_exception(failure);
  base::throw_if_interrupted();
  summary.elsewhere = work.elsewhere();
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return summary;
}

}  // namespace phaselaw::sweep
