// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/base/format.h"
#include "phaselaw/fitting/fit.h"
#include "phaselaw/report/page.h"

// Helpers for the texts and pages of all questions.
namespace phaselaw::advice {

// "160k [48k, 1.7M]", by base::format_value(). A value that is fixed or has no interval stands alone; an infinite one is
// "no limit" or "none".
[[nodiscard]] std::string with_interval(const fitting::Estimate& estimate,
                                        base::Notation notation = base::Notation::plain);

// Rows of text, the first of which names the columns, as a table of the page.
[[nodiscard]] report::Table table_of(std::vector<std::vector<std::string>> rows, std::string caption);
// And back, with the names of the columns first.
[[nodiscard]] std::vector<std::vector<std::string>> text_rows(const report::Table& table);

}  // namespace phaselaw::advice
