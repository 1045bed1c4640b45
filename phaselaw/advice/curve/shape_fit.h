// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "phaselaw/advice/curve/claims.h"
#include "phaselaw/advice/curve/shape_grid.h"
#include "phaselaw/base/constants.h"

// One form fitted to the blocks of a curve, with everything that the blocks do not refute.
//
// A grid of exponents q and time scales u, refined where the fit is good: u for every q, then q between the accepted
// ends, then u again. A shape (q, u) is accepted if chi2 < min + 9 s2, with s2 = max(1, min/dof): three standard
// errors. If the errors are not known, s2 = max(1e-4, min/dof), and the threshold is s2 times the
// 0.997 quantile of F(1, dof).
//   q         from the least to the largest accepted, half a step of the grid more; 0 or infinite at the grid's end
//   floor     of every accepted shape, E +- sqrt((threshold - (chi2 - min))/h), h its curvature
//   gain      relative fall of the loss when the steps of the whole curve double at a constant learning rate, for every
//             accepted shape at both ends of its floor, the end of the curve staying where it is
//   level     of the end, for every accepted shape: +- sqrt((threshold - (chi2 - min)) (1/W + (y - m)^2/V)), with the
//             weights W, and m and V the mean of the shape y and its squares about it
//   bend      power: t0 = q u - start; two-stage: e u
// Cost: about 1500 shapes. Errors: none; a curve without variation gives amplitude 0.
namespace phaselaw::advice {

struct FitProblem {
  std::span<const double> step, loss, error;  // of the blocks
  std::span<const double> clock, drop;        // summed learning rate and its drop, if it falls; otherwise empty
  bool known = true;                          // the errors
  bool two_stage = false;
  double origin = 0;    // two-stage: step at which x is 0; at most the first block's
  double end_step = 0;  // of the curve; the steps double from there
};

struct ShapeFit {
  bool two_stage = false, falling_rate = false;
  double start = 0;        // on the clock: x = clock - start
  double clock_ahead = 0;  // clock minus step at the end of the curve
  double last_drop = 0;    // z at the end of the curve
  ShapePoint best;
  double coarse = 0;  // least chi2 of the grid before its refinement
  double chi2 = 0, dof = 0, s2 = 1, threshold = 9;
  double correlation = 0;  // sqrt(blocks) times the lag-1 correlation of the standardised residuals
  Interval q, floor, gain, bend;
  struct Accepted {
    ShapePoint point;
    double floor_error = 0;
    double level_error = 0;  // of the loss at the end of the curve, with the same shape
    Interval gain;
  };
  std::vector<Accepted> accepted;

  // Whether the residuals are those of noise: P(chi2) > 0.01 and no correlation between neighbours.
  [[nodiscard]] bool acceptable(bool known, bool correlated_rows) const;
};

// Beyond which chi2 a fit is not needed: of the coarse grid, and of the refined one where it is accurate.
struct FitLimits {
  double coarse = base::kInfinity, refined = base::kInfinity;
};

// At least 6 blocks. Beyond the limits no fit is returned.
[[nodiscard]] std::optional<ShapeFit> fit_shape(const FitProblem& problem, const FitLimits& limits);
[[nodiscard]] ShapeFit fit_shape(const FitProblem& problem);

}  // namespace phaselaw::advice
