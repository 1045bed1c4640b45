// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/selection.h"

// FIT.json: a fit with everything that planning, prediction and refitting need, written and read back to the last bit.
//
// The fields that scripts rely on come first (unknown numbers are null):
//   law, formula, objective, delta, n_points, objective_value, parameters {name: {value, lo, hi, identified}}, derived,
//   interval {method, level, resamples}, convergence, selection {aicc, bic}, residual_scale, warnings, seconds
// Then follow
//   format    "phaselaw-fit-3"; files of formats 1 and 2 can be read too
//   errors    what the fit estimated from its residuals (error_model.h): {cut, exponent, row_factors, groups}, or null
//   form      the law: name, expression, output, source, help, nested, parameters [{name, domain, unit, meaning, low,
//             high}] in its order, derived [{name, unit, meaning, positive, expression}]
//   fixed     {name: value}
//   optimum   theta, coordinates [{name, logarithmic, log_unit, lower, upper}], replicates [[theta] ..]
//   data      output [..], columns {name: [..]}
//   options   FitOptions, and weights, sd, cluster of the rows
//   holdout   {fraction, n_fitted, n_predicted, compute_factor, mean_abs_rel_error, bias} or null; backtest [..]
// The file suffices to repeat the fit. For several fits, "fits" holds the list, best first.
namespace phaselaw::fitting {

struct SavedFit {
  Fit fit;
  tables::Measurements data;
  FitOptions options;  // without starts and threads
  std::optional<Holdout> holdout;
  std::vector<Holdout> backtest;
};

[[nodiscard]] base::Value to_value(const Estimate& estimate);  // value, lo, hi; fixed: true if the parameter is fixed
[[nodiscard]] base::Value to_value(const Fit& fit);            // only the summary
[[nodiscard]] base::Value to_value(const Holdout& holdout);
[[nodiscard]] base::Value to_value(const SavedFit& saved);
// The same from its parts.
[[nodiscard]] base::Value fit_value(const RankedLaw& ranked, const tables::Measurements& data,
                                    const FitOptions& options);

// InputError naming the file and the field if something is missing, has the wrong type or contradicts the rest
// (fit_file_check.h).
[[nodiscard]] SavedFit saved_fit_from(const base::Value& value);
// All fits of a JSON value in their order, or only that of `law` if it is not empty. InputError naming the available
// laws.
[[nodiscard]] std::vector<SavedFit> saved_fits_from(const base::Value& value, const std::string& source,
                                                    const std::string& law = "");

}  // namespace phaselaw::fitting
