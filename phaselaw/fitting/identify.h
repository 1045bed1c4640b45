// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/law_form.h"
#include "phaselaw/fitting/refit.h"

// Which parameters the data determine. A parameter is identified if
//   - its interval has two ends, and for a positive one they differ by at most kWidestFactor;
//   - neither it nor any parameter except a floor is at a bound of the search: where one is, the others only compensate it;
//   - a column has enough distinct values, and the bend lies inside the rows.
// The factor is meant in any units: that of an amplitude A is judged on its term at the geometric mean of the rows, A x^-a
// with x there, because A itself is the term at x = 1, far outside the rows, and changes with the unit of x.
// Each parameter that is not identified gets a warning that says why and what to do.
namespace phaselaw::fitting {

struct IntervalSet;

// The terms of the amplitudes at the geometric mean of the rows, in the order of the coordinates; their intervals are
// what judge_identifiability() expects in IntervalSet::derived.
[[nodiscard]] std::vector<Derived> terms_at_centre(const LawForm& form);

// `form` is bound to the rows of the fit, `options` are as applied. `set`: intervals of the coordinates and of the terms;
// null if there are none. Adds warnings and sets `identified` of all estimates.
void judge_identifiability(const LawForm& form, const FitOptions& options, const IntervalSet* set, Fit& fit);

}  // namespace phaselaw::fitting
