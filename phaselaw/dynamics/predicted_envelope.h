// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/dynamics/risk_surface.h"

// The compute-optimal envelope of a predicted risk surface, and its slope on log axes.
//
//   C(n, t) = n (t / eta) flop_per_sequence          T = t / eta steps of full-batch descent on n sequences
//   E(C)    = min_n  risk(n, t = C eta / (n flop_per_sequence))      ln risk linear in ln t between the grid's times
//   slope   = least squares of ln(E(C) - floor) on ln C over the window;   exponent = -slope
//
// An n with a grid of times that does not reach C is not a candidate at C; a C that no n reaches has no point. If a
// curve has a minimum before the end, the envelope uses the risk at C, not that at the best stopping time below C; the
// latter is used with `early_stopping`.
// Interval: percentile bootstrap over replicate surfaces (risk_surface.h), with envelope and slope recomputed for each.
// Errors: InputError for numbers that are not positive, a window without three points of the grid, or a floor that
// reaches the envelope inside it. Cost: O(grid n log t) per replicate.
namespace phaselaw::dynamics {

struct ComputeModel {
  double learning_rate = 1;      // eta
  double flop_per_sequence = 1;  // FLOP of one step, for one sequence
  [[nodiscard]] double compute(double n, double time) const { return n * (time / learning_rate) * flop_per_sequence; }
  [[nodiscard]] double time(double n, double compute) const {
    return compute * learning_rate / (n * flop_per_sequence);
  }
};

struct PredictedEnvelopeOptions {
  std::vector<double> compute;          // grid, ascending
  double window_lo = 0, window_hi = 0;  // of C; hi = 0: to the end of the grid
  double floor = 0;                     // risk that no training removes (the noise), subtracted for the slope
  bool early_stopping = false;          // minimise over t' <= t as well
  double level = 0.95;
  int resamples = 400;  // 0, or an estimator without held-out errors: no intervals
  std::uint64_t seed = 0;
};

struct PredictedEnvelopePoint {
  double compute = 0, risk = 0, lo = 0, hi = 0;  // lo, hi NaN without interval
  std::int64_t n_data = 0;                       // n that attains it
  double time = 0;
};

struct PredictedEnvelope {
  std::vector<PredictedEnvelopePoint> points;
  double exponent = 0, lo = 0, hi = 0;  // exponent of C; positive if the risk falls; lo, hi NaN without interval
  double log_amplitude = 0;             // ln(E - floor) at C = 1
  double window_lo = 0, window_hi = 0;  // range of the points used
  int resamples = 0;                    // replicates with a slope
  std::string method;
};

[[nodiscard]] PredictedEnvelope predicted_envelope(const RiskSurface& surface, const ComputeModel& model,
                                                   const PredictedEnvelopeOptions& options);

}  // namespace phaselaw::dynamics
