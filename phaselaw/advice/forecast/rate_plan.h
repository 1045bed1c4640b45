// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/tables/runs.h"
#include "phaselaw/tables/schedule.h"

// The learning rate of a run from its first step to its planned end, as far as anything says it.
//
//   stated     by the options; warm-up and decay are those of the planned run, not of the curve so far
//   recorded   the record of the learning rate reaches the planned end
//   continued  the recorded decay follows a linear, cosine or 1-sqrt shape that ends at the planned end, to 0.5 % of the
//              peak at every recorded step, and at least 5 % of the peak are gone; the shape is continued
//   unknown    otherwise: a constant learning rate so far does not say whether a decay will follow
// Cost: linear in the recorded rates.
namespace phaselaw::advice {

struct RatePlan {
  bool known = false;
  std::string how;                 // a clause: "the stated schedule", "the recorded cosine decay, continued to its end"
  double peak = 1;                 // of the recorded rates; 1 if stated
  bool in_recorded_units = false;  // `peak` is the recorded one
  std::vector<double> step, rate;  // nodes, ascending from 0 to the end; rates relative to the peak
  [[nodiscard]] double rate_at(double step) const;  // linear between nodes; the last rate beyond them
};

// The plan of a run with this curve that ends at `to`. InputError if the stated schedule is longer than the run.
[[nodiscard]] RatePlan rate_plan(const tables::Curve& curve, const tables::StatedSchedule& stated, double to);
// The rate 1 from the first step to `to`.
[[nodiscard]] RatePlan constant_plan(double to);
// The plan up to `now`; from there on its rate at `now`.
[[nodiscard]] RatePlan held_from(const RatePlan& plan, double now, double to);
// The plan up to `to`, where it ends.
[[nodiscard]] RatePlan plan_until(const RatePlan& plan, double to);

}  // namespace phaselaw::advice
