// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/fitting/fit.h"

// The profile of the objective along one parameter, all others refitted at each value: what a person looks at to see
// whether the data determine it. A profile that stays flat to one side belongs to a parameter unbounded on that side.
//
// Values spread over three times the interval, where both its ends exist; else to the parameter's bound or a factor
// e^5, whichever is nearer. Logarithmic for positive parameters. Cost: n_points warm refits.
namespace phaselaw::fitting {

struct ProfileCurve {
  std::string parameter;
  std::vector<double> value, objective;  // by increasing value; the optimum is among them
  double optimum = 0;                    // the fitted value
  double threshold = 0;                  // the objective at which the interval of the fit's level ends
  std::optional<double> lo, hi;          // where the profile crosses the threshold; unset: it does not
};
// InputError when the parameter is unknown or fixed.
[[nodiscard]] ProfileCurve profile(const Fit& fit, const tables::Measurements& data, const FitOptions& options,
                                   const std::string& parameter, int n_points = 41);

}  // namespace phaselaw::fitting
