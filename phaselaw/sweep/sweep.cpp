// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/sweep.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "phaselaw/base/clock.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/log.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/base/team.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/sweep/cost.h"
#include "phaselaw/sweep/run.h"
#include "phaselaw/sweep/shared_data.h"

namespace phaselaw::sweep {

namespace {

// A sweep shorter than this, at this rate, is not worth a calibration.
constexpr double kCalibratedSeconds = 20, kNominalRate = 20e9;

// The cost of the runs and which of them get several threads, if that was measured.
struct Forecast {
  std::function<double(const Point&)> units;  // seconds, otherwise FLOP: the remaining time is computed from it
  std::map<std::int64_t, int> threads;        // indices of the runs that get several threads
};

Forecast forecast(const std::vector<const Point*>& waiting, double cost_flop, int cores, int workers, bool alone,
                  const std::string& title) {
  if (waiting.empty() || cost_flop < kCalibratedSeconds * kNominalRate)
    return {[](const Point& point) { return point.cost_flop; }, {}};
  auto model = calibrate(waiting, alone ? cores : 1);
  const ThreadPlan plan = alone ? plan_threads(waiting, model, cores) : one_thread_each(waiting, model, workers);
  base::log_info(fmt::format("{}: {} runs, {}, about {} on {} worker{}: {}", title, waiting.size(),
                             base::format_flop(cost_flop), base::format_duration(plan.seconds), workers,
                             workers == 1 ? "" : "s", plan.in_words()));
  Forecast result;
  for (std::size_t i = 0; i < plan.shared; ++i) result.threads[waiting[i]->index] = plan.threads_each;
  result.units = [model = std::move(model)](const Point& point) { return model.seconds(point.experiment); };
  return result;
}

// The threads of this process: a run starts when its threads are free, and holds them until it ends.
class Cores {
 public:
  explicit Cores(int count) : free_(count) {}

  class Held {
   public:
    Held(Cores& cores, int count) : cores_(cores), count_(count) {
      std::unique_lock lock(cores_.mutex_);
      cores_.changed_.wait(lock, [&] { return cores_.free_ >= count_; });
      cores_.free_ -= count_;
    }
    ~Held() {
      const std::lock_guard lock(cores_.mutex_);
      cores_.free_ += count_;
      cores_.changed_.notify_all();
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    [[nodiscard]] int count() const { return count_; }

   private:
    Cores& cores_;
    int count_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int free_;
};

// The runs to be done, who works on them, and their results.
class OpenSweep : public RunQueue {
 public:
  OpenSweep(StudyWork& work, std::function<double(const Point&)> units, const std::string& title)
      : work_(work), units_(std::move(units)), progress_(title, total()) {}

  const Point* next() override {
    const std::lock_guard lock(mutex_);
    const Point* point = next_here();
    if (point != nullptr) ++away_;
    return point;
  }
  const Point* next_here() { return ending() ? nullptr : work_.next(); }
  // Returns false if no run can come back any more; otherwise waits until one has come back, or for a short time.
  bool wait_for_returned() {
    std::unique_lock lock(mutex_);
    if (std::exchange(returned_, false)) return true;
    if (away_ == 0) return false;
    changed_.wait_for(lock, std::chrono::milliseconds(50));
    return true;
  }

  void give_back(const Point& point) override {
    work_.give_back(point);
    const std::lock_guard lock(mutex_);
    --away_;
    returned_ = true;
    changed_.notify_all();
  }
  void deliver(const Point& point, const store::RunRecord& record, bool from_snapshot,
               const std::string& data) override {
    keep(point, record, from_snapshot, data);
    const std::lock_guard lock(mutex_);
    --away_;
    changed_.notify_all();
  }
  void keep(const Point& point, const store::RunRecord& record, bool from_snapshot, const std::string& data) {
    work_.take(point, record);
    const std::lock_guard lock(mutex_);
    if (described_.insert(data).second) base::log_info(data);
    ++done;
    diverged += record.status == store::Status::kDiverged ? 1 : 0;
    resumed += from_snapshot ? 1 : 0;
    progress_.note(fmt::format("{} of {} runs", done, work_.waiting_at_start().size()));
    progress_.advance((1 - told_[point.index]) * units_(point));  // a diverged run has no further work
    told_.erase(point.index);
  }
  void progress(const Point& point, double share) override {
    progress_.advance(share * units_(point));
    const std::lock_guard lock(mutex_);
    told_[point.index] += share;
  }
  void fail(std::exception_ptr why) override {
    const std::lock_guard lock(mutex_);
    if (!failure) failure = std::move(why);
    stop = true;
  }
  [[nodiscard]] bool local_workers_done() const override { return local_workers_done_; }
  [[nodiscard]] bool ending() const override { return stop || base::interrupted(); }
  [[nodiscard]] std::string snapshot_path(const Point& point) const override { return work_.snapshot_path(point); }

  std::atomic<bool> stop{false}, local_workers_done_{false};
  std::exception_ptr failure;  // read after all threads have ended
  std::int64_t done = 0, diverged = 0, resumed = 0;

 private:
  [[nodiscard]] double total() const {
    double sum = 0;
    for (const Point* point : work_.waiting_at_start()) sum += units_(*point);
    return sum;
  }

  StudyWork& work_;
  const std::function<double(const Point&)> units_;
  base::Progress progress_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::int64_t, double> told_;  // share of a run already reported as progress
  std::set<std::string> described_;
  int away_ = 0;           // runs held by others
  bool returned_ = false;  // a run has come back since the last look
};

// The loop of every worker of this process, and what the workers share.
class Worker {
 public:
  Worker(OpenSweep& sweep, const SweepOptions& options, const Forecast& expected, int threads)
      : sweep_(sweep), options_(options), expected_(expected), threads_(threads), cores_(threads) {}

  // Runs experiments until none is left and none can come back. May be called from any number of threads.
  void work() {
    do {
      while (carry_out_next()) {
      }
    } while (!sweep_.ending() && sweep_.wait_for_returned());
  }

 private:
  // False if there was nothing to run, or if the run was interrupted.
  bool carry_out_next() {
    const Point* point = nullptr;
    std::optional<Cores::Held> held;
    {
      const std::lock_guard lock(order_);
      point = sweep_.next_here();
      if (point == nullptr) return false;
      held.emplace(cores_, threads_of(*point));
    }
    return carry_out_one(*point, held->count());
  }

  [[nodiscard]] int threads_of(const Point& point) const {
    if (options_.threads_a_run > 0) return std::min(options_.threads_a_run, threads_);
    const auto found = expected_.threads.find(point.index);
    return found == expected_.threads.end() ? 1 : found->second;
  }

  bool carry_out_one(const Point& point, int threads) {
    RunContext context;
    context.threads = threads;
    context.snapshot = {sweep_.snapshot_path(point), options_.snapshot_every_s, options_.snapshot_every_steps, {}, {}};
    context.data = &data_;
    context.stop = &sweep_.stop;
    context.progress = [&](double share) { sweep_.progress(point, share); };
    std::optional<RunResult> result;
    try {
      result = carry_out(point.experiment, context);
    } catch (const base::Interrupted&) {
      return false;
    }
    sweep_.keep(point, to_record(point, *result), result->resumed_from > 0, result->data);
    return true;
  }

  OpenSweep& sweep_;
  const SweepOptions& options_;
  const Forecast& expected_;
  const int threads_;
  Cores cores_;
  std::mutex order_;  // runs begin in their order, also when one waits for several threads
  SharedData data_;
};

// An exception ends the sweep, which throws it again after all workers have stopped.
template <class What>
void guarded(OpenSweep& sweep, const What& what) {
  try {
    what();
  } catch (...) {
    sweep.fail(std::current_exception());
  }
}

// Starts `here` workers of this process and, if given, the server for remote workers.
void carry_out_all(OpenSweep& sweep, Worker& worker, int here, const SweepOptions& options) {
  std::jthread server;
  if (options.serve_others) server = std::jthread([&] { guarded(sweep, [&] { options.serve_others(sweep); }); });
  base::parallel_for(here, here, [&](std::int64_t, int) { guarded(sweep, [&] { worker.work(); }); });
  sweep.local_workers_done_ = true;
  if (server.joinable()) server.join();
}

}  // namespace

SweepSummary run_study(const Study& study, store::Store& store, const SweepOptions& options) {
  numerics::require_thread_safe_blas();
  for (const Point& point : study.points) training::require_precision(point.experiment.training.precision);
  numerics::set_blas_threads(1);
  const auto start = base::Clock::now();
  StudyWork work(study, store, options.shard);
  const auto& waiting = work.waiting_at_start();
  SweepSummary summary;
  summary.already_there = work.already_there();
  for (const Point* point : waiting) summary.cost_flop += point->cost_flop;
  const int threads = base::thread_count(options.threads);
  const int here = static_cast<int>(
      std::min<std::size_t>(static_cast<std::size_t>(threads), std::max<std::size_t>(waiting.size(), 1)));
  summary.threads = here + options.others;
  const Forecast expected =
      forecast(waiting, summary.cost_flop, threads, summary.threads, options.others == 0, options.title);
  OpenSweep sweep(work, expected.units, options.title);
  Worker worker(sweep, options, expected, threads);
  carry_out_all(sweep, worker, here, options);
  if (sweep.failure) std::rethrow_exception(sweep.failure);
  base::throw_if_interrupted();
  summary.done = sweep.done;
  summary.diverged = sweep.diverged;
  summary.resumed = sweep.resumed;
  summary.elsewhere = work.elsewhere();
  summary.seconds = base::seconds_since(start);
  return summary;
}

base::Value to_value(std::int64_t runs, const SweepSummary& summary) {
  return base::Value::table({{"runs", runs},
                             {"done", summary.done},
                             {"diverged", summary.diverged},
                             {"resumed", summary.resumed},
                             {"already_there", summary.already_there},
                             {"elsewhere", summary.elsewhere},
                             {"threads", summary.threads},
                             {"seconds", summary.seconds}});
}

}  // namespace phaselaw::sweep
