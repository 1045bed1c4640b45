// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/report/claim.h"
#include "phaselaw/report/page.h"
#include "phaselaw/reproduce/experiment.h"

// Comparison of the exponents of experiment 1 with each other, with the theory's and with those of published fits.
// Nothing is measured here; the runs are those of E1.
//
// Agreement: Cochran's Q [T] of ln q, because the intervals are nearly symmetric in the logarithm. With standard errors
// from the 95 % intervals, s = ln(hi/lo)/(2 * 1.96), and weights w = 1/s^2: ln common = sum w ln q / sum w, Q = sum w
// (ln q - ln common)^2, compared with the 95 % quantile of chi squared with k - 1 degrees of freedom. Sources are
// independent: each has its own runs.
namespace phaselaw::reproduce {

struct MeasuredExponent {
  std::string source;  // "teacher"
  std::string of;      // "excess risk", "reducible loss"
  double value = 0, lo = 0, hi = 0;
  bool identified = false;  // by the fit, if its convergence is certified
};

struct Agreement {
  std::size_t used = 0;                                        // identified exponents
  double common = 0, statistic = 0, critical = 0, widest = 0;  // NaN with fewer than two
};
[[nodiscard]] Agreement agreement_of(const std::vector<MeasuredExponent>& exponents);

// The exponent of C of published fits E + A/N^alpha + B/D^beta, alpha beta/(alpha + beta).
struct PublishedExponent {
  std::string source;
  double alpha = 0, beta = 0;
  [[nodiscard]] double value() const { return alpha * beta / (alpha + beta); }
};
[[nodiscard]] const std::vector<PublishedExponent>& published_exponents();

// E6.consistent, E6.bound
[[nodiscard]] std::vector<report::Claim> claims_of(const std::vector<MeasuredExponent>& exponents);
[[nodiscard]] report::Figure figure_of(const std::vector<MeasuredExponent>& exponents);
[[nodiscard]] report::Table table_of(const std::vector<MeasuredExponent>& exponents);

[[nodiscard]] Finding exponents(const Context& context);

}  // namespace phaselaw::reproduce
