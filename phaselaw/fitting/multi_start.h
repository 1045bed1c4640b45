// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/refit.h"

// The search for the optimum: every start of the form refined, the best polished, checked by a second solver and
// judged.
//
// Certified: converged, the scaled gradient below 1e-6, and at least two starts (where there are two) that reach it.
// Cost: starts x (0.1 to 2 ms).
namespace phaselaw::fitting {

struct MultiStart {
  numerics::LeastSquaresResult best;  // no parameters where the form is not defined at any start
  std::vector<std::vector<double>> starts;
  Convergence convergence;
};
[[nodiscard]] MultiStart multi_start(Refitter& refitter);

}  // namespace phaselaw::fitting
