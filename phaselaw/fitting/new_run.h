// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/fitting/calibration.h"
#include "phaselaw/fitting/profiler.h"

// The interval of the measurement of one new run; uncertainty.h says what it is.
namespace phaselaw::fitting {

// The scatter of a new run about the law, from the residuals of a fit by least squares or with a cut that follows them.
class NewRunNoise {
 public:
  NewRunNoise(const Fit& fit, const tables::Measurements& data, const Calibration& calibration);

  // At the columns of one row. Uneven noise is that of the nearest size among the rows.
  struct Local {
    double factor = 1;             // standard deviation relative to that of the scaled residuals
    double variance = 0, dof = 1;  // of ln L
  };
  [[nodiscard]] Local at(const tables::Columns& row) const;

  // The end of the interval of ln L on one side, where ln f is known by its value, standard error and degrees of freedom:
  // the p quantile of ln f plus a residual, each with equal weight.
  [[nodiscard]] double joined_quantile(double centre, double error, double dof, const Local& local, double p) const;
  // A bound of it for a small error, without a search: the quantile of the residuals and the error, added in squares.
  [[nodiscard]] double approximate_quantile(double centre, double half, const Local& local, double p) const;
  [[nodiscard]] bool joins() const { return dof_ >= 10; }  // whether the residuals are enough for quantiles

 private:
  double noise_ = 0, dof_ = 1, bandwidth_ = 0, exponent_ = 0, middle_ = 0, low_ = 0, high_ = 0, sxx_ = 1;
  double clusters_per_row_ = 0;    // (G - 1)/n; 0: independent rows
  std::vector<double> residuals_;  // sorted, times sqrt(n/(n-k)); at most kMostJoined
};

// `log_value`: ln f at the new row; `mean`: the interval of f.
[[nodiscard]] Interval new_run_interval(Profiler& profiler, const Refitter::Quantity& log_value, const Interval& mean,
                                        const NewRunNoise& noise, const NewRunNoise::Local& local);

}  // namespace phaselaw::fitting
