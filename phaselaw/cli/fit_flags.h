// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "phaselaw/cli/common.h"
#include "phaselaw/laws/law_fit.h"
#include "phaselaw/laws/measured_table.h"

// What `phaselaw fit` was asked for, and its two ways: a law of any columns, or curves in compute and their envelope.
namespace phaselaw::cli {

struct FitFlags {
  std::string table, law = "two-stage", objective = "huber", interval = "automatic", exponent = "free", floor = "auto",
                     loss, cluster = "auto", weights, sd, out;
  double delta = 1e-3, asymmetry = 4, level = 0.95, holdout = 0.2;
  int resamples = 400;
  bool last = false, laws = false, checklist = false;
  std::vector<std::string> columns, scale, where, fixed;
};

// The options of the fit itself; --seed and --threads are in `common`.
[[nodiscard]] laws::FitOptions fit_options(const Common& common, const FitFlags& flags);
// --col, --loss, --scale, --where, --last.
[[nodiscard]] laws::ReadOptions read_options(const FitFlags& flags);
// "name=number", number as 0.2, 1e9 or 1/6.
[[nodiscard]] std::map<std::string, double> named_values(const char* flag, const std::vector<std::string>& texts);
// "free", "0.2" or "1/6": unset for `word`.
[[nodiscard]] std::optional<double> number_or(const char* flag, const std::string& text, const std::string& word);

// two-stage, or all the forms of curves in compute.
void fit_curves(const Common& common, const FitFlags& flags);
// Any law of the engine, or all that the columns allow, ranked.
void fit_any_law(const Common& common, const FitFlags& flags, const laws::MeasuredTable& table);

}  // namespace phaselaw::cli
