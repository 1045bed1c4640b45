// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "phaselaw/base/fields.h"

// Learning-rate schedules as the clock of a run: the sum of the learning rates so far, and the annealing area of
// their decreases.
//
//   S1(t) = sum_{i < t} lr_i                          gradient-flow time; warm-up only slows this clock
//   m_i = decay m_{i-1} + (lr_{i-1} - lr_i),  S2(t) = sum_{peak < i <= t} m_i        decay = 0.999
//
// S2 is the annealing area of Tissue et al. 2024, arXiv 2408.11029 [S]. It is counted from the largest learning rate
// and is at least 0. The learning rate is interpolated linearly between recorded steps. The warm-up ends at the first
// step with at least 99 % of the largest learning rate; the decay begins at the last such step.
namespace phaselaw::tables {

// The learning rate as recorded: lr[i] is that of the steps from step[i] to step[i+1]. Steps ascend.
struct LearningRates {
  std::vector<double> step, lr;
  [[nodiscard]] bool known() const { return !step.empty(); }
};

// A schedule that the user states. The peak is 1, so S1 and S2 are in steps at the peak learning rate. A warm-up or a
// start of the decay below 1 is a share of the run.
enum class Decay {
  none,
  constant,
  linear,
  cosine,
  sqrt
};  // none: not stated; sqrt: 1 - sqrt of the elapsed share of the decay
[[nodiscard]] base::EnumNames<Decay> enum_names(Decay);
// The share of the peak that is left after this share of a decay to 0.
[[nodiscard]] double left_of_decay(Decay shape, double share);

struct StatedSchedule {
  double warmup = 0;
  Decay decay = Decay::none;
  std::optional<double> decay_from;
  double decay_to = 0;
  [[nodiscard]] bool given() const { return warmup > 0 || decay != Decay::none; }
  [[nodiscard]] bool decays() const { return decay != Decay::none && decay != Decay::constant; }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("warmup", self.warmup, base::at_least(0).in("steps"),
          "length of a linear warm-up, if the table has no lr column; below 1: as a share of the run");
    visit("decay", self.decay, base::anything(),
          "shape of the decay, if the table has no lr column; constant: there is none");
    visit("decay_from", self.decay_from, base::at_least(0).in("steps"),
          "step at which the decay begins (default: the end of the warm-up); below 1: as a share of the run");
    visit("decay_to", self.decay_to, base::between(0, 1), "learning rate at the last step, as a share of the peak");
  }
  void validate() const;  // InputError with flag, value and constraint
};

// The learning rates of the stated schedule at steps 0 .. last, where the run ends. InputError if its phases are longer
// than the run.
[[nodiscard]] LearningRates rates_of(const StatedSchedule& schedule, double last_step);

struct ScheduleSums {
  std::vector<double> lr_sum, lr_drop;  // S1 and S2 at the requested steps
  double warmup_end = 0;                // step
  double decay_begin = 0;               // step; the last one if there is no decay
  bool varies = false;                  // the largest and the smallest learning rate differ
  bool decays = false;
};
// S1 and S2 at `steps`, which must be ascending. `rates` must contain known values only.
[[nodiscard]] ScheduleSums schedule_sums(const LearningRates& rates, std::span<const double> steps);

}  // namespace phaselaw::tables
