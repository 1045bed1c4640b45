// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

// Sums, moments, order statistics and quantiles of the standard distributions, in double.
//
// Errors: std::domain_error for an empty sample (fewer than two values for the standard deviation), for a probability
// outside its interval and for non-positive degrees of freedom. Samples must not hold NaN. Source: [T].
namespace phaselaw::numerics {

// Neumaier's compensated sum: |error| <= eps |sum| + O(n eps^2) sum |x_i|. Empty: 0. O(n).
[[nodiscard]] double sum(std::span<const double> values);

[[nodiscard]] double mean(std::span<const double> values);

// sqrt( sum (x_i - mean)^2 / (n - 1) ), two passes.
[[nodiscard]] double standard_deviation(std::span<const double> values);

// Quantile of type 7 (Hyndman and Fan 1996; the default of R and NumPy): with h = (n-1) p, linear between the sorted
// values at floor(h) and floor(h)+1. 0 <= p <= 1. O(n log n); the sorted form O(1).
[[nodiscard]] double quantile(std::span<const double> values, double p);
[[nodiscard]] double quantile_of_sorted(std::span<const double> sorted, double p);

[[nodiscard]] double median(std::span<const double> values);

// From Boost.Math: the normal to a few eps, Student's t and F to 1e-10 relative.
[[nodiscard]] double normal_cdf(double x);
[[nodiscard]] double normal_quantile(double p);  // 0 < p < 1
[[nodiscard]] double student_t_cdf(double t, double dof);
[[nodiscard]] double student_t_quantile(double p, double dof);        // 0 < p < 1
[[nodiscard]] double f_quantile(double p, double dof1, double dof2);  // 0 < p < 1
[[nodiscard]] double f_cdf(double f, double dof1, double dof2);   // f >= 0; the upper tail is f_cdf(1/f, dof2, dof1)
[[nodiscard]] double chi_squared_quantile(double p, double dof);  // 0 < p < 1

// n values from lo to hi, evenly spaced in the logarithm, the ends exact. 0 < lo <= hi, n >= 1 (n = 1: lo).
[[nodiscard]] std::vector<double> log_spaced(double lo, double hi, std::size_t n);

}  // namespace phaselaw::numerics
