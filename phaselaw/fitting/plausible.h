// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/fitting/fit_file.h"
#include "phaselaw/fitting/interval.h"

// Parameters as plausible as the data leave them, to carry a fit's uncertainty into whatever is computed from it.
//
//   with resamples     the refits of the bootstrap
//   without            kNormalDraws draws from the normal distribution of the sandwich covariance in the fitted
//                      coordinates, kept inside their bounds: the delta method without its linearisation  [T]
// An interval is cut off at percentiles, expanded for the degrees of freedom (interval.h). Draws may be infinite, where
// a resample puts a quantity nowhere: an end that falls among them is unset.
namespace phaselaw::fitting {

struct Plausible {
  std::vector<std::vector<double>> parameters;  // all, in the law's order; empty: no interval can be had
  Interval residual;                            // of ln, what runs differ by: residual_interval of interval.h
  std::string method;                           // "bootstrap of 400", "normal draws, sandwich covariance", "none"
  double level = 0.95, tail = 0.025;

  // Of a quantity's draws, one for each of `parameters`. NaN draws count as unknown on either side.
  [[nodiscard]] Estimate estimate(std::string name, double value, std::vector<double> draws) const;
  // Of a new run's measurement about its mean > 0: new_run_interval of interval.h.
  [[nodiscard]] Estimate new_run(std::string name, const Estimate& mean) const;
};

// InputError when the fit has no optimum.
[[nodiscard]] Plausible plausible_parameters(const SavedFit& saved);

}  // namespace phaselaw::fitting
