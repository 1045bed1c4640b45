// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/excess_risk.h"

#include <cmath>
#include <limits>

#include "phaselaw/theory/domain.h"

namespace phaselaw::theory {

namespace {

void require(const ExcessRiskNumbers& numbers) {
  require_positive("excess risk", {{"n_params", numbers.n_params}, {"n_data", numbers.n_data}});
  require_non_negative("excess risk", {{"initial_risk", numbers.initial_risk},
                                       {"rate", numbers.rate},
                                       {"time", numbers.time},
                                       {"noise", numbers.noise},
                                       {"c_model", numbers.c_model},
                                       {"c_xi", numbers.c_xi},
                                       {"d_eff", numbers.d_eff},
                                       {"rate_data_exponent", numbers.rate_data_exponent}});
}

}  // namespace

ExcessRiskTerms excess_risk_terms(const ExcessRiskNumbers& numbers) {
  require(numbers);
  return {.optimisation = numbers.initial_risk * std::exp(-numbers.rate * numbers.time),
          .approximation = numbers.c_model / numbers.n_params,
          .estimation = numbers.c_xi * numbers.d_eff * numbers.noise * numbers.noise / numbers.n_data};
}

double model_size_law(const ExcessRiskNumbers& numbers) {
  const ExcessRiskTerms terms = excess_risk_terms(numbers);
  return terms.approximation + terms.estimation;
}

double training_time_law(const ExcessRiskNumbers& numbers) { return excess_risk_terms(numbers).total(); }

double data_size_law(const ExcessRiskNumbers& numbers) { return excess_risk_terms(numbers).estimation; }

double saturating_n_params(const ExcessRiskNumbers& numbers) {
  const double estimation = excess_risk_terms(numbers).estimation;
  return estimation > 0 ? numbers.c_model / estimation : std::numeric_limits<double>::infinity();
}

double saturating_time(const ExcessRiskNumbers& numbers) {
  const double floor = model_size_law(numbers);
  if (floor >= numbers.initial_risk) return 0;
  return std::log(numbers.initial_risk / floor) / numbers.rate;
}

Stage regime(const ExcessRiskTerms& terms) {
  if (terms.optimisation >= terms.estimation && terms.optimisation >= terms.approximation)
    return Stage::compute_starved;
  return terms.estimation >= terms.approximation ? Stage::data_limited : Stage::model_limited;
}

Elasticities elasticities(const ExcessRiskNumbers& numbers) {
  const ExcessRiskTerms terms = excess_risk_terms(numbers);
  const double total = terms.total();
  if (total == 0) return {};
  const double time = terms.optimisation > 0 ? numbers.rate * numbers.time * terms.optimisation / total : 0;
  return {.time = time,
          .n_params = terms.approximation / total,
          .n_data = terms.estimation / total - numbers.rate_data_exponent * time,
          .noise = 2 * terms.estimation / total};
}

base::EnumNames<Resource> enum_names(Resource) {
  using enum Resource;
  static constexpr std::pair<std::string_view, Resource> kNames[] = {
      {"time", time}, {"n_data", n_data}, {"n_params", n_params}};
  return kNames;
}

Resource bottleneck(const Elasticities& elasticities) {
  if (elasticities.time >= elasticities.n_data && elasticities.time >= elasticities.n_params) return Resource::time;
  return elasticities.n_data >= elasticities.n_params ? Resource::n_data : Resource::n_params;
}

}  // namespace phaselaw::theory
