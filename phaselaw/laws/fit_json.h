// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "phaselaw/base/value.h"
#include "phaselaw/laws/compare.h"
#include "phaselaw/laws/law_fit.h"

// Fits as document trees with the field names that scripts rely on (design.md). Unknown numbers are null.
namespace phaselaw::laws {

[[nodiscard]] base::Value to_value(const Estimate& estimate);  // value, lo, hi; fixed: true where it is
[[nodiscard]] base::Value to_value(const Fit& fit);
[[nodiscard]] base::Value to_value(const Comparison& comparison);  // fits [..], ranking [..], early_form, notes [..]

// FIT.json: a fit with everything that planning, prediction and refitting need, written and read back to the last bit.
//
// The fields of to_value(Fit) stand first. Then follow
//   format    "phaselaw-fit-1"
//   form      name, expression, output, source, help, nested, parameters [{name, domain, unit, meaning, low, high}] in
//             the law's order
//   fixed     {name: value}
//   optimum   theta, coordinates [{name, logarithmic, log_unit, lower, upper}], replicates [[theta] ..]
//   data      output [..], columns {name: [..]}
//   options   objective, delta, interval, level, resamples, seed, asymmetry, weights, sd, cluster
// Whoever has this file can repeat the fit.
struct SavedFit {
  LawFit fit;
  Measurements data;
  LawOptions options;  // without starts and threads
};
[[nodiscard]] base::Value to_value(const SavedFit& saved);

// InputError naming the file and the field where something is missing, of the wrong kind or does not fit the rest.
[[nodiscard]] SavedFit saved_fit_from(const base::Value& value);
// The file. Of several fits in it (`fits`) the one of `law`; InputError with their names where that is not said.
[[nodiscard]] SavedFit read_fit(const std::string& path, const std::string& law = "");
[[nodiscard]] SavedFit choose_fit(const base::Value& value, const std::string& source, const std::string& law = "");

}  // namespace phaselaw::laws
