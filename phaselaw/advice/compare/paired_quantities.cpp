// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "phaselaw/advice/compare/paired_law.h"
#include "phaselaw/base/constants.h"

// The quantities that compare two laws: each as one parameter that follows from the others and the quantity's value.
namespace phaselaw::advice {

namespace {

using base::kNaN;

constexpr double kLargestLogSpeedup = 13.8;  // a factor of a million

fitting::Estimate unknown_estimate(std::string name) {
  fitting::Estimate out;
  out.name = std::move(name);
  out.value = kNaN;
  return out;
}

}  // namespace

PairedLaw::Constraint PairedLaw::speedup_constraint(double resource) const {
  const double y = std::log(resource) - centre_;
  Constraint constraint;
  constraint.eliminated = kLevelB;
  constraint.solve = [y](const Full& at, double log_speedup, double& out, Full& gradient) {
    const double place = y + log_speedup;
    const double reducible = std::exp(at[kLevelA] - at[kExponentA] * place);
    const double above = at[kFloorA] - at[kFloorB] + reducible;
    if (!(above > 0) || !std::isfinite(above)) return false;
    out = std::log(above) + at[kExponentB] * y;
    gradient[kLevelA] = reducible / above;
    gradient[kExponentA] = -reducible * place / above;
    gradient[kExponentB] = y;
    gradient[kFloorA] = 1 / above;
    gradient[kFloorB] = -1 / above;
    return true;
  };
  return constraint;
}

fitting::Estimate PairedLaw::speedup_interval(double resource) const {
  Search search;
  search.value = std::log(speedup(resource));
  search.least = -kLargestLogSpeedup;
  search.most = kLargestLogSpeedup;
  const double scale = std::max(noise_, 1e-9) / std::max(0.01, full_[kExponentA]);
  search.first_step = std::max(
      1e-9, scale * loss(baseline, resource) / std::max(loss(baseline, resource) - floor(baseline), 1e-6 * unit_));
  search.first_step = std::min(search.first_step, 1.0);
  search.value = std::clamp(search.value, -kLargestLogSpeedup, kLargestLogSpeedup);
  fitting::Estimate found = interval("speedup", speedup_constraint(resource), search);
  found.value = has_slope(baseline) && determines_floor() ? speedup(resource) : kNaN;
  if (found.lo) found.lo = std::exp(*found.lo);
  if (found.hi) found.hi = std::exp(*found.hi);
  return found;
}

fitting::Estimate PairedLaw::loss_interval(Recipe recipe, double resource) const {
  const double y = std::log(resource) - centre_;
  Constraint constraint;
  constraint.eliminated = level_of(recipe);
  constraint.solve = [y, recipe](const Full& at, double log_loss, double& out, Full& gradient) {
    const double above = std::exp(log_loss) - at[floor_of(recipe)];
    if (!(above > 0)) return false;
    out = std::log(above) + at[exponent_of(recipe)] * y;
    gradient[exponent_of(recipe)] = y;
    gradient[floor_of(recipe)] = -1 / above;
    return true;
  };
  Search search;
  search.value = std::log(loss(recipe, resource) / unit_);
  search.least = search.value - kLargestLogSpeedup;
  search.most = search.value + kLargestLogSpeedup;
  search.first_step = std::max(noise_, 1e-9);
  fitting::Estimate found = interval("loss", constraint, search);
  found.value = loss(recipe, resource);
  if (found.lo) found.lo = unit_ * std::exp(*found.lo);
  if (found.hi) found.hi = unit_ * std::exp(*found.hi);
  return found;
}

fitting::Estimate PairedLaw::exponent_interval(Recipe recipe) const {
  Constraint constraint;
  constraint.eliminated = exponent_of(recipe);
  constraint.solve = [](const Full&, double value, double& out, Full&) {
    out = value;
    return true;
  };
  if (!has_slope(recipe)) return unknown_estimate("alpha");
  return interval("alpha", constraint,
                  {.value = exponent(recipe),
                   .first_step = 0.01,
                   .least = 0,
                   .most = kLargestExponent,
                   .bounded_below = true,
                   .bounded_above = false});
}

fitting::Estimate PairedLaw::difference_interval() const {
  if (!has_slope(baseline) || !has_slope(candidate)) return unknown_estimate("exponent_difference");
  Constraint constraint;
  constraint.eliminated = kExponentB;
  constraint.solve = [](const Full& at, double value, double& out, Full& gradient) {
    out = at[kExponentA] + value;
    gradient[kExponentA] = 1;
    return out >= 0;
  };
  return interval("exponent_difference", constraint,
                  {.value = exponent(candidate) - exponent(baseline),
                   .first_step = 0.003,
                   .least = -kLargestExponent,
                   .most = kLargestExponent});
}

fitting::Estimate PairedLaw::growth_interval() const {
  if (!has_slope(baseline) || !has_slope(candidate) || !(exponent(baseline) > 0)) return unknown_estimate("growth");
  Constraint constraint;
  constraint.eliminated = kExponentB;
  constraint.solve = [](const Full& at, double value, double& out, Full& gradient) {
    out = at[kExponentA] * (1 + value);
    gradient[kExponentA] = 1 + value;
    return true;
  };
  constexpr double kLargestGrowth = 100;
  return interval("growth", constraint,
                  {.value = exponent(candidate) / exponent(baseline) - 1,
                   .first_step = 0.01,
                   .least = -1,
                   .most = kLargestGrowth,
                   .bounded_below = true});
}

fitting::Estimate PairedLaw::floor_interval(Recipe recipe) const {
  if (options_.floor) {
    fitting::Estimate known = unknown_estimate("E");
    known.value = *options_.floor;
    known.fixed = true;
    return known;
  }
  Constraint constraint;
  constraint.eliminated = options_.separate_floors ? floor_of(recipe) : static_cast<std::size_t>(kFloorA);
  constraint.solve = [](const Full&, double value, double& out, Full&) {
    out = value;
    return true;
  };
  fitting::Estimate found = interval("E", constraint,
                                     {.value = full_[floor_of(recipe)],
                                      .first_step = 0.01,
                                      .least = 0,
                                      .most = largest_floor_[recipe],
                                      .bounded_below = true,
                                      .bounded_above = true});
  found.value *= unit_;
  // An end at a bound is no finding of the rows.
  found.identified = found.lo && found.hi && *found.lo > 0 && *found.hi < largest_floor_[recipe];
  if (found.lo) found.lo = unit_ * *found.lo;
  if (found.hi) found.hi = unit_ * *found.hi;
  return found;
}

}  // namespace phaselaw::advice
