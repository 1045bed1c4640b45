// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/matching_band.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/theory/domain.h"

namespace phaselaw::theory {

MatchingBand matching_band(const Edition& edition, double compute, double noise, std::optional<double> n_data,
                           double r0) {
  MatchingBand band;
  if (!n_data) {
    band.log_upper = log_excess_risk(edition, compute, noise);
    band.log_lower = band.log_upper / edition.risk_exponent - kLog16;
    return band;
  }
  const FixedNTerms terms = fixed_n_terms(edition, compute, *n_data, noise, r0);
  const double larger = std::max(terms.log_optimisation, terms.log_estimation);
  const double smaller = std::min(terms.log_optimisation, terms.log_estimation);
  band.log_upper = larger + std::log1p(std::exp(smaller - larger));
  band.log_lower = 2 * std::log(noise) - std::log(*n_data) - kLog16;
  return band;
}

double log_statistical_lower_bound_of_compute(const Edition& edition, double compute, double noise) {
  require_positive("statistical lower bound",
                   {{"p", edition.p}, {"constant a", edition.a}, {"compute", compute}, {"noise", noise}});
  return 2 * std::log(noise) - kLog16 + (std::log(edition.a) - std::log(compute)) / edition.p;
}

}  // namespace phaselaw::theory
