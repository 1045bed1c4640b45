// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/report/claim.h"
#include "phaselaw/reproduce/line.h"

// Intervals that contain the choice of the teacher: a teacher with its data and initialisations is one draw.
//
//   for_each   the statistic of each teacher; mean and Student's t interval over k teachers, k - 1 degrees of freedom
//   jackknife  for a statistic of all teachers together, such as the exponent of an averaged envelope: with s the
//              statistic of all and s_(i) that without teacher i, the standard error is
//              sqrt((k - 1)/k sum_i (s_(i) - mean s_(.))^2), and the interval s +- t_{k-1} se [T: Quenouille, Tukey]
// The jackknife is consistent for smooth statistics; slopes of averaged curves are smooth, medians are not.
namespace phaselaw::reproduce {

struct Effect {
  double value = base::kNaN, lo = base::kNaN, hi = base::kNaN;  // 95 %
  double degrees = base::kNaN;                                  // of freedom: teachers - 1
};

// NaN for no value; no interval for one. Values that are not finite are an error of the caller.
[[nodiscard]] Effect effect_of(std::span<const double> for_each_teacher);

// The statistics of several quantities at once: statistic(teachers) returns one number for each quantity, computed from
// the teachers with these indices. An effect is NaN where any of its statistics is not finite. teachers >= 1.
using Statistics = std::function<std::vector<double>(std::span<const std::size_t> teachers)>;
[[nodiscard]] std::vector<Effect> jackknife(std::size_t teachers, const Statistics& statistics);

// An effect on a logarithm as a factor: exp of the value and of both ends.
[[nodiscard]] Effect exponential(Effect effect);

// "1.17 [1.05, 1.29]"
[[nodiscard]] std::string text_of(const Effect& effect);

// Writes measured, lo, hi and degrees.
void set_measured(const Effect& effect, report::Claim& claim);

}  // namespace phaselaw::reproduce
