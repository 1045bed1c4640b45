// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phaselaw/reproduce/random_effect.h"
#include "phaselaw/store/store.h"

// Excess-risk curves of several sizes of the data and several teachers on the same times, averaged over teachers before
// the best time is chosen. A curve of one teacher is smooth in time, but its own best time follows the accident of its
// noise; the best time of the average does so less, and it is the quantity that the theory's expectation is about.
namespace phaselaw::reproduce {

struct RiskCurves {
  std::vector<std::int64_t> sizes, teachers;  // ascending
  std::vector<double> times;                  // gradient-flow time, common to all runs
  // [size][teacher][time]; empty where the run did not finish.
  std::vector<std::vector<std::vector<double>>> risk;
  std::int64_t diverged = 0;
};

// excess_risk of each run; the teacher is the run's seed. InputError if runs have no excess risk or different times.
[[nodiscard]] RiskCurves risk_curves(const std::vector<store::RunRecord>& runs, const std::string& source);

// Teachers (as indices) with a finished run at every size of all of these.
[[nodiscard]] std::vector<std::size_t> complete_teachers(std::span<const RiskCurves* const> curves);

// The mean over teachers of [teacher][time]. PHASELAW_CHECK: at least one teacher, curves of equal length.
[[nodiscard]] std::vector<double> mean_curve(const std::vector<std::vector<double>>& curves,
                                             std::span<const std::size_t> teachers);

struct Best {
  std::size_t at = 0;
  double risk = 0;
};
[[nodiscard]] Best best_of(std::span<const double> curve);

}  // namespace phaselaw::reproduce
