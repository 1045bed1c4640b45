// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/laws/selection.h"
#include "phaselaw/report/page.h"

// Fits as tables of text, for the page and for the terminal.
namespace phaselaw::advice {

// quantity, value and interval, identified, meaning: parameters, then derived quantities. An end that the data do not
// give is "-inf" or "inf" in words: "no upper end".
[[nodiscard]] report::Table parameter_table(const laws::Fit& fit, const laws::Law* law = nullptr);

// Best first: law, parameters, AICc and BIC above the lowest, error held out, error of the back-test, converged.
[[nodiscard]] report::Table ranking_table(const laws::Ranking& ranking);

// Rows of text, the first of which names the columns, as a table of the page.
[[nodiscard]] report::Table table_of(std::vector<std::vector<std::string>> rows, std::string caption);

// "2.6 %"; an en dash for NaN.
[[nodiscard]] std::string percent(double share, int digits = 2);

}  // namespace phaselaw::advice
