// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "phaselaw/fitting/fit_file.h"

// The intervals of quantities that follow from a fit: the best size at a compute, a loss, an exponent, a new run.
//
// The method is that of the fit, so a plan has the small-sample and boundary behaviour of the fit's own intervals:
//   profile     the profile of the quantity (profiler.h); also if the fit has no intervals
//   bootstrap   percentiles of the quantity at the refits, expanded for the degrees of freedom (interval.h)
//   sandwich    the delta method with the sandwich covariance
// An end that the data do not bound is unset.
//
// A new run, ln L = ln f(x) + e: the profile of f(x) and a further measurement with the noise of a row of its size
// (of the nearest size among the rows). From 10 degrees of freedom on it is joined with the quantiles of f(x) plus a
// residual, each residual with equal weight, because new runs have outliers as the rows do. For clusters the noise has
// the degrees of freedom of the clusters.
//
// Not thread-safe. Cost of a profile: about 10 warm refits, each of which evaluates the quantity 2 k + 1 times in each of
// about 4 iterations.
namespace phaselaw::fitting {

class Uncertainty {
 public:
  // A quantity as a function of all parameters in the law's order. NaN or an infinity where it does not exist.
  using Function = std::function<double(std::span<const double>)>;

  // Keeps a reference to the fit. InputError if the fit has no optimum.
  explicit Uncertainty(const SavedFit& saved);
  // The same for a fit with its rows and options.
  Uncertainty(const Fit& fit, const tables::Measurements& data, const FitOptions& options);
  ~Uncertainty();
  Uncertainty(Uncertainty&&) noexcept;

  // `positive`: the quantity is positive and spans orders of magnitude, so its logarithm is profiled, and it is
  // identified if its interval spans at most the widest factor (fit.h).
  [[nodiscard]] Estimate estimate(std::string name, const Function& quantity, bool positive = true) const;
  // The law at the columns of one row.
  [[nodiscard]] Estimate value(std::string name, const tables::Columns& at) const;
  // The measurement of one new run; `at` has one row with every column of the law.
  [[nodiscard]] Estimate new_run(std::string name, const tables::Columns& at) const;
  // The same with the interval of the value known.
  [[nodiscard]] Estimate new_run(std::string name, const tables::Columns& at, const Estimate& value) const;
  // ln f at each row with its standard error, robust as the intervals, and the quantile of Student's t that belongs to
  // it: the linear approximation, which is enough within the range of the fitted rows. Not for bootstrap fits.
  struct Linear {
    double log_value = 0, error = 0, quantile = 0, dof = 1;
  };
  [[nodiscard]] std::vector<Linear> linear(const tables::Columns& at) const;

  // The measurement of a new run, from that.
  [[nodiscard]] Estimate new_run(std::string name, const tables::Columns& at, const Linear& value) const;

  [[nodiscard]] const std::string& method() const;
  [[nodiscard]] double level() const;
  [[nodiscard]] bool known() const;  // whether intervals can be computed

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace phaselaw::fitting
