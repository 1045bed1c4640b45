// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/base/field_reader.h"
#include "phaselaw/fitting/fit_file.h"

// Whether a fit file agrees with itself. A file states its parameters twice, as numbers for people and as the optimum that
// plans and predictions use, and beside them what follows from both; a file that was edited by hand must not give a plan
// for other parameters than those that it shows.
namespace phaselaw::fitting {

// Numbers that are given with six digits or more agree with those that they were rounded from.
inline constexpr double kRoundedTo = 2e-6;

// InputError that names the first field of the file that contradicts the rest:
//   parameters  each of the law, finite and in its domain, equal to that of optimum.theta or fixed, in its search range
//   intervals   not reversed; they contain the estimate, or (bootstrap) ends between the smallest and the largest refit
//   derived     those of the law, equal to their values at the parameters
//   rows        n_points, objective_value and residual_scale equal to those of the rows at the parameters
// `root` is the document, `saved` what was read from it. Cost: one evaluation of the law at all rows.
void require_agreement(const base::FieldReader& root, const SavedFit& saved);

}  // namespace phaselaw::fitting
