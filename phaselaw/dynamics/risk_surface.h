// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/numerics/matrix.h"

// A predicted risk on a grid of data sizes n and times t, with the squared errors that its intervals are made of.
// What the estimators are: learning_curve.h.
//
// Intervals: percentile bootstrap. A replicate draws the tested sequences with replacement, one draw for all n and t,
// and the fits of each n with replacement. Cost of a replicate: one pass over the errors.
namespace phaselaw::dynamics {

enum class Estimator { leave_one_out, sub_sampling, omniscient, two_point, gcv };
[[nodiscard]] base::EnumNames<Estimator> enum_names(Estimator);
[[nodiscard]] bool assumes_independent_rows(Estimator estimator);

// Squared errors of one fit: what intervals are made of.
struct HeldOutErrors {
  std::size_t n_index = 0;              // which n of the grid
  std::vector<std::int64_t> sequences;  // of the pool, or of the test set
  numerics::Matrix<double> errors;      // times x sequences, mean squared error per number
};

struct RiskSurface {
  Estimator estimator{};
  std::vector<std::int64_t> n_data;
  std::vector<double> trained_on;  // sequences that a fit saw; n but for leave_one_out at the pool's end or with folds
  std::vector<double> times;
  numerics::Matrix<double> risk;    // n x times
  numerics::Matrix<double> lo, hi;  // interval at `level`; NaN where the estimator has none
  std::vector<HeldOutErrors> held_out;
  std::string method;  // estimator, subsets, interval in words, with the caveat where one holds
};

// The risk matrix of one bootstrap replicate, a function of (seed, replicate) alone.
[[nodiscard]] numerics::Matrix<double> replicate_risk(const RiskSurface& surface, std::uint64_t seed,
                                                      std::uint64_t replicate);

// Fills lo and hi from `resamples` >= 1 replicates; nothing without held-out errors.
void add_intervals(RiskSurface& surface, double level, int resamples, std::uint64_t seed);

}  // namespace phaselaw::dynamics
