// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/random_effect.h"

#include <cmath>
#include <numeric>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::reproduce {

Effect effect_of(std::span<const double> for_each_teacher) {
  const Mean mean = mean_of(for_each_teacher);
  return {mean.value, mean.lo, mean.hi, static_cast<double>(for_each_teacher.size()) - 1};
}

std::vector<Effect> jackknife(std::size_t teachers, const Statistics& statistics) {
  PHASELAW_CHECK(teachers >= 1);
  std::vector<std::size_t> all(teachers);
  std::iota(all.begin(), all.end(), std::size_t{0});
  const std::vector<double> whole = statistics(all);
  std::vector<Effect> effects(whole.size());
  for (std::size_t q = 0; q < whole.size(); ++q)
    effects[q] = {.value = whole[q], .degrees = static_cast<double>(teachers) - 1};
  if (teachers < 2) return effects;
  std::vector<std::vector<double>> without(whole.size());
  for (std::size_t left_out = 0; left_out < teachers; ++left_out) {
    std::vector<std::size_t> rest;
    for (const std::size_t i : all)
      if (i != left_out) rest.push_back(i);
    const std::vector<double> values = statistics(rest);
    PHASELAW_CHECK_EQ(values.size(), whole.size());
    for (std::size_t q = 0; q < whole.size(); ++q) without[q].push_back(values[q]);
  }
  const double k = static_cast<double>(teachers), quantile = numerics::student_t_quantile(0.975, k - 1);
  for (std::size_t q = 0; q < whole.size(); ++q) {
    const double mean = numerics::mean(without[q]);
    double squares = 0;
    for (const double value : without[q]) squares += (value - mean) * (value - mean);
    const double half = quantile * std::sqrt((k - 1) / k * squares);
    if (!std::isfinite(half)) continue;
    effects[q].lo = whole[q] - half;
    effects[q].hi = whole[q] + half;
  }
  return effects;
}

Effect exponential(Effect effect) {
  for (double* value : {&effect.value, &effect.lo, &effect.hi}) *value = std::exp(*value);
  return effect;
}

std::string text_of(const Effect& effect) { return base::format_value(effect.value, effect.lo, effect.hi); }

void set_measured(const Effect& effect, report::Claim& claim) {
  claim.measured = effect.value;
  claim.lo = effect.lo;
  claim.hi = effect.hi;
  claim.degrees = effect.degrees;
}

}  // namespace phaselaw::reproduce
