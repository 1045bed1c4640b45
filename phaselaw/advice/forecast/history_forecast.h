// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/advice/forecast/curve_forecast.h"
#include "phaselaw/advice/forecast/forecast.h"
#include "phaselaw/advice/forecast/rate_plan.h"

// The final loss of a run from complete earlier runs of the same or a similar recipe.
//
//   f_j    = ln L_j(target) - ln L_j(now), at the same shares of the steps of run j
//   ln L   = ln L(now) + mean f +- t(nu) sqrt(s^2 (1 + 1/m) + 2 e^2),   nu = m + 1
//   s^2    = (2 s0^2 + sum (f_j - mean f)^2)/(m + 1),   s0 = 0.25 |mean f| + 0.001
// e is the standard error of ln L(now), and of the final level, which is measured in the same way. s0 is a prior with two degrees of freedom, so that one earlier run suffices; on
// the runs of benchmarks/laws/study_forecast.cpp its intervals cover about 95 % [R].
// The runs are compared at equal shares, so their schedules must have the same shape.
namespace phaselaw::advice {

// A curve as rows that can be used.
struct RunRows {
  std::string name, quantity, axis;
  std::vector<double> step, loss;  // positive and finite, ascending
  std::size_t recorded = 0, not_finite = 0;
  bool ends_not_finite = false;
  double warmup_end = 0;
};
// `to`: the end of the run, for a warm-up that is stated as a share; NaN: the last row.
[[nodiscard]] RunRows run_rows(const tables::Curve& curve, const tables::StatedSchedule& stated,
                               double to = base::kNaN);

inline constexpr std::size_t kFewestForecastRows = 8;

struct EarlierRuns::Prepared {
  struct Run {
    RunRows rows;
    RatePlan plan;
    double end = 0, level = 0;  // last step, and the level of the loss there
  };
  std::vector<Run> runs;
  std::vector<PastForecast> past;
  std::vector<std::string> notes;
};

// `now` and `target` are steps of a run that ends at `to`; `skip`: an earlier run to leave out (its index), or none (npos).
inline constexpr std::size_t kNoRun = static_cast<std::size_t>(-1);
[[nodiscard]] std::optional<ForecastPart> history_part(const EarlierRuns::Prepared& history, std::size_t skip,
                                                       double now_level, double now_error, double now, double target,
                                                       double to, double level);
// The final losses of the earlier runs as a forecast of a run without a curve; at least two runs.
[[nodiscard]] std::optional<ForecastPart> history_of_plan(const EarlierRuns::Prepared& history, double level);

}  // namespace phaselaw::advice
