// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/theory/excess_risk.h"
#include "phaselaw/theory/implied_exponents.h"
#include "phaselaw/theory/noise.h"
#include "phaselaw/theory/numbers.h"
#include "phaselaw/theory/resource_laws.h"

// The whole theory at one set of numbers: the output of `phaselaw theory`.
//
// With compute alone: the best n for it (data-limited formula). With compute and n_data: the fixed-n law and its stage.
// With n_data alone: its threshold compute, where the data-limited formula holds. At least one of them is needed. For a
// compute, the minimum of the fixed-n bound over n_data and the split over model, data and time are also given.
// n_params adds c_M/M to the upper bound; if this is the largest term, the stage is model-limited. With n_params and a
// rate, the three-term bound with that rate is given too: the two-stage law uses alpha T = xi^2 C/(a n^p), which is an
// assumption on the rate. A law adds its table; it needs n_data, or a compute with its best n.
//
// Every number that can leave the range of double also has its log10; the number itself is then unset. Errors:
// InputError as numbers.h. Cost: microseconds. Source: the headers of the formulas.
namespace phaselaw::theory {

// A positive number and its log10; `value` is unset outside the normal range of double.
struct Quantity {
  std::optional<double> value;
  double log10 = 0;
};
[[nodiscard]] Quantity of_log(double log);  // from a natural logarithm

struct ThreeTermReport {
  ExcessRiskTerms terms;
  Elasticities elasticities;
  Stage regime = Stage::compute_starved;
  Resource bottleneck = Resource::time;
  double rate = 0, time = 0, saturating_n_params = 0, saturating_time = 0;
};

// The minimum over n_data of the fixed-n bound for the compute (bound_minimum.h), beside the data-limited formula, which
// balances the two terms instead, at a larger n_data. The slopes are d ln(excess risk)/d ln(compute).
struct BoundMinimumReport {
  Quantity n_data{}, excess_risk{};
  double slope = 0;
  Quantity balanced_n_data{}, balanced_excess_risk{};
  double balanced_slope = 0;
};

// How the compute is spent under one split of the exponent p (two_stage.h), and the exponents that this split implies
// for the sizes and for experiments that keep the model, or the model and the batch, fixed (implied_exponents.h).
struct AllocationReport {
  ComputeAccounting accounting;
  std::string source{};                // "given", "reconstructed" (the split of v1) or "guessed" (those of v3)
  std::optional<Quantity> n_params{};  // unset if p_model = 0: the model is fixed
  Quantity n_data{}, n_steps{};
  ImpliedExponents exponents{};
  std::optional<double> fixed_model{}, fixed_model_and_batch{};  // unset if the compute would not limit the risk
};

struct TheoryReport {
  Edition edition;
  std::optional<Quantity> compute, n_data;  // at which the law is evaluated
  std::optional<double> noise;              // at that n_data

  // Good class and convergence.
  std::optional<Quantity> branch_scale, d_hidden_min, rate, radius_max;
  std::optional<Quantity> trajectory_radius;  // at d_hidden
  std::optional<bool> stable;                 // trajectory_radius <= radius_max

  // Two-stage law.
  std::optional<Quantity> threshold_compute, n_data_optimal, excess_risk_upper, excess_risk_lower;
  std::optional<Stage> stage;
  std::optional<double> slope;
  double compute_exponent = 0, data_exponent = 0;  // asymptotic, under the noise schedule
  DataEffect effect_of_data = DataEffect::helps;

  std::optional<BoundMinimumReport> bound_minimum;  // for a compute and constant noise, if the bound has a minimum
  std::vector<AllocationReport> allocations;        // for a compute and constant noise, the more likely split first

  std::optional<ThreeTermReport> three_terms;

  std::optional<ResourceLawTable> isolated_law;  // if a law is asked for
  std::optional<double> isolated_law_rate;       // alpha, for the law of the time

  // First-order methods. Rates are factors of the loss per step: gd_rate^k remains after k steps.
  std::optional<Quantity> condition_number;
  std::string condition_number_source;  // "given", "lambda_max" or "trace bound"; empty if unknown
  std::optional<double> gd_rate, accelerated_rate, condition_number_gap;
  std::optional<double> n_steps;  // time, otherwise compute/(n_params n_data)
  std::optional<Quantity> oracle_loss_factor, gd_loss_factor, chebyshev_loss_factor;  // after n_steps
};

[[nodiscard]] TheoryReport evaluate(const TheoryNumbers& numbers);

// As a table for JSON, with the fields that scripts rely on first; unknown is null.
[[nodiscard]] base::Value to_value(const TheoryReport& report);

}  // namespace phaselaw::theory
