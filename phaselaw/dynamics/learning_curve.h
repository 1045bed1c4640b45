// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phaselaw/dynamics/risk_surface.h"
#include "phaselaw/dynamics/sequence_kernel.h"

// The risk of gradient flow on a grid of data sizes n and times t, from the kernel of a pool of sequences: the learning
// curve before any training.
//
// leave_one_out  leave_one_out_flow.h on random subsets of n + 1 sequences (n if the pool has no more), so that each
//                fit uses n: unbiased for the risk at n. The default.
// sub_sampling   trained on random subsets of n, tested on the rest of the pool (on the test set if there is one): also
//                unbiased, and with less scatter if the pool is large.
// omniscient     omniscient.h at the equivalent ridge n / (2 t), with the pool as the population; assumes n R
//                independent rows and is therefore too low
// two_point      gradient_flow_risk.h at s = 2 t / n, with the same assumption
// gcv            row_estimates.h at the equivalent ridge on the same random subsets of n, with the same assumption
//
// Intervals (leave_one_out and sub_sampling): percentile bootstrap. A replicate draws the pool's (test set's) sequences
// with replacement, one draw for all n and t, and the subsets of each n with replacement. It accounts for the choice of
// subset and of test sequences. It is approximate, because fits share data, and too short if the pool is small.
// Cost: one eigendecomposition (9 (n R)^3 flop) for each n and subset; the memory of the largest.
// Errors: InputError for sizes that do not match, n above the pool, invalid times, numbers that are not finite.
namespace phaselaw::dynamics {

struct Pool {
  SequenceKernel kernel;            // n_pool x n_pool
  std::span<const double> targets;  // y
  std::span<const double> outputs;  // f0; empty: 0
  // The targets against which errors are measured; empty: y. With F*, risks are excess risks, also leave-one-out.
  std::span<const double> clean_targets;
};

struct TestSet {
  SequenceKernel kernel;            // n_test x n_pool
  std::span<const double> targets;  // clean or noisy
  std::span<const double> outputs;  // f0; empty: 0
};

struct SurfaceOptions {
  std::vector<std::int64_t> n_data;  // ascending, 1 .. pool
  std::vector<double> times;         // ascending, >= 0; the last may be infinity
  std::int64_t subsets = 4;          // random subsets for each n; >= 1
  std::int64_t folds = 0;            // leave_one_out: 0 or n: one sequence per fold; otherwise this number of folds
  std::uint64_t seed = 0;
  double level = 0.95;
  int resamples = 400;        // bootstrap replicates; 0: no intervals
  double noise_variance = 0;  // sigma^2 that the pool's targets do not contain (omniscient, two_point)
};

[[nodiscard]] RiskSurface risk_surface(const Pool& pool, Estimator estimator, const SurfaceOptions& options,
                                       const TestSet* test = nullptr);

}  // namespace phaselaw::dynamics
