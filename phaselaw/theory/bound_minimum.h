// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "phaselaw/theory/two_stage.h"

// The exact minimum over n of the fixed-n two-stage bound. The paper's data-limited law balances the two terms instead.
//
//   bound(n) = R0 exp(-x) + (xi^2/n)^r,   x = xi^2 C/(a n^p)
//   stationary:  x - (1 - r/p) ln x = ln(p R0/r) - 2 r ln xi + (r/p) ln(xi^2 C/a)
//
// The larger root x > 1 - r/p is the minimum, the smaller one a maximum. There (xi^2/n)^r = (p x/r) R0 exp(-x), so
//   d ln(min bound)/d ln C = -(r/p) w/(1 + w),  w = p x/r
// which has the form of the data-limited law's slope -(r/p) W0/(1 + W0), with the same exponent and the same approach
// to it. The minimum lies between the balanced value and twice that value (R0 = r = 1), at a smaller n. If the compute
// is too small for any amount of data to help (no root), the bound approaches R0 as n grows, and there is no minimum.
//
// Accuracy 1e-14 relative times (1 + |ln n|). Cost: 200 ns. Errors: std::domain_error as two_stage.h, for editions
// without a fixed-n law, and unless 0 < r < p. Source: algebra on the reconstructed bound [T on R].
namespace phaselaw::theory {

struct BoundMinimum {
  double log_n_data = 0;
  double x = 0;                // xi^2 C/(a n^p) at the minimum
  double log_excess_risk = 0;  // ln of the bound's minimum
  double slope = 0;            // d ln(minimum)/d ln C
};
// std::nullopt if there is no minimum. The minimum is local; compare it with R0 if the compute is small.
[[nodiscard]] std::optional<BoundMinimum> minimise_over_data(const Edition& edition, double compute, double noise,
                                                             double r0 = 1);

}  // namespace phaselaw::theory
