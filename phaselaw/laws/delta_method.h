// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "phaselaw/laws/fit.h"
#include "phaselaw/laws/refit.h"

// The linear approximation of a least-squares fit: covariance s^2 (J^T W J)^-1, and Student-t intervals of functions of
// the parameters by their gradient (central differences) [T: Bates and Watts 1988, chapter 2].
namespace phaselaw::laws {

struct Covariance {
  std::size_t size = 0;
  std::vector<double> entries;                               // size x size; empty when J^T W J is singular
  [[nodiscard]] double standard_error(std::size_t j) const;  // infinity when singular
};
[[nodiscard]] Covariance covariance_at(const Refitter& refitter, std::span<const double> theta);

struct Interval;
[[nodiscard]] Interval delta_interval(const Derived& quantity, std::span<const double> theta,
                                      const Covariance& covariance, double level, double dof);

}  // namespace phaselaw::laws
