// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/resource_laws.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "phaselaw/numerics/statistics.h"
#include "phaselaw/theory/domain.h"

namespace phaselaw::theory {

namespace {

constexpr std::string_view kIsolated = "isolated law";
constexpr double kNever = std::numeric_limits<double>::infinity();

double model_term(const ResourceLawNumbers& numbers) {
  return numbers.unlimited_params ? 0 : excess_risk_terms(numbers.at).approximation;
}

double floor_of(ResourceLaw law, const ResourceLawNumbers& numbers) {
  const double estimation = data_size_law(numbers.at);
  switch (law) {
    case ResourceLaw::model_size:
      return estimation;
    case ResourceLaw::time:
      return estimation + model_term(numbers);
    case ResourceLaw::data:
      break;
  }
  return model_term(numbers);
}

double exponent_of(ResourceLaw law, const ResourceLawNumbers& numbers) {
  if (law == ResourceLaw::time) return kNever;
  return law == ResourceLaw::data ? -data_exponent(numbers.noise.exponent) : 1;
}

double saturation_of(ResourceLaw law, const ResourceLawNumbers& numbers) {
  if (law == ResourceLaw::model_size) return saturating_n_params(numbers.at);
  const double floor = floor_of(law, numbers);
  if (floor == 0) return kNever;
  if (law == ResourceLaw::time)
    return floor >= numbers.at.initial_risk ? 0 : std::log(numbers.at.initial_risk / floor) / numbers.at.rate;
  // c_xi d_eff xi_0^2 n^(2s - 1) = floor.
  const double exponent = exponent_of(law, numbers);
  if (!(exponent > 0)) return kNever;
  const double at_one = numbers.at.c_xi * numbers.at.d_eff * numbers.noise.scale * numbers.noise.scale;
  return std::pow(at_one / floor, 1 / exponent);
}

void require(ResourceLaw law, const ResourceLawNumbers& numbers) {
  (void)excess_risk_terms(numbers.at);
  if (law == ResourceLaw::time) require_positive(kIsolated, {{"rate", numbers.at.rate}});
}

}  // namespace

base::EnumNames<ResourceLaw> enum_names(ResourceLaw) {
  using enum ResourceLaw;
  static constexpr std::pair<std::string_view, ResourceLaw> kNames[] = {
      {"model-size", model_size}, {"time", time}, {"data", data}};
  return kNames;
}

std::string_view resource_name(ResourceLaw law) {
  if (law == ResourceLaw::model_size) return "n_params";
  return law == ResourceLaw::time ? "time" : "n_data";
}

ResourceLawPoint resource_law_at(ResourceLaw law, const ResourceLawNumbers& numbers, double resource) {
  require(law, numbers);
  require_positive(kIsolated, {{resource_name(law), resource}});
  ExcessRiskNumbers at = numbers.at;
  double reducible = 0, exponent = exponent_of(law, numbers);
  if (law == ResourceLaw::model_size) {
    at.n_params = resource;
    reducible = excess_risk_terms(at).approximation;
  } else if (law == ResourceLaw::time) {
    at.time = resource;
    reducible = excess_risk_terms(at).optimisation;
    exponent = at.rate * resource;
  } else {
    at.n_data = resource;
    at.noise = noise_at(numbers.noise, resource);
    reducible = data_size_law(at);
  }
  const double risk = reducible + floor_of(law, numbers);
  return {resource, risk, reducible, reducible > 0 ? exponent * reducible / risk : 0};
}

ResourceLawTable resource_law_table(ResourceLaw law, const ResourceLawNumbers& numbers, double lo, double hi,
                                    std::size_t points) {
  require(law, numbers);
  require_positive(kIsolated, {{"lower end of the range", lo}, {"upper end of the range", hi}});
  if (!(lo < hi) || points < 2)
    throw std::domain_error(fmt::format(
        "{}: expected an ascending range with at least 2 points, found {} to {} with {}", kIsolated, lo, hi, points));
  ResourceLawTable table{law, floor_of(law, numbers), exponent_of(law, numbers), saturation_of(law, numbers), {}};
  for (const double resource : numerics::log_spaced(lo, hi, points))
    table.points.push_back(resource_law_at(law, numbers, resource));
  return table;
}

ResourceRange default_range(ResourceLaw law, const ResourceLawNumbers& numbers) {
  require(law, numbers);
  const double saturation = saturation_of(law, numbers);
  const bool saturates = saturation > 0 && std::isfinite(saturation);
  constexpr double kDecades = 1e3;
  ResourceRange range;
  if (law == ResourceLaw::time) {
    range = saturates ? ResourceRange{saturation / 30, saturation * 3}
                      : ResourceRange{1 / (numbers.at.rate * kDecades), kDecades / numbers.at.rate};
  } else {
    const double given = law == ResourceLaw::data ? numbers.at.n_data : numbers.at.n_params;
    const double centre = saturates ? saturation : given;
    range = {centre / kDecades, centre * kDecades};
    if (law == ResourceLaw::data) range = {std::max(1.0, range.lo), std::max(kDecades, range.hi)};
  }
  return range;
}

}  // namespace phaselaw::theory
