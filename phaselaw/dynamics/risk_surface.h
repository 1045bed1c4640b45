// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/numerics/matrix.h"

// A predicted risk on a grid of data sizes n and times t, with the squared errors from which its intervals are
// computed. The estimators are described in learning_curve.h.
//
// Intervals: percentile bootstrap. A replicate draws the tested sequences with replacement, one draw for all n and t,
// and the fits of each n with replacement. Cost per replicate: one pass over the errors.
namespace phaselaw::dynamics {

enum class Estimator { leave_one_out, sub_sampling, omniscient, two_point, gcv };
[[nodiscard]] base::EnumNames<Estimator> enum_names(Estimator);
[[nodiscard]] bool assumes_independent_rows(Estimator estimator);

// Squared errors of one fit, for the intervals.
struct HeldOutErrors {
  std::size_t n_index = 0;              // index of n in the grid
  std::vector<std::int64_t> sequences;  // sequences of the pool, or of the test set
  numerics::Matrix<double> errors;      // times x sequences, mean squared error per number
};

struct RiskSurface {
  Estimator estimator{};
  std::vector<std::int64_t> n_data;
  std::vector<double>
      trained_on;  // number of sequences in a fit; n except for leave_one_out at the pool's end or with folds
  std::vector<double> times;
  numerics::Matrix<double> risk;    // n x times
  numerics::Matrix<double> lo, hi;  // interval at `level`; NaN if the estimator has none
  std::vector<HeldOutErrors> held_out;
  std::string method;  // description of estimator, subsets and interval, with any caveat
};

// The risk matrix of one bootstrap replicate, a function of (seed, replicate) alone.
[[nodiscard]] numerics::Matrix<double> replicate_risk(const RiskSurface& surface, std::uint64_t seed,
                                                      std::uint64_t replicate);

// Fills lo and hi from `resamples` >= 1 replicates; does nothing without held-out errors.
void add_intervals(RiskSurface& surface, double level, int resamples, std::uint64_t seed);

}  // namespace phaselaw::dynamics
