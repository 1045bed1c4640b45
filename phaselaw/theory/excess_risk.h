// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/base/fields.h"
#include "phaselaw/theory/two_stage.h"

// The three-term bound on the excess risk, and the laws that result when one resource is varied
// (docs/theory/excess-risk.md).
//
//   Delta R <= R0 exp(-alpha T)  +  c_M / M  +  c_xi xi^2 d_eff / n       [names and 1/M S; the sum R]
//              optimisation         approximation    estimation
//
// alpha: convergence.h. T: gradient-flow time, M n_params, xi noise, n n_data. d_eff is 1 in the paper; the exact
// backbone (a fixed kernel) has its own d_eff(t), so the estimation term must always be reported with its d_eff.
//
// Isolated laws [names S, formulas R]; `floor` is the part that the varied resource cannot remove:
//   model size, T -> inf       c_M/M + c_xi xi^2 d_eff/n;  both equal at M* = c_M n/(c_xi xi^2 d_eff)
//   training time              R0 exp(-alpha T) + floor;   both equal at T* = ln(R0/floor)/alpha
//   data size, M, T -> inf     c_xi xi^2 d_eff/n
//
// Units: risk in squared target units. Accuracy: 8 eps (1 + alpha T) relative. Cost: 50 ns.
// Errors: std::domain_error unless n_data, n_params and the constants marked so below are positive, the others at least
// 0, all finite. Source: Yang, arXiv 2512.22088 [S]; reconstruction [R]; the calculus of elasticities [T].
namespace phaselaw::theory {

struct ExcessRiskNumbers {
  double initial_risk = 1;        // R0 >= 0
  double rate = 0;                // alpha >= 0, at this n_data
  double time = 0;                // T >= 0
  double n_params = 1;            // M > 0
  double n_data = 1;              // n > 0
  double noise = 1;               // xi >= 0, at this n_data
  double c_model = 1;             // c_M >= 0
  double c_xi = 1;                // >= 0
  double d_eff = 1;               // >= 0
  double rate_data_exponent = 0;  // q >= 0: alpha ~ n^-q as n varies; 1 in Lemma 5.3, 0 at a fixed rate
};

struct ExcessRiskTerms {
  double optimisation = 0, approximation = 0, estimation = 0;
  [[nodiscard]] double total() const { return optimisation + approximation + estimation; }
};
[[nodiscard]] ExcessRiskTerms excess_risk_terms(const ExcessRiskNumbers& numbers);

// Isolated laws: the terms that remain.
[[nodiscard]] double model_size_law(const ExcessRiskNumbers& numbers);     // T -> infinity
[[nodiscard]] double training_time_law(const ExcessRiskNumbers& numbers);  // all three
[[nodiscard]] double data_size_law(const ExcessRiskNumbers& numbers);      // M, T -> infinity

// M*: a larger model improves the bound by at most a factor 2 [S]. Infinity at xi = 0 or c_xi d_eff = 0.
[[nodiscard]] double saturating_n_params(const ExcessRiskNumbers& numbers);
// T*: 0 if the floor is not below R0; infinity at rate 0 or a floor of 0.
[[nodiscard]] double saturating_time(const ExcessRiskNumbers& numbers);

// The largest term [names S; the rule R: with R0 = r = 1 and no model term it is the stage of two_stage.h]. Ties go to
// the earlier of: compute_starved, data_limited, model_limited.
[[nodiscard]] Stage regime(const ExcessRiskTerms& terms);

// Elasticities -d ln(Delta R)/d ln(resource): the decrease of the risk, in per cent, for 1 % more of the resource. All
// 0 if the risk is 0.
//   time alpha T s_opt,   model s_app,   data s_est - q alpha T s_opt,     s: shares of the terms in the total
// data may be negative: at a fixed number of steps more data slows the optimisation (q > 0). noise: of -ln xi, 2 s_est.
struct Elasticities {
  double time = 0, n_params = 0, n_data = 0, noise = 0;
};
[[nodiscard]] Elasticities elasticities(const ExcessRiskNumbers& numbers);

// The resource with the largest elasticity, which reduces the risk most [S]. Ties: time, then n_data, then n_params. It
// may differ from that of the regime, because time counts alpha T times its share.
enum class Resource { time, n_data, n_params };
[[nodiscard]] base::EnumNames<Resource> enum_names(Resource);
[[nodiscard]] Resource bottleneck(const Elasticities& elasticities);

}  // namespace phaselaw::theory
