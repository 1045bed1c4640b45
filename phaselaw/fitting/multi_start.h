// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/refit.h"

// Searches the optimum: every start of the form is refined, the best is polished, checked and judged.
//
// Up to 384 rows, all rows take part. With more, the starts are refined on 256 rows that are spread evenly over every
// column; the best three different ends go on to 8,192 rows, if there are that many, and to all rows. A start agrees
// with the optimum if its end leads there. If too few do, the search is repeated on up to 8,192 rows. A solver of
// another kind (numerics/least_squares_qr.h) starts at the optimum of up to 4,096 rows and must not find a lower objective; for more rows,
// and for objectives of absolute values with their own proof, the gradient decides alone.
//
// Certified: converged, the scaled gradient is below 1e-6, and at least two starts reach it (if there are two).
// Cost: starts x (0.1 to 0.5 ms), and some 20 evaluations of all rows.
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
