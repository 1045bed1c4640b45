// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phaselaw/report/claim.h"
#include "phaselaw/report/figure.h"
#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/random_effect.h"
#include "phaselaw/reproduce/risk_curves.h"

// Label noise of tokens (open question 4 of the paper): each target is a uniform token with probability e, so that the
// data have the known distribution p_e = (1 - e) p* + e/V (docs/theory/noise.md).
//
// A student q of p_e implies the student (q - e/V)/(1 - e) of p*. Near the uniform distribution the divergence is
// quadratic, so KL(p_e || q)/(1 - e)^2 is the excess risk of the implied student, while the scatter of the labels
// stays the same. Noisy data are then worth (1 - e)^2 as many clean ones                                     [R]
//
//   risk         best excess risk KL(p_e || q) of the curve averaged over teachers, in nats per token
//   useful size  number of clean sequences with the best risk risk/(1 - e)^2, interpolated between sizes
//
// Used are sizes n with n (1 - e)^2 at least the smallest size, so that the useful size lies among the measured ones if
// the expectation holds. A teacher is a Markov chain. Intervals: jackknife over teachers.
namespace phaselaw::reproduce {

inline constexpr double kTokenSizeMargin = 0.25;     // of useful size/(n (1 - e)^2)
inline constexpr double kTokenExponentMargin = 0.3;  // of the exponent 2
inline constexpr double kTokenSlopeMargin = 0.1;     // of the difference of slopes in n

struct TokenNoiseCase {
  double share = 0;  // e
  RiskCurves curves;
};
struct TokenNoiseStudy {
  std::vector<TokenNoiseCase> cases;  // the first is without noise
};

struct TokenNoisePoint {
  double share = 0, n = 0, risk = 0;
  double useful = 0;  // NaN where n (1 - e)^2 is below the smallest size, and without noise
};
struct TokenNoiseResults {
  std::vector<TokenNoisePoint> points;  // of all teachers
  Effect useful_to_expected;            // geometric mean of useful/(n (1 - e)^2)
  Effect exponent;                      // of useful/n in 1 - e: least squares of the logarithms, through the origin
  Effect slope, slope_of_clean;         // of ln risk on ln n, mean over e > 0; e = 0
  Effect slope_difference;
  std::size_t teachers = 0;
};
[[nodiscard]] TokenNoiseResults analyse(const TokenNoiseStudy& study);

// E2.token_noise_data, .token_noise_exponent, .token_noise_slope (open)
[[nodiscard]] std::vector<report::Claim> claims_of(const TokenNoiseResults& results);
[[nodiscard]] std::vector<report::Figure> figures_of(const TokenNoiseResults& results);
[[nodiscard]] report::Table table_of(const TokenNoiseResults& results);

[[nodiscard]] Finding token_noise(const Context& context);

}  // namespace phaselaw::reproduce
