// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/theory/two_stage.h"

// The exponents of the compute-optimal envelope that isolated power laws imply (docs/theory/implied-exponents.md).
//
// All exponents here are positive: the risk falls as a resource to the power -a, -b or -g, the envelope as C^-q, and
// the best sizes grow as C to the powers given.
//
// The charge of a run is C = M^u n^v T^w. Examples: the paper u = v = w = 1; steps of fixed batch at fixed size w only.
//
// Sized by the data [T]: M ~ n^p_M and T ~ n^p_T xi^-2 (up to a logarithm), risk at the best time ~ n^-b:
//     p = u p_M + v + w p_T,   Delta R ~ C^-(b/p),   n ~ C^(1/p),   M ~ C^(p_M/p),   T ~ C^(p_T/p)
// The same for the exponents of a ComputeAccounting, in which the charge is included: Delta R ~ C^-(r/p),
// p = p_M + p_D + p_T. An experiment that does not scale M (p_M = 0), or that charges nothing for data (p_D = 0), tests
// another exponent than 1/6.
//
// Sized freely [T]: the minimum of c_M M^-a + c_n n^-b + c_T T^-g at M^u n^v T^w = C. The Lagrange conditions balance
// the terms: each is its share s_i = (u_i/a_i)/S of the minimum, S = u/a + v/b + w/g, and
//     Delta R ~ C^-(1/S),   M ~ C^(1/(a S)),   n ~ C^(1/(b S)),   T ~ C^(1/(g S))
//     ln(min) = ln S + [ sum_i (u_i/a_i) ln(c_i a_i/u_i) - ln C ]/S
// A law that falls faster than every power has exponent infinity, for example exp(-alpha T) at a rate that does not
// depend on n: it costs a logarithm, no power. A resource without charge is free, and its term is 0.
//
// Units: those of the amplitudes. Accuracy: 8 eps times the largest of the logarithms. Cost: 100 ns.
// Errors: std::domain_error that names the quantity, where an exponent of a law is not positive (infinity is allowed in
// implied_by_isolated_laws only), a charge or a growth exponent is negative, p or S is not positive, or an amplitude or
// the compute is not positive and finite. Source: algebra [T] on the accounting [R].
namespace phaselaw::theory {

// C = M^n_params n^n_data T^n_steps.
struct Charge {
  double n_params = 1, n_data = 1, n_steps = 1;  // u, v, w >= 0
};

struct ImpliedExponents {
  double excess_risk = 0;                        // q: Delta R ~ C^-q
  double n_params = 0, n_data = 0, n_steps = 0;  // of M(C), n(C) and T(C); 0 for a resource without charge
};

// r/p of an accounting, in which p_D is the exponent of the charge for data: 0 if a step costs the same at every n.
[[nodiscard]] double implied_exponent(double risk_exponent, const ComputeAccounting& accounting);

// Sized by the data: M ~ n^p_M, T ~ n^p_T, risk ~ n^-b.
struct GrowthWithData {
  double risk_exponent = 1;        // b > 0
  double p_model = 3, p_time = 2;  // p_M, p_T >= 0
};
[[nodiscard]] ImpliedExponents implied_by_growth(const GrowthWithData& growth, const Charge& charge = {});

// Sized freely: a, b, g of the three isolated laws; infinity where a law falls faster than every power.
struct IsolatedExponents {
  double n_params = 1, n_data = 1, n_steps = 1;
};
[[nodiscard]] ImpliedExponents implied_by_isolated_laws(const IsolatedExponents& laws, const Charge& charge = {});

// The isolated law amplitude * resource^-exponent.
struct IsolatedLaw {
  double amplitude = 1, exponent = 1;
};
struct IsolatedLaws {
  IsolatedLaw n_params{}, n_data{}, n_steps{};
};

// The minimum of the sum of three isolated laws at a compute. A resource without charge is unlimited: infinity.
struct BalancedMinimum {
  LogAllocation log;  // ln M, ln n, ln T
  double log_excess_risk = 0;
};
[[nodiscard]] BalancedMinimum minimise_isolated_laws(const IsolatedLaws& laws, double compute,
                                                     const Charge& charge = {});

}  // namespace phaselaw::theory
