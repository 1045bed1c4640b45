// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/fitting/error_model.h"
#include "phaselaw/fitting/law_form.h"
#include "phaselaw/fitting/options.h"
#include "phaselaw/laws/law.h"
#include "phaselaw/tables/columns.h"

// Fits a law to measurements in named columns and certifies the optimum; options.h has objectives and intervals.
//
//   starts   a grid over the parameters in which the law is not affine; at each point the amplitudes and floors follow
//            from a linear problem (variable projection); the best points that are not neighbours are refined
//   refined  Levenberg-Marquardt with exact derivatives in the logarithms of the positive parameters, then Newton steps
//            for the last digits; a second solver checks the result
//   errors   for an objective that follows the residuals: cut, uneven noise and groups (error_model.h), and a refit
//   judged   which parameters the data constrain poorly: those at a bound, those with an objective that stays within
//            noise as the parameter goes to its bound (unbounded), and those of laws with too few distinct sizes,
//            collinear columns, or a bend outside the rows
//
// A fit is certified if the solver converged, at least two starts agree on it and the scaled gradient is small. If it
// is not certified, `status` says why. A start is never returned as a fit.
// Cost: about 10 ms for 5 parameters and 240 rows; about 0.1 ms per resample.
namespace phaselaw::fitting {

struct Estimate {
  std::string name;
  double value = 0;
  std::optional<double> lo, hi;  // unset: no interval was requested, or it is not finite on that side
  bool identified = false;       // see identify.h
  bool fixed = false;            // given, not fitted
};

// The largest ratio of the ends of the interval of a positive quantity that still counts as identified.
inline constexpr double kWidestFactor = 4;
// The interval is finite, positive, and spans at most kWidestFactor.
[[nodiscard]] bool within_widest_factor(const Estimate& estimate);

struct Convergence {
  std::size_t grid_points = 0;  // number of points evaluated before the starts were chosen
  int starts = 0, agreed = 0;   // agreed: starts with the same objective within 1e-6 relative and the same parameters
  int iterations = 0;           // of the best start
  double gradient_norm = 0;     // scaled, see numerics/least_squares.h
  double condition = 0;
  bool certified = false;
  bool flat = false;   // an optimum that too few starts reach: the data do not determine where it lies
  std::string status;  // "converged", or what is wrong
};

struct Fit {
  laws::Law law;
  std::map<std::string, double> fixed;
  Objective objective = Objective::huber;
  std::optional<double> delta;       // of huber and asymmetric; unset: least squares
  std::optional<ErrorModel> errors;  // if the objective follows the residuals
  std::size_t n_points = 0;
  double objective_value = 0;
  std::vector<double> theta;  // the optimum in the law's coordinates; empty if there is none
  std::vector<double> value;  // of all parameters, in the law's order
  std::vector<Coordinate> coordinates;
  std::vector<Estimate> parameters;  // the fitted ones first, in the law's order, then the fixed ones
  std::vector<Estimate> derived;
  IntervalMethod method = IntervalMethod::none;
  bool clustered = false;
  double level = 0;
  int resamples = 0;  // that converged and were used
  Convergence convergence;
  double aicc = 0, bic = 0;        // of the Gaussian likelihood of the residuals; NaN if n is too small for AICc
  double residual_scale = 0;       // standard deviation of the residuals of ln L, or of L if the objective is raw
  std::vector<double> replicates;  // resamples x theta.size(), row-major: the fits to the resamples
  std::vector<std::string> warnings;
  double seconds = 0;

  [[nodiscard]] const std::string& name() const { return law.name; }
  [[nodiscard]] const std::string& formula() const { return law.expression.text(); }
  [[nodiscard]] const Estimate* find(
      std::string_view quantity) const;  // in the parameters, then in the derived quantities
};

// InputError: rows that are not positive and finite (numbered from 1), missing columns, too few rows, unknown names.
[[nodiscard]] Fit fit_law(const laws::Law& law, const tables::Measurements& data, const FitOptions& options = {});

// The fitted value of every parameter by its name, as a start for another fit.
[[nodiscard]] std::map<std::string, double> named_values(const Fit& fit);

// All parameters in the law's order at theta, fixed ones included.
[[nodiscard]] std::vector<double> parameters_at(const Fit& fit, std::span<const double> theta);

// The options with what the fit estimated from the residuals: a Refitter with these has its optimum at the fit.
[[nodiscard]] FitOptions applied_options(const Fit& fit, const FitOptions& options);

// For other ways of fitting: estimates of all parameters and derived quantities from coordinate intervals.
struct IntervalSet;
void add_estimates(const LawForm& form, const IntervalSet* set, bool asked, Fit& fit);

}  // namespace phaselaw::fitting
