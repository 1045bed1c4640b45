// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/refit.h"

// Intervals around a certified optimum: of every coordinate (in theta) and of every derived quantity.
//
// Measured coverage of the 95 % interval of the exponent: two-stage curves of 60 points over nine decades of compute, 3
// % log-normal noise, q = 1/6; standard error 0.5 points for 2000 draws, 0.7 for 1000, 1.0 for 300.
//   l2, profile, floor 0          94.5 % of 2000 (the bend 95.0 %)
//   l2, profile, floor free       95.0 % of 2000 (the bend 95.1 %, the floor 95.5 %)
//   l2, bootstrap, 400 resamples  94.1 % of 1000 (the bend 93.6 %); without the expansion 93.1 % (92.4 %)
// Of other laws and objectives: docs/laws.md, measured by benchmarks/laws/study_coverage.cpp.
namespace phaselaw::fitting {

struct Interval {
  std::optional<double> lo, hi;  // unset: not bounded on that side, or not determined
};

struct IntervalSet {
  std::vector<Interval> coordinates, derived;
  int resamples = 0;  // refits that converged and were used
  int attempted = 0;
  int checked = 0, improved = 0;   // refits also begun at `starts`; those where that led lower
  std::vector<double> replicates;  // resamples x coordinates, row-major: theta of the refits
};

// method: bootstrap, bca, profile or sandwich (not automatic). Refits begin at the optimum; those of a form without a
// grid of starts, and every 16th of the others, also at each of `starts`. options.threads share the refits: resample k
// does not depend on who draws it.
[[nodiscard]] IntervalSet intervals(Refitter& refitter, const numerics::LeastSquaresResult& optimum,
                                    IntervalMethod method, const FitOptions& options,
                                    const std::vector<Derived>& derived, std::span<const std::vector<double>> starts);

// The profile interval of one coordinate, in theta.
[[nodiscard]] Interval profile_interval(Refitter& refitter, const numerics::LeastSquaresResult& optimum,
                                        std::size_t coordinate, double level);

// The lower Cholesky factor (row-major) of the sandwich covariance by the options' clusters; empty when singular.
[[nodiscard]] std::vector<double> sandwich_root(const Refitter& refitter, std::span<const double> theta,
                                                const FitOptions& options);

// How many independent units the rows are: rows, or clusters.
[[nodiscard]] std::size_t n_groups(std::size_t n_rows, const std::vector<std::string>& cluster);

// The tail to cut off on either side of a bootstrap distribution from n resampled units. Resampled residuals are too
// small by sqrt(dof/n), and a percentile takes the normal quantile where Student's is due: the expanded percentile
// interval mends both [T: Hesterberg 2015, section 6.3].
[[nodiscard]] double expanded_tail(double level, double n, double dof);

// Where a new residual falls, from n of them: their quantiles of type 6, which hold a further draw at the level on
// average [T: Hyndman and Fan 1996]; where n is too small for these to lie inside the sample, at least Student's t
// times their root mean square. lo <= 0 <= hi, both set.
[[nodiscard]] Interval residual_interval(std::vector<double> residuals, double level);
// The same for a fit: of its log residuals, expanded by sqrt(n/(n-k)) for the k parameters that they were fitted with.
[[nodiscard]] Interval residual_interval(const Refitter& refitter, std::span<const double> theta, double level);

// The interval of a new run's measurement, mean times exp(residual), from those of both, the mean > 0: on either side
// the distances in ln of the independent parts add in squares, so that a new run is never surer than its mean, however
// skewed that is [T: Zou and Donner 2008, the method of variance estimates recovery]. An open end stays open.
[[nodiscard]] Interval new_run_interval(double value, const Interval& mean, const Interval& residual);

}  // namespace phaselaw::fitting
