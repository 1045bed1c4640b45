// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "phaselaw/training/options.h"

// The learning rate of each step, and the steps at which the losses are measured.
namespace phaselaw::training {

// Rate of update `step` (0 .. steps-1) as a fraction of the peak, in (0, 1] until the decay [T]. With w = round(warmup
// steps), D = round(decay steps), s = steps, f = final_fraction:
//
//   step < w          (step + 1)/(w + 1)
//   constant          1
//   cosine            f + (1 - f)(1 + cos(pi u))/2,   u = (step - w)/(s - w)
//   wsd, step >= s-D  1 - (1 - f) (step - (s - D) + 1)/(D + 1), so the last update has f + (1 - f)/(D + 1)
[[nodiscard]] double rate_fraction(const TrainingOptions& options, std::int64_t step);

// Steps after which the losses are measured, ascending: 0, 1, 2, 4, 8, 16, then round(16 * 2^(k/per_doubling)), and the
// last step.
[[nodiscard]] std::vector<std::int64_t> measurement_steps(std::int64_t steps, std::int64_t per_doubling);

}  // namespace phaselaw::training
