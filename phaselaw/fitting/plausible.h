// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/fitting/fit_file.h"
#include "phaselaw/fitting/interval.h"

// Plausible parameters: sets drawn from the uncertainty of a fit, to propagate it to derived results.
//
//   with resamples     the refits of the bootstrap
//   without            kNormalDraws draws from the normal distribution of the sandwich covariance in the fitted
//                      coordinates, kept inside their bounds: the delta method without its linearisation  [T]
// Intervals are percentiles, expanded for the degrees of freedom (interval.h). Draws may be infinite if a quantity does
// not exist for a resample; an end that falls among them is unset.
namespace phaselaw::fitting {

struct Plausible {
  std::vector<std::vector<double>> parameters;  // all, in the law's order; empty if no interval can be computed
  Interval residual;                            // of ln loss, the scatter between runs: residual_interval of interval.h
  std::string method;                           // "bootstrap of 400", "normal draws, sandwich covariance", "none"
  double level = 0.95, tail = 0.025;

  // The interval of a quantity from its draws, one for each of `parameters`. NaN draws count as unknown on either side.
  [[nodiscard]] Estimate estimate(std::string name, double value, std::vector<double> draws) const;
  // The interval of a new run's measurement about its mean > 0: new_run_interval of interval.h.
  [[nodiscard]] Estimate new_run(std::string name, const Estimate& mean) const;
};

// InputError if the fit has no optimum.
[[nodiscard]] Plausible plausible_parameters(const SavedFit& saved);

}  // namespace phaselaw::fitting
