// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/advice/diagnose/loss_curve.h"
#include "phaselaw/fitting/fit.h"

// The forms that are fitted to a single loss curve as functions of its clock x, and their fits with common weights.
//
//   two-stage          E + A exp(-q W0(x/C0))                              bend e C0        exponential start
//   shifted-power      E + A (1 + x/t0)^-q                                 bend t0          power start
//   exponential        E + A exp(-x/t0)                                                     exponential start
//   exponential-power  E + A exp(-x/t0) + B x^-q                                            exponential start
//   broken-power       E + A (x/C1)^-q0 (1 + (x/C1)^(1/f))^((q0-q) f)      bend C1          power start
//   power              E + A x^-alpha                                                       power start
// Each form has an additional term - K S2 if the curve is annealed. q is the late exponent; it may be larger or
// smaller than q0.
//
// Degenerate fits are discarded, with a note, because their parameters do not mean what their names say: a late
// exponent above 3 (shifted-power is then an exponential and broken-power a sudden end), or a break of broken-power
// outside the curve.
//
// An exponential start counts as such only if the exponential is visible: the bend of two-stage, or t0, must lie
// beyond the first row; otherwise the start counts as a power. exponential-power counts as exponential or power only if
// one of its terms falls twice as much as the other between the first row and t0; otherwise it is mixed.
//
//   weights    1/(sd_b^2 + s^2): the noise of the block, and a scatter s common to all blocks that is just large enough
//              to explain the residuals of the best form [T: Mandel and Paule 1970]
//   inflation  c = (1 + rho)/(1 - rho), where rho is the lag-1 correlation of neighbouring residuals of the best form,
//              if positive: n/c blocks count as independent
//   QAICc      n/c ln(mean weighted squared residual) + 2 k + 2 k (k+1)/(n - k - 1)    [T: Burnham and Anderson 2002]
//   holdout    mean |predicted/measured - 1| over the last fifth of the blocks, predicted by a fit to the others; not
//              computed if most of the annealing lies in that fifth
namespace phaselaw::advice {

enum class Start { exponential, power, mixed };

struct CurveFormFit {
  fitting::Fit fit;
  std::string form;
  Start start = Start::mixed;
  std::string bend_parameter;  // empty if there is none
  double bend_factor = 1;      // bend = factor times the parameter
  std::string exponent_parameter;
  double misfit = 0;            // QAICc without the terms for the number of parameters
  double qaicc = 0, delta = 0;  // delta: difference from the lowest
  double holdout_error = base::kNaN;
};

struct CurveFits {
  std::vector<CurveFormFit> forms;  // lowest QAICc first
  std::vector<std::string> notes;   // forms that were not fitted or were discarded, and why
  tables::Measurements data;
  fitting::FitOptions options;  // weights and inflation used in the comparison
  double scatter = 0;           // s
  double inflation = 1;         // c
  double independent = 0;       // n/c
};

// c of these residuals, at most 50; with weights (empty: all 1) those of the standardised residuals.
[[nodiscard]] double inflation_of(const std::vector<double>& residual, const std::vector<double>& weights);

// Fits all forms that the number of blocks allows, without intervals. Fits no form if there are fewer than 5 blocks
// or all losses are equal.
[[nodiscard]] CurveFits fit_curve_forms(const LossCurve& curve, double level);

// The same fit with profile intervals, inflated by the correlation of this form's own residuals if it is larger.
[[nodiscard]] fitting::Fit with_intervals(const CurveFits& fits, const CurveFormFit& form,
                                          fitting::FitOptions& options);

// QAICc without the terms for parameters, of the best form of `fits` under the weights of `reference`; infinity without
// a form.
[[nodiscard]] double misfit_under(const CurveFits& reference, const CurveFits& fits);

// The law at clock positions without annealing.
[[nodiscard]] std::vector<double> form_values(const LossCurve& curve, const fitting::Fit& fit,
                                              const std::vector<double>& x);
// The law with the annealing of each block of the curve.
[[nodiscard]] std::vector<double> block_values(const CurveFits& fits, const fitting::Fit& fit);

}  // namespace phaselaw::advice
