// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/fitting/fit.h"

// The law at new inputs, with the interval of its value and that of one new run's measurement, at the level of the fit.
//
//   value    percentiles of the law at the fits to the resamples; without resamples the delta method on ln L with the
//            sandwich covariance [T]
//   new run  new_run_interval of interval.h, with the quantiles of the residuals expanded by sqrt(n/(n-k)), which
//            include the scatter between runs
// Cost: resamples x rows x 20 ns.
namespace phaselaw::fitting {

struct Prediction {
  std::vector<double> value, lo, hi;   // lo, hi: NaN if the fit has no interval
  std::vector<double> run_lo, run_hi;  // of a new run's measurement
  std::vector<std::string> warnings;   // how far the inputs lie outside the fitted range
};
// InputError for a missing column. `data` and `options` are those of the fit.
[[nodiscard]] Prediction predict(const Fit& fit, const tables::Measurements& data, const FitOptions& options,
                                 const tables::Columns& at);

}  // namespace phaselaw::fitting
