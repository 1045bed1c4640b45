// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

// The straight line through points by least squares: y = intercept + slope x.
//
// Interval of the slope: slope +- t_{0.975}(n - 2) sqrt(rest/(n - 2)/sum (x - mean)^2), exact for independent normal
// scatter of equal size about the line. On logarithms of both columns the slope is an exponent.
// Points that are not finite are skipped. Accuracy: two passes, n eps relative to the scatter of the columns. Cost:
// O(n). Errors: std::domain_error for columns of different length. Source: [T].
namespace phaselaw::numerics {

struct Line {
  double slope = 0, intercept = 0;  // NaN with fewer than two different x
  double lo = 0, hi = 0;            // 95 % interval of the slope; NaN with fewer than three points
  std::size_t points = 0;
  double squares = 0;  // sum of the squared residuals; NaN if the slope is
  double r2 = 0;       // share of the variance of y that the line explains; 1 if y does not vary
};
[[nodiscard]] Line least_squares_line(std::span<const double> x, std::span<const double> y);

// The line of ln y on ln x: y = exp(intercept) x^slope. Every x and y must be > 0.
[[nodiscard]] Line least_squares_power(std::span<const double> x, std::span<const double> y);

}  // namespace phaselaw::numerics
