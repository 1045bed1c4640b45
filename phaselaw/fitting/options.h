// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/base/fields.h"

// What a fit minimises, and how its intervals are computed.
//
//   minimise  1/2 sum_i w_i rho( r_i^2 ),   r_i = s_i a_i (ln L_i - ln L(x_i; theta)),   or L_i - L(x_i; theta) if raw
//
// w_i are the weights, with mean 1. s_i = sd_mean/sd_i if measurement errors are known (sd_mean is their harmonic
// mean). a_i = asymmetry for rows below the law (r < 0) with Objective::asymmetric, otherwise 1.
//
// Intervals are equal-tailed with confidence `level`; interval.h gives their measured coverage:
//   bootstrap  percentiles of refits to resampled rows, or to resampled clusters of rows (whole runs), expanded for the
//              degrees of freedom; independent rows under an almost absolute loss are smoothed (bootstrap.h)
//              [T: Efron 1979, Hesterberg 2015]
//   bca        the same, corrected for bias and skewness by the jackknife [T: Efron 1987]
//   profile    where the objective, minimised with the parameter or derived quantity held, rises by the F quantile times
//              its scale; calibrated for clusters, uneven noise and a robust loss (calibration.h)
//              [T: Bates and Watts 1988, chapter 6]
//   sandwich   normal approximation with the covariance A^-1 B A^-1, B summed over clusters, in the fitted coordinates
//              (logarithms of positive parameters) [T: Huber 1967, Liang and Zeger 1986]
//   automatic  profile for l2, l2-raw, and huber with a delta that follows the residuals; otherwise, or with a number of
//              resamples, bootstrap
// Resample k draws from the stream (seed, "bootstrap", k), so intervals do not depend on the number of threads.
namespace phaselaw::fitting {

// The delta of published fits, from Hoffmann et al. 2022: almost least absolute deviations.
inline constexpr double kPublishedDelta = 1e-3;

enum class Objective {
  huber,       // rho changes from squares to absolute values at delta; by default at 1.345 robust standard deviations
  l1,          // rho = 2 |r|, so that the objective is sum_i w_i |r_i|; solved exactly
  l2,          // the most efficient for log-normal noise without outliers
  l2_raw,      // squares of the loss itself instead of its logarithm
  l1_raw,      // absolute values of the loss itself
  asymmetric,  // huber, with `asymmetry` times the weight for rows below the law: tends to the lower envelope if > 1
};
[[nodiscard]] base::EnumNames<Objective> enum_names(Objective);
// Whether it is of residuals of the output itself, which may then have any sign.
[[nodiscard]] inline bool is_raw(Objective objective) {
  return objective == Objective::l2_raw || objective == Objective::l1_raw;
}

enum class IntervalMethod { automatic, bootstrap, bca, profile, sandwich, none };
[[nodiscard]] base::EnumNames<IntervalMethod> enum_names(IntervalMethod);

struct FitOptions {
  Objective objective = Objective::huber;
  std::optional<double> delta{};  // unset: follows the residuals (error_model.h); with asymmetric kPublishedDelta
  double asymmetry = 4;
  IntervalMethod interval = IntervalMethod::automatic;
  double level = 0.95;
  std::int64_t resamples = 400;
  std::map<std::string, double> fix{};
  std::int64_t seed = 0;
  std::int64_t threads = 1;

  // Data of each row. They are no fields, because a user gives them as columns.
  std::vector<double> weights{};       // w_i >= 0, not all 0; empty: all 1
  std::vector<double> sd{};            // > 0, standard deviation of each row's log loss; empty: unknown and equal
  std::vector<std::string> cluster{};  // the run of each row; empty: rows are independent
  // >= 0: how far a floor may lie above the smallest loss, in ln, because noise took that row below it (law_form.h).
  double floor_room = 0;
  std::vector<double> row_factors{};  // > 0, of the residuals, estimated by error_model.h; empty: all 1
  // >= 1: the number of rows per independent row if the noise of neighbours is correlated. Multiplies the rise at which
  // profile intervals end [T: quasi-likelihood, Burnham and Anderson 2002, section 2.5].
  double variance_inflation = 1;
  std::vector<std::map<std::string, double>> starts{};  // used in addition to the grid; may name some of the parameters
  // A fit near `starts`, of which only the optimum is used: a coarse grid, no simpler law first, and no judgement of
  // which parameters the data constrain.
  bool brief = false;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything, base::positive, base::strictly_between;
    visit("objective", self.objective, anything(),
          "objective to minimise, of residuals of ln loss or (raw) of the loss");
    visit(
        "delta", self.delta, positive().in("ln loss"),
        "residual at which huber and asymmetric change from squares to absolute values; "
        "unset: 1.345 times the robust scale of the residuals, and 1e-3 with asymmetric; 1e-3 reproduces published fits");
    visit("asymmetry", self.asymmetry, positive(), "with asymmetric: relative weight of rows below the law");
    visit(
        "interval", self.interval, anything(),
        "method for the intervals; automatic: profile for l2, l2-raw, and huber without a delta, otherwise bootstrap");
    visit("level", self.level, strictly_between(0, 1), "confidence level of the intervals");
    visit(
        "resamples", self.resamples, base::resample_counts(),
        "number of bootstrap resamples; another number than 400 makes the automatic intervals those of the bootstrap");
    visit("fix", self.fix, anything(), "name=value of a parameter that is known and not fitted, such as E=0 or q=1/6");
    visit("seed", self.seed, base::seeds(), "seed of the resamples");
    visit("threads", self.threads, base::thread_counts(), "number of worker threads; 0: all cores");
  }
  void validate() const;  // InputError with value and constraint
  // InputError for a number that the objective or the intervals do not use, so that no option is silently ignored.
  void require_used() const;
  void require_objective_uses() const;  // only those of the objective
  // Whether delta, uneven noise and clusters are estimated from the residuals.
  [[nodiscard]] bool follows_residuals() const { return objective == Objective::huber && !delta; }
  [[nodiscard]] IntervalMethod resolved_interval() const;
  // floor_room, or that of `sd`, if larger.
  [[nodiscard]] double room_above(std::span<const double> output) const;
  [[nodiscard]] FitOptions rows(std::span<const std::size_t> chosen) const;  // weights, sd, cluster of these rows
};

}  // namespace phaselaw::fitting
