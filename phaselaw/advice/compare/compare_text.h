// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "phaselaw/advice/compare/compare_request.h"

// What the sentences, tables and figures of a comparison share.
namespace phaselaw::advice {

// "1.62 [1.41, 1.88]"; without a value "at least 1.2", "between 1.2 and 3.1" or "unknown".
[[nodiscard]] std::string factor_text(const fitting::Estimate& factor);
// "2.6e19 FLOP", "1.2B tokens", "step 4,578".
[[nodiscard]] std::string place_text(double value, const std::string& resource, const std::string& unit);

// The answer in one line: the sentence of one candidate, or how many of several are better, worse or not decided.
[[nodiscard]] std::string comparison_answer(const CompareAnswer& answer);
// The tables of one candidate.
[[nodiscard]] std::vector<report::Table> comparison_tables(const CompareAnswer& answer, const RecipeComparison& one);

}  // namespace phaselaw::advice
