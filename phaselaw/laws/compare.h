// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "phaselaw/laws/fit.h"

// Which form the data prefer: the two-stage law against its rivals, all fitted with the same objective and floor.
//
//   two-stage  E + A exp(-q W0(C/C0));  shifted-power  E + A (1 + C/C0)^-q;  exponential  E + A exp(-C/C0);
//   power  E + A (C/C_mid)^-q
//
// AICc and BIC are those of the Gaussian likelihood of the log residuals, so all forms are compared in that likelihood,
// whatever the objective. Rule for the early form [T: Burnham and Anderson 2002]: forms with an exponential start
// (two-stage, exponential) against forms with a power or shifted-power start; with the best AICc of each group,
// "exponential" if the first is lower by more than 6, "power" if the second is (odds of about 20 to 1), else
// "inconclusive".
namespace phaselaw::laws {

struct Comparison {
  std::vector<Fit> fits;  // ranked, lowest AICc first; forms with too few rows are left out (see notes)
  std::vector<double> delta_aicc, delta_bic;  // above the lowest, in the order of fits
  std::string early_form;                     // "exponential" | "power" | "inconclusive"
  std::vector<std::string> notes;             // forms left out and why
};

// InputError as fit_form, when no form can be fitted.
[[nodiscard]] Comparison compare_forms(std::span<const double> compute, std::span<const double> loss,
                                       const Known& known, const FitOptions& options = {});

}  // namespace phaselaw::laws
