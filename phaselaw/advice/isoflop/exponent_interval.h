// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

// The interval of the exponent a of N* ~ C^a, the slope of ln N* against ln C over budgets by least squares.
//
// Each N* has an error from the noise of its own bowl, known from draws (bowl_noise.h), and may scatter for other
// reasons, which only the distances from the line show. With v_b the variance of ln N*_b over the draws, r_b its distance
// from the line with weights 1/v_b, B budgets, and nu the degrees of freedom of the noise (of the variance of a by
// Satterthwaite's rule where the budgets differ in their noise),
//   F = sum_b r_b^2/v_b / (B - 2)        follows F(B - 2, nu) if the noise of the bowls explains the scatter.
//   F below its 90 % quantile   both estimate one noise: the quantiles of the draws of a are multiplied by
//                               t(nu + B - 2)/z sqrt( (nu + (B - 2) F)/(nu + B - 2) )
//   above                       a -+ t(B - 2) times the standard error of the line, and never narrower than before
// A draw, like the method itself, leaves out the budgets without a minimum inside the sizes.
// t and z are the quantiles of Student's t and of the normal distribution. The quantiles of the draws are kept, because
// the vertex of a noisy parabola is skewed. Source: [R] from the textbook tests [T: Davison and Hinkley 1997, Birge].
namespace phaselaw::advice {

inline constexpr double kScatterLevel = 0.9;  // quantile of F above which the budgets scatter more than their noise

struct ExponentInterval {
  double value = 0;
  std::optional<double> lo, hi;
  double dof = 0;             // of Student's t
  double scatter = 0;         // F; NaN with two budgets or without draws
  bool from_scatter = false;  // F is above its quantile
  std::string why;            // why an end is missing; "" if both are there
};

// `shifts`: for each budget the draws of ln N* minus its value, not finite where a draw has no minimum inside the sizes;
// empty if there are no draws.
// `freedom`: the degrees of freedom of each budget's noise; all equal: they are of one common noise. At least two budgets.
[[nodiscard]] ExponentInterval exponent_interval(std::span<const double> log_compute, std::span<const double> log_size,
                                                 std::span<const std::vector<double>> shifts,
                                                 std::span<const double> freedom, double level);

// The interval of a line alone: slope -+ t(n - 2) se. Needs three points.
[[nodiscard]] ExponentInterval line_interval(std::span<const double> log_compute, std::span<const double> log_size,
                                             double level);

struct Ends {
  std::optional<double> lo, hi;
  double missing = 0;  // share of the draws that are NaN
};
// Quantiles of draws about zero, multiplied by `expansion`. A NaN counts as unknown on either side; an end that falls
// among unknown or infinite draws is unset.
[[nodiscard]] Ends ends_of(std::vector<double> draws, double level, double expansion);

// t(dof)/z at the level.
[[nodiscard]] double student_expansion(double level, double dof);

}  // namespace phaselaw::advice
