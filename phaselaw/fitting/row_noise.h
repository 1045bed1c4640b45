// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "phaselaw/fitting/row_groups.h"
#include "phaselaw/fitting/tangent_space.h"

// What the residuals of a least-squares fit say about the noise: whether rows of one group share an error, and whether the
// noise changes with the size of the runs. Source: [T] analysis of variance; Glejser 1969.
namespace phaselaw::fitting {

// The F test of group means of the residuals e with n rows, against the scatter within groups:
//   F = (S_between/d_between)/(S_within/d_within),  d_between = G - t,  d_within = n - rank - G + t,
// t = the part of the group means that the fit has already taken (trace of the product of both projections), so that both
// mean squares have the expectation of the noise when rows are independent. The p value is that of the F distribution, an
// approximation, because the two sums are not exactly independent.
struct GroupTest {
  double f = 0, dof = 0, dof_within = 0, p_value = 1;
  double sd = 0;  // standard deviation of the groups' own errors, by the method of moments, in units of e; >= 0
};
// `groups` of row numbers of the data. p_value 1 if no group has several rows, or nothing is left to compare with.
[[nodiscard]] GroupTest test_groups(const TangentSpace& space, const RowGroups& groups);

// Whether the size of the residuals changes along x: the slope of |e|/sqrt(1 - leverage), over its mean and capped at 3.7
// times its median, on x. Two-sided; x has one value for each residual. 1 - leverage counts as at least `least_rest`, so
// that a row that determines a parameter alone has no say.
struct UnevenTest {
  double slope = 0;  // of the relative size of the noise per unit of x
  double p_value = 1;
};
[[nodiscard]] UnevenTest test_uneven(std::span<const double> residual, std::span<const double> leverage,
                                     std::span<const double> x, double least_rest);
[[nodiscard]] UnevenTest test_uneven(const TangentSpace& space, std::span<const double> x);

}  // namespace phaselaw::fitting
