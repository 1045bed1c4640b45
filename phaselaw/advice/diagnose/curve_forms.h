// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/advice/diagnose/loss_curve.h"
#include "phaselaw/fitting/fit.h"

// The forms that a single loss curve is held against, of its clock x, and their fits with one common weighting.
//
//   two-stage          E + A exp(-q W0(x/C0))                              bend e C0        exponential start
//   shifted-power      E + A (1 + x/t0)^-q                                 bend t0          power start
//   exponential        E + A exp(-x/t0)                                                     exponential start
//   exponential-power  E + A exp(-x/t0) + B x^-q                                            exponential start
//   broken-power       E + A (x/C1)^-q0 (1 + (x/C1)^(1/f))^((q0-q) f)      bend C1          power start
//   power              E + A x^-alpha                                                       power start
// each with - K S2 where the curve is annealed. q is the late exponent, steeper or shallower than q0.
//
//   degenerate fits are left out, with a note, because their parameters do not mean what they are called:
//     a late exponent above 3 (shifted-power is then an exponential, broken-power a sudden end); a break of
//     broken-power outside the curve
//   exponential starts count as such only where the exponential is seen: the bend of two-stage and t0 beyond the first
//     row, else they are power starts. exponential-power is either only where one of its terms falls twice as much as
//     the other from the first row to t0; else it is mixed
//
//   weights    1/(sd_b^2 + s^2): the block's noise and a scatter s common to all blocks, so great that the best form's
//              residuals are as large as they should be [T: Mandel and Paule 1970]
//   inflation  c = (1 + rho)/(1 - rho), rho the lag-1 correlation of neighbouring residuals of the best form, where it
//              is positive: n/c blocks are independent, and residuals that wander count as few
//   QAICc      n/c ln(mean weighted squared residual) + 2 k + 2 k (k+1)/(n - k - 1)    [T: Burnham and Anderson 2002]
//   holdout    mean |predicted/measured - 1| of the last fifth of the blocks, by a fit to the others; not
//              where most of the annealing is there
namespace phaselaw::advice {

enum class Start { exponential, power, mixed };

struct CurveFormFit {
  fitting::Fit fit;
  std::string form;
  Start start = Start::mixed;
  std::string bend_parameter;  // empty: none
  double bend_factor = 1;      // bend = factor times the parameter
  std::string exponent_parameter;
  double qaicc = 0, delta = 0;  // delta: above the lowest
  double holdout_error = base::kNaN;
};

struct CurveFits {
  std::vector<CurveFormFit> forms;  // lowest QAICc first
  std::vector<std::string> notes;   // forms left out and why
  tables::Measurements data;
  fitting::FitOptions options;  // weights and inflation of the comparison
  double scatter = 0;           // s
  double inflation = 1;         // c
  double independent = 0;       // n/c
};

// Fits all forms that the number of blocks allows, without intervals. No forms when there are fewer than 5 blocks or
// all losses are equal.
[[nodiscard]] CurveFits fit_curve_forms(const LossCurve& curve, double level);

// The same fit with profile intervals, inflated by this form's own residuals where these wander more.
[[nodiscard]] fitting::Fit with_intervals(const CurveFits& fits, const CurveFormFit& form,
                                          fitting::FitOptions& options);

// The law at clock positions without annealing.
[[nodiscard]] std::vector<double> form_values(const LossCurve& curve, const fitting::Fit& fit,
                                              const std::vector<double>& x);
// And with the annealing of each block of the curve.
[[nodiscard]] std::vector<double> block_values(const CurveFits& fits, const fitting::Fit& fit);

}  // namespace phaselaw::advice
