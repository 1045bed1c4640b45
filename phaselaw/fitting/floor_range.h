// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

// How the exponent of a power law depends on the floor that one assumes.
//
//   L_i = (E + A x_i^-q) exp(e_i),   e_i of standard deviation s/sqrt(w_i);   0 <= lowest <= E <= min L        [T]
//
// For each floor E on a grid, q is the least-squares exponent of ln L, with Student's t interval from the linearised
// covariance. A floor is plausible if the objective, with A and q refitted, is within the F threshold of its minimum
// over all floors: the profile interval of E. No floor is above the smallest measured loss. If the plausible floors
// reach that loss or `lowest`, the data do not bound the floor, and the exponent is an assumption about it.
//
// The range [lo, hi] of q is the union of its intervals over the plausible floors. It is wider than a joint profile
// interval of q, so a statement that holds on all of it holds for every floor that the data allow.
// Cost: O(points n); about 1 ms for 100 rows.
namespace phaselaw::fitting {

struct FloorRangeOptions {
  double lowest = 0;              // smallest floor that is considered, such as a known bound of the entropy
  double level = 0.95;            // of all intervals
  int points = 81;                // number of floors on the grid
  std::vector<double> weights{};  // w_i > 0; empty: all 1
  double variance_inflation = 1;  // >= 1: rows per independent row, for rows with correlated noise
};

struct ExponentAtFloor {
  double floor = 0;
  double exponent = 0, lo = 0, hi = 0;  // q with its interval at this floor
  double amplitude = 0;                 // A
  bool plausible = false;
};

struct FloorRange {
  std::vector<ExponentAtFloor> at;      // ascending floors, from `lowest` to the smallest loss; the ends of the
                                        // plausible range are among them
  double smallest = 0;                  // smallest loss
  double floor = 0;                     // with the lowest objective
  double floor_lo = 0, floor_hi = 0;    // plausible floors
  bool bounded = false;                 // both ends lie inside (lowest, smallest): the floor is identified
  double exponent = 0, lo = 0, hi = 0;  // at `floor`, and the union over the plausible floors
  double dof = 0;                       // n/variance_inflation - 3
};

// InputError for fewer than 4 rows or two distinct x, and for values that are not positive and finite. Exponents may be
// negative: a loss that rises.
[[nodiscard]] FloorRange exponent_over_floors(std::span<const double> x, std::span<const double> loss,
                                              const FloorRangeOptions& options = {});

// The exponent at a floor that is known, below every loss, with the same errors as above.
[[nodiscard]] ExponentAtFloor exponent_at_floor(std::span<const double> x, std::span<const double> loss, double floor,
                                                const FloorRangeOptions& options = {});

// The smallest and the largest floor (plausible or not) with an interval that contains the exponent; unset if there is
// none.
[[nodiscard]] std::optional<std::pair<double, double>> floors_that_give(const FloorRange& range, double exponent);

}  // namespace phaselaw::fitting
