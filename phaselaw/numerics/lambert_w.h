// SPDX-License-Identifier: Apache-2.0
#pragma once

// The principal branch W0 of Lambert's W: the solution W >= -1 of W e^W = z.
//
// Accuracy: a few units in the last place, except near the square-root singularity at -1/e, where
// W0 = -1 + sqrt(2 (1 + e z)) amplifies the rounding of z. Cost: about 50 ns. Errors: std::domain_error outside the
// domain (NaN included). Source: Corless, Gonnet, Hare, Jeffrey, Knuth 1996 [T]; lambert_w0 is Boost.Math's.
namespace phaselaw::numerics {

// Domain z >= -1/e, finite. At the double nearest to -1/e (kMinusInverseE) the value is exactly -1.
inline constexpr double kMinusInverseE = -0.36787944117144233;
[[nodiscard]] double lambert_w0(double z);

// W0(e^x) for any finite x: the w > 0 with w + ln w = x. It does not overflow: x may be 1e300. Relative error below
// 4 eps max(1, |min(x, 0)|): for x < 0, W0(e^x) ~ e^x, so the rounding of x itself counts. Below x = -745.2 it is 0.
[[nodiscard]] double lambert_w0_of_exp(double x);

}  // namespace phaselaw::numerics
