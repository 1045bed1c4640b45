// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "phaselaw/base/value.h"
#include "phaselaw/sweep/experiment.h"

// One exact gradient flow in numbers: its rate, the theory's bound on it, how far kernel and weights moved, whether it
// converged, and the lowest excess risk on the way.
//
// The flow runs until the training loss is a hundredth of its start ("learned"), or kLongest n/lambda_max, or kMostRhs
// right-hand sides (a count and not a clock, so that it is the same on every machine). Squared loss.
//
//   rate          alpha = ln(100)/t at the time t at which ln Loss, linear in ln t between records, reaches
//                 Loss(0)/100; if it does not, ln(Loss(0)/Loss(T))/T
//   bound         2 N omega^2 lambda/n, lambda = min over layers of lambda_min(H^(nu)(0))/omega^2 [R]; NaN if lambda is
//                 within rounding (rows eps lambda_max of the layer)
//   drift         ||H(T) - H(0)||_F/||H(0)||_F at the end
//   unit_radius   R: the largest ||w_r(T) - w_r(0)||_2 over the hidden units r of all layers, w_r = row r of mlp.up
//   radius_ratio  R/R_max. With the K that the measured drift gives, R/R_max = (2 max_nu ||H^nu(T) - H^nu(0)||_2 /
//                 (omega^2 lambda))^2: R is below R_max if no layer's kernel drifts by more than lambda/2 [R]
//   best_risk     lowest mean (F - F*)^2 on the test inputs; past_minimum: it was reached before the end
//   signature     from the loss (dynamics/signatures.h)
namespace phaselaw::analysis {

inline constexpr double kLearned = 0.01;
inline constexpr double kLongest = 1e5;
inline constexpr std::int64_t kMostRhs = 20000;

struct FlowPoint {
  std::int64_t n_layers = 0, d_hidden = 0, n_data = 0, seed = 0;
  double branch_scale = 0, n_rows = 0;
  bool learned = false, past_minimum = false;
  double time = 0, loss_ratio = 0, rate = 0, bound = 0, lambda = 0, lambda_min = 0, lambda_max = 0;
  double condition = 0;  // lambda_max/lambda_min of the sum over layers; NaN if lambda_min is within rounding
  double drift = 0, radius = 0, unit_radius = 0, radius_ratio = 0, best_risk = 0, rhs_calls = 0;
  double width_missed = 0;  // log10 of the width of Definition 5.2 at the model's own omega, relative to the model's
  std::string status, signature;  // of the integration; "none", "plateau", "instability (loss_rises)"
  [[nodiscard]] bool converged() const { return learned && signature == "none"; }
};

// FLOP of kMostRhs right-hand sides: a bound on the integration, without the kernels that are measured on the way.
[[nodiscard]] double flow_flop_limit(const sweep::Experiment& experiment);

// The first sequences with a kernel of at most flow.max_rows rows give lambda_max, the unit of time. If they are not
// all sequences, the numbers that need the kernel of all (bound, lambda, condition, drift, radius_ratio, width_missed)
// are NaN. base::Interrupted on request. Cost: one dense kernel by layers with spectra, the flow, one kernel at its
// end.
[[nodiscard]] FlowPoint measure_flow(const sweep::Experiment& experiment, int threads);

[[nodiscard]] base::Value to_value(const FlowPoint& point);
[[nodiscard]] FlowPoint flow_point_from(const base::Value& value);  // NaN if to_value() wrote null

}  // namespace phaselaw::analysis
