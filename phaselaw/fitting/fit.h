// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/fitting/law_form.h"
#include "phaselaw/fitting/options.h"
#include "phaselaw/laws/law.h"
#include "phaselaw/tables/columns.h"

// Fits a law to measurements in named columns, certified; options.h has objectives and intervals.
//
//   starts   a grid over the parameters in which the law is not affine; amplitudes and floors follow at each point
//            from a linear problem (variable projection); the best points that are apart are refined
//   refined  Levenberg-Marquardt with exact derivatives in the logarithms of the positive parameters, Newton steps for
//            the last digits; Ceres checks the end
//   judged   which parameters the data determine: at a bound, or the objective stays within noise as the parameter
//            goes to its bound (unbounded), too few distinct sizes, collinear columns, a bend outside the rows
//
// A fit is certified when the solver converged, at least two starts agree on it and the scaled gradient is small; what
// is not certified says so in `status`, and a start is never returned as a fit.
// Cost: 5 parameters and 240 rows: some 10 ms; a resample some 0.1 ms.
namespace phaselaw::fitting {

struct Estimate {
  std::string name;
  double value = 0;
  std::optional<double> lo, hi;  // unset: no interval was asked for or it is not finite on that side
  bool identified = false;       // inside its bounds and the interval finite and (for a scale) within a factor 100
  bool fixed = false;            // known beforehand, not fitted
};

// The interval is finite, positive, and spans no more than a factor 100: what `identified` asks of a positive quantity.
[[nodiscard]] bool within_widest_factor(const Estimate& estimate);

struct Convergence {
  std::size_t grid_points = 0;  // looked at before the starts were chosen
  int starts = 0, agreed = 0;   // agreed: same objective within 1e-6 relative and the same parameters
  int iterations = 0;           // of the best start
  double gradient_norm = 0;     // scaled, see numerics/least_squares.h
  double condition = 0;
  bool certified = false;
  std::string status;  // "converged" or what is wrong, in words
};

struct Fit {
  laws::Law law;
  std::map<std::string, double> fixed;
  Objective objective = Objective::huber;
  double delta = 0;
  std::size_t n_points = 0;
  double objective_value = 0;
  std::vector<double> theta;  // the optimum in the law's coordinates; empty: there is none
  std::vector<double> value;  // of all parameters, in the law's order
  std::vector<Coordinate> coordinates;
  std::vector<Estimate> parameters;  // fitted first, in the law's order, then the known ones
  std::vector<Estimate> derived;
  IntervalMethod method = IntervalMethod::none;
  bool clustered = false;
  double level = 0;
  int resamples = 0;  // that converged and were used
  Convergence convergence;
  double aicc = 0, bic = 0;        // of the Gaussian likelihood of the log residuals; NaN when n is too small for AICc
  double residual_scale = 0;       // standard deviation of the log residuals
  std::vector<double> replicates;  // resamples x theta.size(), row-major: the fits to the resamples
  std::vector<std::string> warnings;
  double seconds = 0;

  [[nodiscard]] const std::string& name() const { return law.name; }
  [[nodiscard]] const std::string& formula() const { return law.expression.text(); }
  [[nodiscard]] const Estimate* find(std::string_view quantity) const;  // in parameters, then in derived
};

// InputError: rows that are not positive and finite (named, from 1), missing columns, too few rows, unknown names.
[[nodiscard]] Fit fit_law(const laws::Law& law, const tables::Measurements& data, const FitOptions& options = {});

// All parameters in the law's order at theta, fixed ones included.
[[nodiscard]] std::vector<double> parameters_at(const Fit& fit, std::span<const double> theta);

// For those who fit in other ways: estimates of all parameters and derived quantities from coordinate intervals.
struct IntervalSet;
void add_estimates(const LawForm& form, const IntervalSet* set, bool asked, Fit& fit);

}  // namespace phaselaw::fitting
