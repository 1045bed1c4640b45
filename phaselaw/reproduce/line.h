// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "phaselaw/base/constants.h"

// A straight line or a growth law through measurements, a mean, or a share of successes, each with its 95 % interval.
// For claims about slopes over the flows of an experiment, of which the points are independent draws.
namespace phaselaw::reproduce {

// AICc of a Gaussian likelihood with a fitted variance, which `parameters` includes. NaN for n <= parameters + 1 [T].
[[nodiscard]] double aicc(double squares, std::size_t points, int parameters);

// The growth of the rate with depth (theory/convergence.h): ln rate = a + ln S(N, c), S(N, c) = sum_nu (1 + c)^(2 (N -
// nu)). c = 0 is the linear reading, c > 0 the exponential one. Least squares over a and c > -1; the interval of c ends
// where the sum of squares, with a refitted, rises by the F quantile of one parameter (profile likelihood) [T].
struct DepthGrowth {
  double growth = base::kNaN, lo = growth, hi = growth;  // c
  double aicc_gain = growth;  // AICc(c = 0) - AICc(c free): > 0 if the data favour a nonzero c
  std::size_t points = 0;
};
// `n_layers` whole numbers >= 1, `log_rate` = ln alpha. All NaN for fewer than four points or two depths.
[[nodiscard]] DepthGrowth fit_depth_growth(std::span<const double> n_layers, std::span<const double> log_rate);

// The mean with Student's t interval [T]; NaN for no value, lo and hi NaN for one.
struct Mean {
  double value = base::kNaN, lo = value, hi = value;
};
[[nodiscard]] Mean mean_of(std::span<const double> values);

// The share k/n with Clopper and Pearson's exact interval [T]; PHASELAW_CHECK 0 <= k <= n, n > 0.
struct Share {
  double value = 0, lo = 0, hi = 0;
};
[[nodiscard]] Share share_of(std::size_t successes, std::size_t trials);

// P(X >= successes) of the binomial distribution: the p value of "the probability is at most `probability`" [T]. Exact
// sum, relative rounding of about trials eps; 0 < probability < 1, successes <= trials.
[[nodiscard]] double binomial_at_least(std::size_t successes, std::size_t trials, double probability);

}  // namespace phaselaw::reproduce
