// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "phaselaw/laws/columns.h"
#include "phaselaw/laws/fit.h"
#include "phaselaw/laws/law.h"

// Fits a law to measurements in named columns, certified (fit.h has objectives and intervals).
//
//   starts   a grid over the parameters in which the law is not affine; amplitudes and floors follow at each point
//            from a linear problem (variable projection); the best points that are apart are refined
//   refined  Levenberg-Marquardt with exact derivatives in the logarithms of the positive parameters, Newton steps for
//            the last digits; Ceres checks the end
//   judged   which parameters the data determine: at a bound, or the objective stays within noise as the parameter
//            goes to its bound (unbounded), too few distinct sizes, collinear columns
// Cost: 5 parameters and 240 rows: some 10 ms; a resample some 0.1 ms.
namespace phaselaw::laws {

struct Measurements {
  Columns columns;
  std::vector<double> output;  // the loss, or what the law predicts; > 0
  [[nodiscard]] Measurements rows(std::span<const std::size_t> chosen) const;
};

struct LawOptions {
  FitOptions fit;
  std::map<std::string, double> fixed;                // parameters held at a value
  std::vector<std::map<std::string, double>> starts;  // tried besides the grid's; may name some parameters only
  [[nodiscard]] LawOptions rows(std::span<const std::size_t> chosen) const;  // weights, sd, cluster of these rows
};

struct LawFit : Fit {
  Law form;
  std::map<std::string, double> fixed;
  std::vector<double> value;  // of all parameters, in the law's order
};

// InputError: rows that are not positive and finite (named, from 1), missing columns, too few rows, unknown names.
[[nodiscard]] LawFit fit_law(const Law& law, const Measurements& data, const LawOptions& options = {});

// All parameters in the law's order at theta, fixed ones included.
[[nodiscard]] std::vector<double> parameters_at(const LawFit& fit, std::span<const double> theta);

}  // namespace phaselaw::laws
