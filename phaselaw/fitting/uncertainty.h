// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>

#include "phaselaw/fitting/fit_file.h"
#include "phaselaw/fitting/plausible.h"

// The intervals of quantities that follow from a fit: the best size at a compute, a loss, an exponent, a new run.
//
// The method is that of the fit, so a plan has the small-sample and boundary behaviour of the fit's own intervals. An
// end that the data do not bound is unset.
namespace phaselaw::fitting {

class Uncertainty {
 public:
  // A quantity as a function of all parameters in the law's order. NaN or an infinity where it does not exist.
  using Function = std::function<double(std::span<const double>)>;

  // Keeps a reference to the fit. InputError if the fit has no optimum.
  explicit Uncertainty(const SavedFit& saved);

  // `positive`: the quantity is positive and spans orders of magnitude, so its logarithm is profiled, and it is
  // identified if its interval spans at most the widest factor (fit.h).
  [[nodiscard]] Estimate estimate(std::string name, const Function& quantity, bool positive = true) const;
  // The measurement of one new run; `at` has one row with every column of the law.
  [[nodiscard]] Estimate new_run(std::string name, const tables::Columns& at) const;

  [[nodiscard]] const std::string& method() const { return plausible_.method; }
  [[nodiscard]] double level() const { return plausible_.level; }
  [[nodiscard]] bool known() const { return !plausible_.parameters.empty(); }  // whether intervals can be computed

 private:
  const SavedFit& saved_;
  Plausible plausible_;
};

}  // namespace phaselaw::fitting
