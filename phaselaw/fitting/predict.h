// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/fitting/fit.h"

// The law at new inputs, with the interval of its value and that of one new run's measurement, at the level of the fit.
//
//   value    as uncertainty.h says; within the range of the fitted rows by its linear approximation
//   new run  as uncertainty.h says, which includes the scatter between runs
// Cost: about 20 refits for each row outside the range of the fitted rows, at most 256 of them; 1 us for any other.
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
