// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/advice/plan/allocation.h"
#include "phaselaw/base/value.h"
#include "phaselaw/fitting/plausible.h"

// What to train next: the sizes for a compute, or the compute for a loss, with intervals.
//
//   sizes        the allocation of allocation.h at the fitted parameters. The interval comes from all plausible sets of
//                parameters (plausible.h), each allocated anew.
//   loss         the law at the recommended sizes, with its interval at the same sizes; `run` is one new measurement
//   exponent     d ln N*/d ln C and d ln D*/d ln C at that compute: beta/(alpha+beta) and alpha/(alpha+beta) for
//                chinchilla at any compute
//   elasticity   -d ln(L - floor)/d ln n_params at fixed tokens, the same for tokens at fixed n_params, and for compute
//                along the optimum (along the held size). floor: the law with unlimited resources. of_loss: the same
//                for L itself.
//   bottleneck   the resource that lowers the loss most per compute (docs/theory/excess-risk.md). At an optimal
//                allocation neither size helps more than the other and only compute helps: compute-starved. For a
//                two-stage law: compute-starved before its bend at e C0, data-limited beyond it. `share`: the share of
//                plausible parameters that give the same bottleneck.
// Cost: about 0.1 s per compute.
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

struct PlanPoint {
  fitting::Estimate compute, n_params, tokens, n_data, loss, run;
  fitting::Estimate tokens_per_param, exponent_n_params, exponent_tokens, floor;
  Elasticities elasticity, elasticity_of_loss;
  std::string bottleneck;  // "compute-starved", "data-limited", "model-limited"; empty if the law does not tell
  std::string reason;      // one sentence
  double bottleneck_share = 0;
  int edge = 0;              // nonzero if the optimum is at the end of the range of sizes, so there is none
  double flop_multiple = 1;  // training FLOP in the chosen convention relative to 6ND, at n_params
  double reached = 1;        // share of plausible parameters under which the requested loss is reached
  // If sizes are held: the compute that the best sizes need for the same loss, as a share of the compute.
  std::optional<fitting::Estimate> optimal_share;
  std::vector<IsoflopPoint> isoflop;
  std::vector<Extrapolation> extrapolation;
  std::vector<std::string> warnings;
};

struct PastErrors {
  double compute_factor = 0, mean_abs_rel_error = 0;
  std::size_t n_predicted = 0;
};

struct Plan {
  std::string law, formula, method, convention;
  double level = 0.95;
  std::vector<PlanPoint> points;
  std::optional<PastErrors> past;
  std::vector<std::string> warnings;  // warnings for the whole plan: poorly constrained parameters
};

// InputError as Allocator; also for a loss that no compute reaches, with the floor and its interval.
[[nodiscard]] Plan plan_for_compute(const fitting::SavedFit& saved, const std::vector<double>& computes,
                                    const PlanOptions& options = {});
[[nodiscard]] Plan plan_for_loss(const fitting::SavedFit& saved, const std::vector<double>& losses,
                                 const PlanOptions& options = {});

// The optimum against compute, for figures: N*, D* (NaN without sizes) and the loss, each with its interval.
struct FrontierPoint {
  fitting::Estimate compute, n_params, tokens, loss;
};
[[nodiscard]] std::vector<FrontierPoint> frontier(const fitting::SavedFit& saved, const Situation& situation,
                                                  const std::vector<double>& computes);

// The JSON fields (docs/plan.md): those of the first point at the top, and those of every point in `plans`.
[[nodiscard]] base::Value to_value(const Plan& plan);

}  // namespace phaselaw::advice
