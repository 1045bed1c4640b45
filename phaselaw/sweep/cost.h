// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/sweep/experiment.h"

// Measures how long runs take on this machine.
namespace phaselaw::sweep {

// Seconds per FLOP of training steps and of measurements, as a function of the FLOP per sequence: measured at a few
// shapes, interpolated linearly in the logarithms, and constant outside. Small models need more seconds per FLOP.
class CostModel {
 public:
  struct Sample {
    double sequence_flop = 0;   // forward and backward
    double step_s_flop = 0;     // seconds per FLOP of an update
    double measure_s_flop = 0;  // seconds per FLOP of a forward pass alone
  };
  // Needs at least one sample, in any order. efficiency: the speed of a model on k threads relative to k times that on
  // one thread.
  explicit CostModel(std::vector<Sample> samples, double efficiency = 0.9);

  // Seconds for one thread with a core of its own: updates and measurements, without making the data or the probe for
  // the learning rate.
  [[nodiscard]] double seconds(const Experiment& experiment) const;
  // The same on several threads, which each process whole shards of a batch.
  [[nodiscard]] double seconds(const Experiment& experiment, int threads) const;
  [[nodiscard]] const std::vector<Sample>& samples() const { return samples_; }
  [[nodiscard]] double efficiency() const { return efficiency_; }

 private:
  std::vector<Sample> samples_;  // sorted by sequence_flop
  double efficiency_;
};

// Measures up to `shapes` of the points' distinct models, spread from the cheapest to the most expensive, within about
// budget_s in total, on the calling thread, with one BLAS thread and random data. A model with steps that would take
// longer, or with too many parameters, is timed with smaller batches, fewer layers and shorter sequences, as far as needed.
// If there are so few points that it may matter, the most expensive one is also measured on as many of `threads` as its
// batch has shards. Other load on the machine slows the measurement down, as it would the runs. `points` must not be
// empty.
[[nodiscard]] CostModel calibrate(const std::vector<const Point*>& points, int threads = 1, double budget_s = 1.0,
                                  int shapes = 5);

struct Job {
  double seconds = 0;
  int threads = 1;
};
// The time at which the last job ends: jobs start in the given order, each as soon as its threads are free.
[[nodiscard]] double makespan(const std::vector<Job>& jobs, int threads);

// The assignment of threads to runs, longest first: the first `shared` runs get `threads_each`, the others one.
struct ThreadPlan {
  std::size_t shared = 0;
  int threads_each = 1;
  double seconds = 0;  // total time
  [[nodiscard]] int threads_of(std::size_t run) const { return run < shared ? threads_each : 1; }
  // "one model each on one thread, longest first".
  [[nodiscard]] std::string in_words() const;
};

// One thread per run, on this many threads.
[[nodiscard]] ThreadPlan one_thread_each(const std::vector<const Point*>& longest_first, const CostModel& model,
                                         int threads);

// One thread per run, unless several threads for the longest runs shorten the total time by at least 3 %, as they do
// for few and large runs.
[[nodiscard]] ThreadPlan plan_threads(const std::vector<const Point*>& longest_first, const CostModel& model,
                                      int threads);

}  // namespace phaselaw::sweep
