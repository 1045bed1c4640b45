// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/refit.h"

// The sandwich covariance of a fit, and Student-t intervals of functions of the parameters by their gradient (central
// differences) [T: Bates and Watts 1988, chapter 2].
namespace phaselaw::fitting {

struct Covariance {
  std::size_t size = 0;
  std::vector<double> entries;                               // size x size; empty if A is singular
  [[nodiscard]] double standard_error(std::size_t j) const;  // infinity if singular
};

// (A^-1) B (A^-1) with A = sum w psi' J J^T and B = sum over groups of rows of (sum w psi J)(sum w psi J)^T, times
// G/(G-1) (n-1)/(n-k) for G groups: valid under unequal variances, and under dependence within groups
// [T: Huber 1967, Liang and Zeger 1986].
[[nodiscard]] Covariance sandwich_covariance(const Refitter& refitter, std::span<const double> theta,
                                             const std::vector<std::vector<std::size_t>>& groups);

struct Interval;
[[nodiscard]] Interval delta_interval(const Derived& quantity, std::span<const double> theta,
                                      const Covariance& covariance, double level, double dof);

}  // namespace phaselaw::fitting
