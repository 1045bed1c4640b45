// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/base/fields.h"

// What a fit minimises, and how its intervals are made.
//
//   minimise  1/2 sum_i w_i rho( r_i^2 ),   r_i = s_i a_i (ln L_i - ln L(x_i; theta)),   or L_i - L(x_i; theta) if raw
//
//   w_i the weights, of mean 1;  s_i = sd_mean/sd_i where measurement errors are known (sd_mean: their harmonic mean);
//   a_i = asymmetry for rows below the law (r < 0) with Objective::asymmetric, else 1
//
// Intervals, all of `level` and equal-tailed; how well they cover is measured in interval.h:
//   bootstrap  percentiles of refits to resampled rows, or to resampled clusters of rows (whole runs), expanded
//              for the degrees of freedom; independent rows under an almost absolute loss are smoothed (bootstrap.h)
//                                                              [T: Efron 1979, Hesterberg 2015]
//   bca        the same, corrected for bias and skewness by the jackknife                             [T: Efron 1987]
//   profile    where the objective, all else refitted, rises by the F quantile times its scale (robust_scale.h);
//              independent rows only (of equal noise, where the loss is almost absolute); a derived quantity of several
//              parameters gets the delta method [T: Bates and Watts 1988, chapter 6]
//   sandwich   normal approximation with the covariance A^-1 B A^-1, B summed over clusters [T: Huber 1967, Liang and
//              Zeger 1986]; on the fitted coordinates (logarithms of positive parameters)
//   automatic  profile for l2 without clusters, else bootstrap
// Resample k draws from the stream (seed, "bootstrap", k): the same intervals at any number of threads.
namespace phaselaw::fitting {

enum class Objective {
  huber,       // rho bends at delta: almost least absolute deviations at the default delta, unmoved by outliers
  l1,          // huber with delta = 1e-6
  l2,          // log-normal noise without outliers: the most efficient
  l2_raw,      // squares of the loss itself, not of its logarithm
  l1_raw,      // absolute values of the loss itself
  asymmetric,  // huber, with rows below the law weighing `asymmetry` times as much: towards the lower envelope if > 1
};
[[nodiscard]] base::EnumNames<Objective> enum_names(Objective);

enum class IntervalMethod { automatic, bootstrap, bca, profile, sandwich, none };
[[nodiscard]] base::EnumNames<IntervalMethod> enum_names(IntervalMethod);

struct FitOptions {
  Objective objective = Objective::huber;
  double delta = 1e-3;
  double asymmetry = 4;
  IntervalMethod interval = IntervalMethod::automatic;
  double level = 0.95;
  std::int64_t resamples = 400;
  std::map<std::string, double> fix{};
  std::int64_t seed = 0;
  std::int64_t threads = 1;

  // Of each row; no part of the description, because a user names columns for them.
  std::vector<double> weights{};       // w_i >= 0, not all 0; empty: all 1
  std::vector<double> sd{};            // > 0, of each row's measured log loss; empty: unknown and equal
  std::vector<std::string> cluster{};  // the run that each row belongs to; empty: rows are independent
  // >= 1: rows over the independent rows that they amount to, where neighbours' noise is correlated. Multiplies the
  // rise at which profile intervals end [T: quasi-likelihood, Burnham and Anderson 2002, section 2.5].
  double variance_inflation = 1;
  std::vector<std::map<std::string, double>> starts{};  // tried besides the grid's; may name some parameters only

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything, base::at_least, base::positive, base::strictly_between;
    visit("objective", self.objective, anything(), "what is minimised: residuals of ln loss, or of the loss (raw)");
    visit("delta", self.delta, positive().in("ln loss"),
          "where huber and asymmetric turn from squares to absolute values");
    visit("asymmetry", self.asymmetry, positive(), "asymmetric: how much more rows below the law weigh");
    visit("interval", self.interval, anything(), "how intervals are made");
    visit("level", self.level, strictly_between(0, 1), "level of the intervals");
    visit("resamples", self.resamples, at_least(2), "bootstrap resamples");
    visit("fix", self.fix, anything(), "name=value of a parameter that is known, such as E=0 or q=1/6");
    visit("seed", self.seed, at_least(0), "seed of the resamples");
    visit("threads", self.threads, at_least(0), "number of worker threads; 0: all cores");
  }
  void validate() const;  // InputError quoting value and constraint
  // InputError for a number that the objective or the intervals do not use, so that no option is silently without
  // effect.
  void require_used() const;
  void require_objective_uses() const;  // of these, those of the objective
  // automatic: profile for l2 without clusters, else bootstrap.
  [[nodiscard]] IntervalMethod resolved_interval() const;
  [[nodiscard]] FitOptions rows(std::span<const std::size_t> chosen) const;  // weights, sd, cluster of these rows
};

}  // namespace phaselaw::fitting
