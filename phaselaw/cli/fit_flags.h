// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "phaselaw/cli/common.h"
#include "phaselaw/laws/law_fit.h"
#include "phaselaw/laws/measured_table.h"
#include "phaselaw/verbs/fit.h"

// What `phaselaw fit` was asked for, and how its two kinds of answers are shown.
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

// Everything that was asked for but the table.
[[nodiscard]] verbs::FitRequest fit_request(const Common& common, const FitFlags& flags);

// What a fit has to show: files, --json, text.
void show(const Common& common, const FitFlags& flags, const verbs::CurvesFit& answer);
void show(const Common& common, const FitFlags& flags, const verbs::TableFit& answer);

}  // namespace phaselaw::cli
