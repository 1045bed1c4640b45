// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/verbs/experiment.h"

// Answers as rows of text, the first of which names the columns: what the program prints and Python shows.
namespace phaselaw::verbs {

using TextRows = std::vector<std::vector<std::string>>;

// Every known number of the theory's JSON, with dots in the names of what a table or a list holds; of a number and its
// logarithm, the logarithm only where the number is out of range.
// With an isolated law, its numbers alone.
[[nodiscard]] TextRows theory_rows(const base::Value& json);
// The points of the isolated law; empty if none was asked for.
[[nodiscard]] TextRows isolated_law_rows(const base::Value& json);
// What measured_constants() measured, in the same form.
[[nodiscard]] TextRows measured_rows(const base::Value& json);
// One row for each bound that it checked.
[[nodiscard]] TextRows check_rows(const analysis::MeasuredConstants& constants);

// One row for each size: the test loss at the last time, and that of the trained models.
[[nodiscard]] TextRows prediction_rows(const analysis::Prediction& prediction);

}  // namespace phaselaw::verbs
