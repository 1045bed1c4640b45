// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/advice/plan/allocation.h"
#include "phaselaw/advice/text.h"
#include "phaselaw/base/value.h"
#include "phaselaw/fitting/uncertainty.h"

// What to train next: the sizes for a compute, the compute for a loss, or the loss at given sizes, with intervals.
//
//   sizes        the allocation of allocation.h at the fitted parameters. The interval is that of the fit's own method
//                (fitting/uncertainty.h), applied to the best size as a function of the parameters.
//   loss         the law at the recommended sizes, with its interval at the same sizes; `run` is one new measurement
//   exponent     d ln N*/d ln C and d ln D*/d ln C at that compute: beta/(alpha+beta) and alpha/(alpha+beta) for
//                chinchilla at any compute
//   elasticity   -d ln(L - floor)/d ln n_params at fixed tokens, the same for tokens at fixed n_params, and for compute
//                along the optimum (along the held size). floor: the limit of the best loss as the compute grows.
//                of_loss: the same for L itself.
//   bottleneck   the resource that lowers the loss most per compute (docs/theory/excess-risk.md). At an optimal
//                allocation neither size helps more than the other and only compute helps: compute-starved. For a
//                two-stage law: compute-starved before its bend at e C0, data-limited beyond it. It is certain if the
//                interval of `balance` excludes 1: the gain of the model over that of the tokens at equal cost, or
//                C/(e C0).
//
// Sizes are determined only if both ends of their interval exist. Where they are not, or where all runs have the same
// tokens per parameter, no sizes are recommended, and the loss is that at the tokens per parameter of the runs.
// Cost: about 20 intervals per compute, each of which calls the allocation some hundred times.
namespace phaselaw::advice {

struct PlanOptions {
  Situation situation;
  std::size_t isoflop_points = 33;  // points along the curve of equal compute; 0 for none
  bool past_errors = true;          // refit the cheapest 80 % of the rows and predict the rest
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    Situation::fields(self.situation, visit);
  }
};

struct IsoflopPoint {
  double n_params = 0, tokens = 0, loss = 0;
  std::optional<double> lo, hi;
};

struct Elasticities {
  fitting::Estimate n_params, tokens, compute;  // NaN if the law does not depend on the resource
};

// How far a number lies beyond the rows of the fit: value/largest, or smallest/value; 1 inside their range.
struct Extrapolation {
  std::string column;
  double value = 0, factor = 1;
  bool above = true;
};

// Sizes at which a loss holds if the best ones are not determined: the tokens per parameter of the runs.
struct MeasuredSizes {
  double tokens_per_param = 0, n_params = 0, tokens = 0;
  bool one_ratio = false;  // all runs have these tokens per parameter
};

struct PlanPoint {
  fitting::Estimate compute, n_params, tokens, n_data, loss, run;
  fitting::Estimate tokens_per_param, exponent_n_params, exponent_tokens, floor;
  Elasticities elasticity, elasticity_of_loss;  // of_loss: only compute has an interval
  std::string bottleneck;  // "compute-starved", "data-limited", "model-limited"; empty if the law does not tell
  std::string reason;      // one sentence
  std::optional<fitting::Estimate> balance;
  int edge = 0;              // nonzero if the optimum is at the end of the range of sizes, so there is none
  double flop_multiple = 1;  // training FLOP in the chosen convention relative to 6ND, at n_params
  // Set if the best sizes are not determined. The values of n_params, tokens, their ratio and exponents are then NaN;
  // their ends are what is known, and loss, run and elasticities are those of these sizes.
  std::optional<MeasuredSizes> measured;
  // If sizes are held: the compute that the best sizes need for the same loss, as a share of the compute.
  std::optional<fitting::Estimate> optimal_share;
  std::vector<IsoflopPoint> isoflop;
  std::vector<Extrapolation> extrapolation;
  std::vector<Limit> limits;

  // Whether the interval of `balance` excludes 1; true where the bottleneck needs none.
  [[nodiscard]] bool bottleneck_certain() const;
};

struct PastErrors {
  double compute_factor = 0, mean_abs_rel_error = 0;
  std::size_t n_predicted = 0;
};

struct Plan {
  std::string law, formula, method, convention;
  double level = 0.95;
  bool of_sizes = false;  // the sizes were given, and their loss and compute are the answer
  std::vector<PlanPoint> points;
  std::optional<PastErrors> past;
  std::vector<Limit> limits;  // of the whole plan: what limits the fit
};

// InputError as Allocator; also for a loss that no compute reaches, with the floor and its interval.
[[nodiscard]] Plan plan_for_compute(const fitting::SavedFit& saved, const std::vector<double>& computes,
                                    const PlanOptions& options = {});
[[nodiscard]] Plan plan_for_loss(const fitting::SavedFit& saved, const std::vector<double>& losses,
                                 const PlanOptions& options = {});
// The loss at the two sizes that options.situation holds, and the compute they cost. InputError unless it holds
// exactly two of n_params, tokens and tokens_per_param.
[[nodiscard]] Plan plan_for_sizes(const fitting::SavedFit& saved, const PlanOptions& options);

// What limits a plan, by harm: the limits of the fit and of the points. A limit of some of the points names their
// computes, and of extrapolations only that of the furthest point is reported.
[[nodiscard]] std::vector<Limit> limits_of(const Plan& plan);

// The JSON fields (docs/plan.md): those of the first point at the top, and those of every point in `plans`.
[[nodiscard]] base::Value to_value(const Plan& plan);

}  // namespace phaselaw::advice
