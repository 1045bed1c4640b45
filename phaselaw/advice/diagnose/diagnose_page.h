// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/advice/diagnose/diagnose.h"
#include "phaselaw/report/page.h"

// The page of `phaselaw diagnose`: the table of curves, then for each of the first kDetailedCurves its loss with the
// fitted forms and the shaded bend, the residuals, the profile of the bend, and the table of forms.
//
// Total losses and excess risks stand in different frames, and so do different clocks.
namespace phaselaw::advice {

inline constexpr std::size_t kDetailedCurves = 12;

[[nodiscard]] report::Page diagnose_page(const std::vector<Diagnosis>& diagnoses);

// The diagnoses as text: a table, then what was found of each curve.
[[nodiscard]] std::string diagnose_text(const std::vector<Diagnosis>& diagnoses);
// Its table: the first row names the columns.
[[nodiscard]] std::vector<std::vector<std::string>> diagnose_rows(const std::vector<Diagnosis>& diagnoses);

// "2.1e3 [1.7e3, 2.6e3]", with " ?" where it is not identified; a dash where there is no value.
[[nodiscard]] std::string shown(const Quantity& quantity);

}  // namespace phaselaw::advice
