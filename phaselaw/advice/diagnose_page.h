// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/laws/diagnose.h"
#include "phaselaw/report/page.h"

// The page of `phaselaw diagnose`: the table of curves, then for each of the first kDetailedCurves its loss with the
// fitted forms and the shaded bend, the residuals, the profile of the bend, and the table of forms.
//
// Total losses and excess risks stand in different frames, and so do different clocks.
namespace phaselaw::advice {

inline constexpr std::size_t kDetailedCurves = 12;

[[nodiscard]] report::Page diagnose_page(const std::vector<laws::Diagnosis>& diagnoses);

// "2.1e3 [1.7e3, 2.6e3]", with " ?" where it is not identified; a dash where there is no value.
[[nodiscard]] std::string shown(const laws::Quantity& quantity);

}  // namespace phaselaw::advice
