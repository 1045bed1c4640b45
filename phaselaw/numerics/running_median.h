// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

// The median of the 2 half + 1 values around each value. Beyond its ends the sequence continues with its first and last
// value.
//
// Cost: O(n log n) for any half width: the values are sorted once, and a tree of counts holds the window. Memory: 4
// numbers for each value. Accuracy: exact. Errors: none; the values must not be NaN. Source: [T].
namespace phaselaw::numerics {

[[nodiscard]] std::vector<double> running_median(std::span<const double> values, std::size_t half);

}  // namespace phaselaw::numerics
