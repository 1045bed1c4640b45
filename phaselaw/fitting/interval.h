// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/refit.h"

// Intervals around a certified optimum, for every coordinate (in theta) and every derived quantity.
//
// Measured coverage of the 95 % interval of the exponent, for two-stage curves of 60 points over nine decades of
// compute with 3 % log-normal noise and q = 1/6. The standard error is 0.5 points for 2000 draws, 0.7 for 1000, and 1.0
// for 300.
//   l2, profile, floor 0          94.5 % of 2000 (the bend 95.0 %)
//   l2, profile, floor free       95.0 % of 2000 (the bend 95.1 %, the floor 95.5 %)
//   l2, bootstrap, 400 resamples  94.1 % of 1000 (the bend 93.6 %); without the expansion 93.1 % (92.4 %)
// For other laws and objectives see docs/laws.md, measured by benchmarks/laws/study_coverage.cpp.
namespace phaselaw::fitting {

struct Interval {
  std::optional<double> lo, hi;  // unset: unbounded on that side, or not known
};

struct IntervalSet {
  std::vector<Interval> coordinates, derived;
  int resamples = 0;  // refits that converged and were used
  int attempted = 0;
  int checked = 0, improved = 0;   // refits also started at `starts`; number of those that found a lower optimum
  std::vector<double> replicates;  // resamples x coordinates, row-major: theta of the refits
  std::vector<double> better;      // theta of a lower optimum, if the search for intervals met one
};

// `method` is bootstrap, bca, profile or sandwich (not automatic). Refits start at the optimum. Every 16th refit, and
// every refit of a form without a grid of starts, is also started at each of `starts`. options.threads threads share
// the refits; resample k does not depend on which thread draws it.
[[nodiscard]] IntervalSet intervals(Refitter& refitter, const numerics::LeastSquaresResult& optimum,
                                    IntervalMethod method, const FitOptions& options,
                                    const std::vector<Derived>& derived, std::span<const std::vector<double>> starts);

// The profile interval of a quantity, on its own scale.
class Profiler;
[[nodiscard]] Interval profile_of(Profiler& profiler, const Derived& quantity);

// By the delta method with the sandwich covariance by the options' clusters.
[[nodiscard]] Interval sandwich_interval(const Refitter& refitter, std::span<const double> theta,
                                         const FitOptions& options, const Derived& quantity, double dof);

// The number of independent units of the rows: rows, or clusters.
[[nodiscard]] std::size_t n_groups(std::size_t n_rows, const std::vector<std::string>& cluster);

// The probability to cut off on either side of a bootstrap distribution from n resampled units. Resampled residuals are
// too small by sqrt(dof/n), and a percentile uses the normal quantile instead of Student's; the expanded percentile
// interval corrects both [T: Hesterberg 2015, section 6.3].
[[nodiscard]] double expanded_tail(double level, double n, double dof);

// The range of a new residual, from n residuals: their quantiles of type 6, which contain a further draw at the level
// on average [T: Hyndman and Fan 1996]. If n is too small for these to lie inside the sample, at least Student's t
// times their root mean square. lo <= 0 <= hi, both set.
[[nodiscard]] Interval residual_interval(std::vector<double> residuals, double level);
// The same for a fit: from its log residuals, expanded by sqrt(n/(n-k)) for the k fitted parameters.
[[nodiscard]] Interval residual_interval(const Refitter& refitter, std::span<const double> theta, double level);

// The interval of a new run's measurement, mean times exp(residual), from the intervals of both; the mean is > 0. On
// either side the distances in ln of the independent parts are added in squares, so that the interval of a new run is
// never narrower than that of its mean, however skewed [T: Zou and Donner 2008, the method of variance estimates
// recovery]. An open end stays open.
[[nodiscard]] Interval new_run_interval(double value, const Interval& mean, const Interval& residual);

}  // namespace phaselaw::fitting
