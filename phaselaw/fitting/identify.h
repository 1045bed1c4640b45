// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/law_form.h"
#include "phaselaw/fitting/refit.h"

// Finds parameters that the data constrain poorly: adds a warning to the fit for each and clears `identified`.
namespace phaselaw::fitting {

// Checks for a floor with a profile that is still within noise at 0 or at the smallest output; another parameter with a profile that stays below the threshold up to its bound (R_D* ->
// infinity); columns with too few distinct values for the law; columns that are powers of each other; equal outputs; a
// floor fixed above the smallest output; a bend (a derived quantity "bend_<column>") outside the rows. `form` is bound
// to the rows of the fit.
void judge_identifiability(const LawForm& form, const FitOptions& options, Fit& fit);

// Only the first and the last of these checks, for fits with intervals from another source. A floor below which or above
// which the objective stays within noise is not identified, whatever its interval; its upper end is then the smallest
// output.
void judge_floor(const LawForm& form, Refitter& refitter, double level, Fit& fit);
void judge_bend(const LawForm& form, Fit& fit);

}  // namespace phaselaw::fitting
