// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "phaselaw/tables/runs.h"

// Learning-rate schedules as a curve's clock: what the learning rates so far add up to, and what their drops have
// earned.
//
//   S1(t) = sum_{i < t} lr_i                          the gradient-flow time: warm-up is slow time, nothing else
//   m_i = decay m_{i-1} + (lr_{i-1} - lr_i),  S2(t) = sum_{peak < i <= t} m_i        decay = 0.999
//
// S2 is the annealing area of Tissue et al. 2024, arXiv 2408.11029 [S], counted from the largest learning rate on, and
// at least 0. Between recorded steps further apart than one the learning rate is taken as linear. The warm-up ends at
// the first step with 99 % of the largest learning rate; the decay begins at the last step with as much.
namespace phaselaw::advice {

// A schedule that the user states. The peak is 1: S1 is then in units of steps at the peak.
enum class Decay { none, linear, cosine, sqrt };  // sqrt: 1 - sqrt of the share
[[nodiscard]] base::EnumNames<Decay> enum_names(Decay);

struct StatedSchedule {
  double warmup = 0;
  Decay decay = Decay::none;
  std::optional<double> decay_from;
  double decay_to = 0;
  [[nodiscard]] bool given() const { return warmup > 0 || decay != Decay::none; }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("warmup", self.warmup, base::at_least(0).in("steps"), "linear warm-up, where no lr column says so");
    visit("decay", self.decay, base::anything(), "shape of the decay, where no lr column says so");
    visit("decay_from", self.decay_from, base::at_least(0).in("steps"),
          "step at which the decay begins; default: the end of the warm-up");
    visit("decay_to", self.decay_to, base::between(0, 1), "share of the peak learning rate left at the last step");
  }
  void validate() const;  // InputError quoting flag, value and constraint
};

// The stated schedule's learning rates at steps 0 .. last. InputError where the phases do not fit in.
[[nodiscard]] tables::LearningRates rates_of(const StatedSchedule& schedule, double last_step);

struct ScheduleSums {
  std::vector<double> lr_sum, lr_drop;  // S1, S2 at the steps asked for
  double warmup_end = 0;                // step
  double decay_begin = 0;               // step; the last one where nothing decays
  bool varies = false;                  // the largest and the smallest learning rate differ
  bool decays = false;
};
// At ascending `steps`. `rates` must be known.
[[nodiscard]] ScheduleSums schedule_sums(const tables::LearningRates& rates, std::span<const double> steps);

}  // namespace phaselaw::advice
