// SPDX-License-Identifier: Apache-2.0
#pragma once

// Derivatives of ln Gamma: the mean and the variance of the logarithm of a chi-squared variable are digamma(dof/2) + ln 2
// and trigamma(dof/2).
//
// Accuracy: a few eps, from Boost.Math. Errors: std::domain_error for x <= 0. Source: [T].
namespace phaselaw::numerics {

[[nodiscard]] double digamma(double x);   // d ln Gamma/dx
[[nodiscard]] double trigamma(double x);  // d^2 ln Gamma/dx^2

// The x with trigamma(x) = y, to 1e-12 relative, for 1e-8 <= y <= 1e8. std::domain_error outside.
[[nodiscard]] double inverse_trigamma(double y);

}  // namespace phaselaw::numerics
