// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/laws/form.h"

// Fits a form to measurements: multi-start robust least squares on the residual of the log loss, with intervals.
//
//   minimise  1/2 sum_i w_i rho( r_i^2 ),   r_i = s_i a_i (ln L_i - ln L(x_i; theta)),   or L_i - L(x_i; theta) if raw
//
//   w_i the weights, of mean 1;  s_i = sd_mean/sd_i where measurement errors are known (sd_mean: their harmonic mean);
//   a_i = asymmetry for rows below the law (r < 0) with Objective::asymmetric, else 1
//
// A fit is certified when the solver converged, at least two starts agree on it and the
// scaled gradient is small; what is not certified says so in `status`, and a start is never returned as a fit.
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
// Resample k draws from the stream (seed, "bootstrap", k): the same intervals at any thread count.
namespace phaselaw::laws {

enum class Objective {
  huber,       // rho bends at delta: almost least absolute deviations at the default delta, unmoved by outliers
  l1,          // huber with delta = 1e-6
  l2,          // log-normal noise without outliers: the most efficient
  l2_raw,      // squares of the loss itself, not of its logarithm
  l1_raw,      // absolute values of the loss itself
  asymmetric,  // huber, with rows below the law weighing `asymmetry` times as much: towards the lower envelope if > 1
};
[[nodiscard]] std::string_view to_string(Objective objective);

enum class IntervalMethod { none, automatic, bootstrap, bca, profile, sandwich };
[[nodiscard]] std::string_view to_string(IntervalMethod method);

struct FitOptions {
  Objective objective = Objective::huber;
  double delta = 1e-3;  // > 0, in log loss
  IntervalMethod interval = IntervalMethod::automatic;
  double level = 0.95;  // in (0, 1)
  int resamples = 400;  // >= 2 where the method resamples
  std::uint64_t seed = 0;
  std::vector<double> weights;  // w_i >= 0, not all 0; empty: all 1
  std::vector<double> sd;       // > 0, of each row's measured log loss; empty: unknown and equal
  // >= 1: rows over the independent rows that they amount to, where neighbours' noise is correlated. Multiplies the
  // rise at which profile intervals end [T: quasi-likelihood, Burnham and Anderson 2002, section 2.5].
  double variance_inflation = 1;
  double asymmetry = 4;              // > 0; Objective::asymmetric only
  std::vector<std::string> cluster;  // the run each row belongs to; empty: rows are independent
  int threads = 1;                   // >= 1; for resamples
  void validate() const;             // InputError quoting field, value and constraint
};

struct Estimate {
  std::string name;
  double value = 0;
  std::optional<double> lo, hi;  // unset: no interval was asked for or it is not finite on that side
  bool identified = false;       // inside its bounds and the interval finite and (for a scale) within a factor 1e3
  bool fixed = false;            // known beforehand, not fitted
};

// The interval is finite, positive, and spans no more than a factor 100: what `identified` asks of a positive quantity.
[[nodiscard]] bool within_widest_factor(const Estimate& estimate);

// A quantity computed from the parameters, with its interval: "bend_compute" and so on.
struct Derived {
  std::string name;
  bool logarithmic = false;  // positive, spans orders: BCa and identification work with its logarithm
  std::function<double(std::span<const double> theta)> value;
  int coordinate = -1;  // the only coordinate it depends on, and grows with; -1: several
};

struct Convergence {
  std::size_t grid_points = 0;  // looked at before the starts were chosen
  int starts = 0, agreed = 0;   // agreed: same objective within 1e-6 relative and the same parameters
  int iterations = 0;           // of the best start
  double gradient_norm = 0;     // scaled, see numerics/least_squares.h
  double condition = 0;
  bool certified = false;
  std::string status;  // "converged" or what is wrong, in words
};

// The fitted curve at chosen computes, with the pointwise interval of its value.
struct Band {
  std::vector<double> compute, value, lo, hi;  // lo and hi: NaN where no interval was made
};

struct Fit {
  std::string law, formula;
  Objective objective = Objective::huber;
  double delta = 0;
  std::size_t n_points = 0;
  double objective_value = 0;
  std::vector<double> theta;  // the optimum in the form's coordinates
  std::vector<Coordinate> coordinates;
  std::vector<Estimate> parameters;  // fitted first, in the form's order, then the known ones
  std::vector<Estimate> derived;
  IntervalMethod method = IntervalMethod::none;
  bool clustered = false;
  double level = 0;
  int resamples = 0;  // that converged and were used
  Convergence convergence;
  double aicc = 0, bic = 0;        // of the Gaussian likelihood of the log residuals; NaN when n is too small for AICc
  double residual_scale = 0;       // standard deviation of the log residuals
  std::vector<double> replicates;  // resamples x theta.size(), row-major: the fits to the resamples
  Band band;                       // where options asked for one
  std::vector<std::string> warnings;
  double seconds = 0;

  [[nodiscard]] const Estimate* find(std::string_view name) const;  // in parameters, then in derived
};

// Logarithms of positive finite compute and loss. InputError naming the first bad row (counted from 1) otherwise, or
// when the lengths differ or there are no rows.
[[nodiscard]] LogData log_data(std::span<const double> compute, std::span<const double> loss);

// InputError when there are fewer rows than free parameters plus one, or when options do not fit the rows.
[[nodiscard]] Fit fit_form(const Form& form, const LogData& data, const FitOptions& options,
                           const std::vector<Derived>& derived = {});

}  // namespace phaselaw::laws
