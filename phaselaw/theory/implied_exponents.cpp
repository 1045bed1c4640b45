// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/implied_exponents.h"

#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

#include "phaselaw/theory/domain.h"

namespace phaselaw::theory {

namespace {

constexpr std::string_view kImplied = "implied exponents";
constexpr double kUnlimited = std::numeric_limits<double>::infinity();

void require_charge(const Charge& charge) {
  require_non_negative(kImplied, {{"charge for n_params", charge.n_params},
                                  {"charge for n_data", charge.n_data},
                                  {"charge for n_steps", charge.n_steps}});
}

// p or S: the compute must limit something.
void require_charged(double exponent, std::string_view what) {
  if (!(exponent > 0))
    throw std::domain_error(
        fmt::format("{}: expected {} > 0, found {}: the compute does not limit the risk", kImplied, what, exponent));
}

void require_exponent(std::string_view name, double exponent) {
  if (!(exponent > 0))
    throw std::domain_error(fmt::format("{}: expected exponent of {} > 0, found {}", kImplied, name, exponent));
}

}  // namespace

double implied_exponent(double risk_exponent, const ComputeAccounting& accounting) {
  require_positive(kImplied, {{"risk exponent", risk_exponent}});
  require_non_negative(kImplied,
                       {{"p_model", accounting.p_model}, {"p_data", accounting.p_data}, {"p_time", accounting.p_time}});
  require_charged(accounting.p(), "p = p_model + p_data + p_time");
  return risk_exponent / accounting.p();
}

ImpliedExponents implied_by_growth(const GrowthWithData& growth, const Charge& charge) {
  require_positive(kImplied, {{"risk exponent", growth.risk_exponent}});
  require_non_negative(kImplied, {{"p_model", growth.p_model}, {"p_time", growth.p_time}});
  require_charge(charge);
  const double p = charge.n_params * growth.p_model + charge.n_data + charge.n_steps * growth.p_time;
  require_charged(p, "p = u p_model + v + w p_time");
  return {.excess_risk = growth.risk_exponent / p,
          .n_params = growth.p_model / p,
          .n_data = 1 / p,
          .n_steps = growth.p_time / p};
}

ImpliedExponents implied_by_isolated_laws(const IsolatedExponents& laws, const Charge& charge) {
  require_exponent("n_params", laws.n_params);
  require_exponent("n_data", laws.n_data);
  require_exponent("n_steps", laws.n_steps);
  require_charge(charge);
  const double sum = charge.n_params / laws.n_params + charge.n_data / laws.n_data + charge.n_steps / laws.n_steps;
  require_charged(sum, "S = u/a + v/b + w/g");
  const auto growth = [&](double of_charge, double exponent) { return of_charge > 0 ? 1 / (exponent * sum) : 0.0; };
  return {.excess_risk = 1 / sum,
          .n_params = growth(charge.n_params, laws.n_params),
          .n_data = growth(charge.n_data, laws.n_data),
          .n_steps = growth(charge.n_steps, laws.n_steps)};
}

BalancedMinimum minimise_isolated_laws(const IsolatedLaws& laws, double compute, const Charge& charge) {
  require_positive(kImplied, {{"compute", compute},
                              {"amplitude of n_params", laws.n_params.amplitude},
                              {"amplitude of n_data", laws.n_data.amplitude},
                              {"amplitude of n_steps", laws.n_steps.amplitude},
                              {"exponent of n_params", laws.n_params.exponent},
                              {"exponent of n_data", laws.n_data.exponent},
                              {"exponent of n_steps", laws.n_steps.exponent}});
  require_charge(charge);
  struct Term {
    IsolatedLaw law;
    double charge = 0;
    double LogAllocation::*log_size;
  };
  const std::array<Term, 3> terms = {{{laws.n_params, charge.n_params, &LogAllocation::n_params},
                                      {laws.n_data, charge.n_data, &LogAllocation::n_data},
                                      {laws.n_steps, charge.n_steps, &LogAllocation::n_steps}}};
  // With share_i = u_i/a_i, term i at the minimum is share_i exp(log_multiplier).
  double sum = 0, weighted = 0;
  for (const Term& term : terms) {
    if (term.charge == 0) continue;
    const double share = term.charge / term.law.exponent;
    sum += share;
    weighted += share * (std::log(term.law.amplitude) - std::log(share));
  }
  require_charged(sum, "S = u/a + v/b + w/g");
  const double log_multiplier = (weighted - std::log(compute)) / sum;
  BalancedMinimum minimum;
  minimum.log_excess_risk = std::log(sum) + log_multiplier;
  for (const Term& term : terms) {
    if (term.charge == 0) {
      minimum.log.*term.log_size = kUnlimited;
      continue;
    }
    const double log_term = std::log(term.charge / term.law.exponent) + log_multiplier;
    minimum.log.*term.log_size = (std::log(term.law.amplitude) - log_term) / term.law.exponent;
  }
  return minimum;
}

}  // namespace phaselaw::theory
