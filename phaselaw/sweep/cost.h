// SPDX-License-Identifier: Apache-2.0
#pragma once

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
  explicit CostModel(std::vector<Sample> samples);  // at least one; any order

  // Of one thread that has a core to itself: updates and measurements, without making the data or probing for a rate.
  [[nodiscard]] double seconds(const Experiment& experiment) const;
  [[nodiscard]] const std::vector<Sample>& samples() const { return samples_; }

 private:
  std::vector<Sample> samples_;  // by sequence_flop
};

// Measures up to `shapes` of the points' distinct models, spread from the cheapest to the dearest, for about budget_s
// in all, on the calling thread, with one BLAS thread and with random numbers for data. Other work on the machine makes
// it slower, as it would the runs. `points` must not be empty.
[[nodiscard]] CostModel calibrate(const std::vector<const Point*>& points, double budget_s = 1.0, int shapes = 5);

// When the last of `workers` ends that take the jobs in the given order, each as soon as it is free.
[[nodiscard]] double makespan(const std::vector<double>& seconds, int workers);

}  // namespace phaselaw::sweep
