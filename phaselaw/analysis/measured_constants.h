// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/analysis/setting.h"
#include "phaselaw/base/value.h"
#include "phaselaw/theory/evaluate.h"

// The theory's constants as measured for a given model, data set and flow, and the bounds evaluated with them.
//
//   lambda        min over layers of lambda_min(H^(nu)(0)/omega^2): the whole kernel of each layer, in double
//   kc            lambda_max/lambda_min of the sum of the layers' kernels, without its null part
//   B             largest |entry| of the inputs and of the weights at the start, in units of their parametrisation
//   R             max over layers of the radius ||theta_nu(T) - theta_nu(0)|| at the end of the flow
//   K, A          such that the perturbation bound and the trajectory bound are equalities for the measured drift and R
//   alpha         ln(Loss(0)/Loss(T))/T over the flow, T the time at which the loss is a hundredth, or the last one
//   d_eff         sum (1 - exp(-2 h t/n))^2 at the last time
//   xi            the noise of the data, or 1 if it is 0 (with a note)
//
// A bound is vacuous if it holds but gives no information (an upper bound above the trivial answer, a rate below
// 1/T/100, a width beyond any machine). `blame` names the factor with the largest power of ten.
namespace phaselaw::analysis {

struct LayerKernel {
  std::string name;
  double lambda_min = 0, lambda_max = 0, noise_floor = 0;  // omega^2 included
};

struct BoundCheck {
  std::string statement, source;
  double log10_bound = 0, log10_measured = 0;
  bool holds = false, vacuous = false;
  std::string blame;  // the constant that makes it vacuous
};

struct MeasuredConstants {
  theory::TheoryNumbers numbers;  // the measured numbers, for theory::evaluate
  theory::TheoryReport report;
  std::vector<LayerKernel> layers;
  double rate = 0, radius = 0, drift_norm = 0, d_eff = 0, time = 0;
  double trivial_risk = 0;  // mean square of the target about the start: the risk without training
  double excess_risk = 0;   // lowest on the test set along the flow; NaN if F* is unknown
  std::vector<BoundCheck> checks;
  std::vector<std::string> notes;
};

// InputError for cross-entropy and above flow.max_rows rows. Cost: the kernel by layers, its spectra, one flow.
[[nodiscard]] MeasuredConstants measured_constants(const Setting& setting, int threads);

[[nodiscard]] base::Value to_value(const MeasuredConstants& constants);

}  // namespace phaselaw::analysis
