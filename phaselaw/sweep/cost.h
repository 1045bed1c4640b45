// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/sweep/experiment.h"

// How long runs take on this machine, measured.
namespace phaselaw::sweep {

// Seconds a FLOP of training steps and of measurements, as a function of the FLOP of a sequence: measured at a few
// shapes, in between straight in the logarithms, outside constant. Small models are slower a FLOP.
class CostModel {
 public:
  struct Sample {
    double sequence_flop = 0;   // forward and backward
    double step_s_flop = 0;     // seconds a FLOP of an update
    double measure_s_flop = 0;  // of a forward pass alone
  };
  // At least one sample, in any order. efficiency: the speed of a model on k threads, over k times that on one.
  explicit CostModel(std::vector<Sample> samples, double efficiency = 0.9);

  // Of one thread that has a core to itself: updates and measurements, without making the data or probing for a rate.
  [[nodiscard]] double seconds(const Experiment& experiment) const;
  // The same on several threads: the shards of a batch are dealt out whole.
  [[nodiscard]] double seconds(const Experiment& experiment, int threads) const;
  [[nodiscard]] const std::vector<Sample>& samples() const { return samples_; }
  [[nodiscard]] double efficiency() const { return efficiency_; }

 private:
  std::vector<Sample> samples_;  // by sequence_flop
  double efficiency_;
};

// Measures up to `shapes` of the points' distinct models, spread from the cheapest to the dearest, for about budget_s
// in all, on the calling thread, with one BLAS thread and with random numbers for data; and, when the points are so few
// that it may matter, the dearest on as many of `threads` as its batch has shards. Other work on the machine makes it
// slower, as it would the runs. `points` must not be empty.
[[nodiscard]] CostModel calibrate(const std::vector<const Point*>& points, int threads = 1, double budget_s = 1.0,
                                  int shapes = 5);

struct Job {
  double seconds = 0;
  int threads = 1;
};
// When the last job ends: they begin in the given order, each as soon as its threads are free.
[[nodiscard]] double makespan(const std::vector<Job>& jobs, int threads);

// How the threads are dealt out to runs, longest first: the first `shared` runs get `threads_each`, the others one.
struct ThreadPlan {
  std::size_t shared = 0;
  int threads_each = 1;
  double seconds = 0;  // the whole
  [[nodiscard]] int threads_of(std::size_t run) const { return run < shared ? threads_each : 1; }
  // "one model each on one thread, longest first".
  [[nodiscard]] std::string in_words() const;
};

// One thread a run, on so many threads.
[[nodiscard]] ThreadPlan one_thread_each(const std::vector<const Point*>& longest_first, const CostModel& model,
                                         int threads);

// One thread a run, unless several for the longest, when runs are few and big, end the whole at least 3 % sooner.
[[nodiscard]] ThreadPlan plan_threads(const std::vector<const Point*>& longest_first, const CostModel& model,
                                      int threads);

}  // namespace phaselaw::sweep
