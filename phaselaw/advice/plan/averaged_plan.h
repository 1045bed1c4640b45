// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/advice/plan/plan.h"
#include "phaselaw/base/value.h"

// A plan from all laws of a ranking that predict as well as the best, and how far these laws disagree.
//
//   loss        ln L(N, D) = sum_i w_i ln L_i(N, D), w_i the weights of the ranking (fitting/averaging.h)
//   sizes       its minimum along the curve of equal compute, or the sizes that are held
//   intervals   lo = min_i lo_i, hi = max_i hi_i over these laws: of the loss at the recommended sizes, of a new run
//               there, and of the best size of each law. The hull contains the interval of every law and the spread
//               between them, so it holds if any of them does; it is wider than a mixture would be. An end that one of
//               the laws does not have is unset
// Laws that cannot be planned with are left out, and their weight with them. Cost: laws x the cost of a plan. Source: [T].
namespace phaselaw::advice {

struct WeightedFit {
  fitting::SavedFit saved;
  double weight = 0;
};
// The laws of a ranking file that predict as well as the best, in its order. Empty for a file of one fit or without
// weights.
[[nodiscard]] std::vector<WeightedFit> surviving_fits(const base::Value& document, const std::string& source);

// What each of the laws says at one compute, each with its own best sizes.
struct LawSpread {
  double compute = 0;
  std::vector<std::string> laws;
  double n_params_lowest = 0, n_params_highest = 0;  // NaN if no law gives sizes
  double loss_lowest = 0, loss_highest = 0;
};
// One for each compute; laws that cannot be planned with are left out.
[[nodiscard]] std::vector<LawSpread> spread_of_laws(const std::vector<WeightedFit>& fits, const Situation& situation,
                                                    const std::vector<double>& computes);
// "laws that predict as well give N* from .. to .., loss from .. to .."; empty for fewer than two laws.
[[nodiscard]] std::string sentence(const LawSpread& spread);
[[nodiscard]] base::Value to_value(const LawSpread& spread);

// InputError if no law gives sizes.
[[nodiscard]] Plan averaged_plan(const std::vector<WeightedFit>& fits, const std::vector<double>& computes,
                                 const PlanOptions& options);

}  // namespace phaselaw::advice
