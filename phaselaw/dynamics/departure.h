// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>

// The time at which a prediction stops being accurate.
//
//   deviation(t) = |predicted(t) - measured(t)| / |measured(t)|;   departure: the first t with deviation > tolerance
//
// Both series have the same ascending times. Between two of them the deviation is taken as linear in ln t (in t if a
// time is <= 0). A measured 0 deviates infinitely from any other prediction; a value that is not finite deviates
// infinitely. The deviation may decrease again after the departure: `largest` is that of the whole run. O(times).
// Source: [R].
namespace phaselaw::dynamics {

struct Departure {
  std::optional<double> time;  // empty: never within the run
  double largest = 0;          // the largest deviation
  double largest_time = 0;
  std::string reason;  // explanation
};

// std::domain_error: sizes differ, no times, times not ascending strictly, tolerance <= 0.
[[nodiscard]] Departure departure(std::span<const double> times, std::span<const double> predicted,
                                  std::span<const double> measured, double tolerance);

}  // namespace phaselaw::dynamics
