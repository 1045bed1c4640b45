// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/advice/text.h"
#include "phaselaw/fitting/selection.h"

// What a fit is good for, in one sentence, and what limits it, by harm.
//
// The order of harm: no certified optimum; a law that misses its rows; rows that are no finished runs or belong to
// several laws; columns that cannot separate the terms; parameters that are not identified; extrapolation; remarks. A
// fit has one limit for all parameters that are not identified; what the fit says of each of them is a remark, except
// where it is the only one.
namespace phaselaw::advice {

// What is known of the rows beside the fit.
struct RowFacts {
  std::optional<std::string> lack_of_fit;  // how the residuals contradict the law; unset if they do not
  std::vector<Limit> limits;               // rows that are no finished runs, columns that hardly vary
};

// "The rows determine the exponent alpha within 8 % and beta within a factor 2.3, but not E, A and B; they scatter by
// 1.6 % about the law."
[[nodiscard]] std::string fit_summary(const fitting::Fit& fit, const RowFacts& facts);

// In the order found; by_harm() sorts them.
[[nodiscard]] std::vector<Limit> fit_limits(const fitting::RankedLaw& best, const RowFacts& facts);

}  // namespace phaselaw::advice
