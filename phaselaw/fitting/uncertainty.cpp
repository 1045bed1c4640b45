// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/uncertainty.h"

#include <utility>
#include <vector>

#include "phaselaw/laws/law.h"

namespace phaselaw::fitting {

Uncertainty::Uncertainty(const SavedFit& saved) : saved_(saved), plausible_(plausible_parameters(saved)) {}

Estimate Uncertainty::estimate(std::string name, const Function& quantity, bool positive) const {
  std::vector<double> draws;
  for (const std::vector<double>& parameters : plausible_.parameters) draws.push_back(quantity(parameters));
  Estimate out = plausible_.estimate(std::move(name), quantity(saved_.fit.value), std::move(draws));
  if (!positive) out.identified = out.lo && out.hi;
  return out;
}

Estimate Uncertainty::new_run(std::string name, const tables::Columns& at) const {
  const auto value = [&](std::span<const double> parameters) {
    return laws::evaluate(saved_.fit.law, at, parameters).front();
  };
  return plausible_.new_run(std::move(name), estimate("value", value));
}

}  // namespace phaselaw::fitting
