// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "phaselaw/fitting/refit.h"

// The scale of a robust objective's residuals, for thresholds and covariances.
//
// psi = rho'/2 is r up to delta, then delta. If delta is far below the residuals, few rows contribute to the mean of
// psi' = 1(|r| < delta). It is then estimated from a window h >= delta of the size of the residuals, as delta/h times
// the share of rows within h [T: Powell 1991, Silverman's h]. psi' of a row is then delta/h within h, otherwise 0.
namespace phaselaw::fitting {

struct RobustScale {
  double spread = 0;      // of the residuals: median |r| / 0.6745; 0 for least squares, which does not use it
  double bandwidth = 0;   // Silverman's: 1.06 spread n^(-1/5)
  double window = 0;      // h
  double slope = 1;       // psi' of a row within h: delta/h
  double psi_square = 0;  // weighted mean of psi^2
  double psi_slope = 1;   // weighted mean of psi'
};
[[nodiscard]] RobustScale robust_scale(const Refitter& refitter, std::span<const double> theta);

}  // namespace phaselaw::fitting
