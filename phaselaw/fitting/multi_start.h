// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/refit.h"

// Searches the optimum: every start of the form is refined, the best is polished, checked by a second solver, and
// judged.
//
// Certified: converged, the scaled gradient is below 1e-6, and at least two starts reach it (if there are two).
// Cost: starts x (0.1 to 2 ms).
namespace phaselaw::fitting {

struct MultiStart {
  numerics::LeastSquaresResult best;  // empty if the form is not defined at any start
  std::vector<std::vector<double>> starts;
  Convergence convergence;
};
[[nodiscard]] MultiStart multi_start(Refitter& refitter);

// Withdraws the certificate if the scaled gradient of a refined optimum is not below 1e-6.
void judge_gradient(const numerics::LeastSquaresResult& optimum, Convergence& convergence);

}  // namespace phaselaw::fitting
