// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/law_form.h"
#include "phaselaw/fitting/refit.h"

// What the data do not determine, in words: appended to the fit's warnings, with `identified` cleared.
namespace phaselaw::fitting {

// E -> 0; a parameter whose profile stays below the threshold up to its bound (R_D* -> infinity); columns with too few
// distinct values for the law; columns that are powers of each other; equal outputs; a floor that is held above the
// smallest output; a bend (a derived quantity "bend_<column>") outside the rows. `form` is bound to the rows of the
// fit.
void judge_identifiability(const LawForm& form, const FitOptions& options, Fit& fit);

// The last of these alone, for fits with intervals of another origin.
void judge_bend(const LawForm& form, Fit& fit);

}  // namespace phaselaw::fitting
