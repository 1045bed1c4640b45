// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/fitting/fit.h"

// The profile of the objective along one parameter, with all others refitted at each value. It shows whether the data
// constrain the parameter: a profile that stays flat to one side belongs to a parameter that is unbounded on that side.
//
// The values span three times the interval if both its ends exist; otherwise they reach to the parameter's bound or a
// factor e^5, whichever is nearer. They are logarithmic for positive parameters. Cost: n_points warm refits.
namespace phaselaw::fitting {

struct ProfileCurve {
  std::string parameter;
  std::vector<double> value, objective;  // ascending; the optimum is among them
  double optimum = 0;                    // the fitted value
  double threshold = 0;                  // the objective at which the interval of the fit's level ends
  std::optional<double> lo, hi;          // where the profile crosses the threshold; unset if it does not
};
// InputError if the parameter is unknown or fixed.
[[nodiscard]] ProfileCurve profile(const Fit& fit, const tables::Measurements& data, const FitOptions& options,
                                   const std::string& parameter, int n_points = 41);

}  // namespace phaselaw::fitting
