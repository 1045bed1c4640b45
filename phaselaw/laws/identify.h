// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/laws/law_fit.h"
#include "phaselaw/laws/law_form.h"
#include "phaselaw/laws/refit.h"

// What the data do not determine, in words: appended to the fit's warnings, with `identified` cleared.
namespace phaselaw::laws {

// E -> 0; a parameter whose profile stays below the threshold up to its bound (R_D* -> infinity); columns with too few
// distinct values for the law; columns that are powers of each other.
void judge_identifiability(const LawForm& form, const LogData& data, const Columns& columns, const FitOptions& options,
                           LawFit& fit);

}  // namespace phaselaw::laws
