// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <numbers>
#include <optional>

#include "phaselaw/theory/two_stage.h"

// The band between lower and upper bound at a given compute: the matching bounds of the two-stage law
// (docs/theory/two-stage-law.md, docs/theory/lower-bounds.md).
//
//   upper   with n: R0 exp(-x) + (xi^2/n)^r, x = xi^2 C/(a n^p);  without: (xi^2/n(C))^r                       [R]
//   lower   xi^2/(16 n), n given or n(C)                                                                       [T]
// At the best n and r = 1 the ratio upper/lower is 16 at every compute: both are Theta(C^(-1/p)) up to the logarithm,
// so the law is tight. For r < 1 (the predecessor) the ratio grows as n^(1-r), so its bounds do not match. At fixed n
// below the threshold the upper bound is far above; there the optimisation lower bound of first_order.h applies
// instead.
//
// Accuracy, cost and errors as two_stage.h. A measured risk outside the band contradicts an assumption of the bounds.
namespace phaselaw::theory {

inline constexpr double kLog16 = 4 * std::numbers::ln2;  // of the matching lower bound: at least 1/16

struct MatchingBand {
  double log_lower = 0, log_upper = 0;  // natural logarithms of risks
  [[nodiscard]] double log_ratio() const { return log_upper - log_lower; }
};
// std::domain_error for n_data with an edition that has no fixed-n law.
[[nodiscard]] MatchingBand matching_band(const Edition& edition, double compute, double noise,
                                         std::optional<double> n_data = {}, double r0 = 1);

// xi^2/(16 n(C)) for the accounting C = a n^p without its logarithm, as quoted in the paper's summary:
// (xi^2/16) (a/C)^(1/p), Omega(C^(-1/p)) [S form, T constant].
[[nodiscard]] double log_statistical_lower_bound_of_compute(const Edition& edition, double compute, double noise);

}  // namespace phaselaw::theory
