// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/advice/forecast/forecast.h"
#include "phaselaw/advice/forecast/rate_plan.h"
#include "phaselaw/fitting/fit_file.h"
#include "phaselaw/tables/rows.h"

// The final loss of a planned run from a law of smaller runs (fitting/predict.h), with the interval of a new run.
//
// The columns of the law come from the plan: n_params and tokens from the options (tokens otherwise from the end of the
// curve), step from its last step, compute = 6 n_params tokens, lr_sum and lr_drop from the recorded learning rates.
// Errors: InputError for a column of the law that nothing gives, and for a fit without intervals.
// Cost: about 20 refits outside the range of the fitted runs.
namespace phaselaw::advice {

struct PlannedRun {
  ForecastOptions options;
  double to = base::kNaN;  // last step; NaN: not known
  RatePlan plan;
};

[[nodiscard]] ForecastPart ladder_part(const fitting::SavedFit& ladder, const PlannedRun& run,
                                       std::vector<std::string>& notes);

// A law fitted to the last rows of a table of smaller runs (all rows for a law of steps or learning rates).
[[nodiscard]] fitting::SavedFit fit_ladder(documents::Reading reading, const tables::ReadOptions& read,
                                           const std::string& law, double level);

}  // namespace phaselaw::advice
