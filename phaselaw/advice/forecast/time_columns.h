// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "phaselaw/advice/forecast/rate_plan.h"

// The columns of the law of curve_forecast.h at given steps, for every alpha, s0, gamma and c of its grid.
//
//   power  ((S1 + s0)/(S1(now) + s0))^-alpha, so that A is the reducible loss now; s0 from -0.02 to 0.6 S1(now)
//   drop   D scaled so that K is the relative fall by a decay to zero
// Cost: 160 powers and 9 drops for each step; a drop costs at most 128 decreases of the rate.
namespace phaselaw::advice {

struct TimeColumns {
  std::vector<std::vector<double>> power, drop;  // [column][step]
};

class TimeBasis {
 public:
  // `now`: the last step with a loss; `to`: the last step of the run.
  TimeBasis(const RatePlan& plan, double now, double to);
  // The columns under `plan`, which may differ from that of the constructor after `now`.
  [[nodiscard]] TimeColumns columns_at(const std::vector<double>& steps, const RatePlan& plan) const;
  [[nodiscard]] static double alpha_of(std::size_t power);

 private:
  double to_, sum_now_;
  std::vector<double> scale_;  // of the drops
};

}  // namespace phaselaw::advice
