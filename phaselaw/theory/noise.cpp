// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/noise.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

#include "phaselaw/theory/domain.h"

namespace phaselaw::theory {

namespace {

constexpr std::string_view kSchedule = "noise schedule";

void require_exponent(double s) {
  require_at_least(kSchedule, std::numeric_limits<double>::lowest(), {{"exponent s", s}});
}

void require(const Edition& edition, double s) {
  require_exponent(s);
  require_positive(kSchedule, {{"p", edition.p}, {"risk exponent r", edition.risk_exponent}});
  if (!(2 * s < edition.p))
    throw std::domain_error(fmt::format("noise schedule: expected exponent s < p/2 = {}, found {}", edition.p / 2, s));
}

}  // namespace

double noise_at(const NoiseSchedule& schedule, double n_data) {
  require_exponent(schedule.exponent);
  require_positive(kSchedule, {{"scale xi_0", schedule.scale}, {"n_data", n_data}});
  return schedule.scale * std::pow(n_data, schedule.exponent);
}

double data_exponent(double schedule_exponent, double risk_exponent) {
  require_exponent(schedule_exponent);
  require_positive(kSchedule, {{"risk exponent r", risk_exponent}});
  return risk_exponent * (2 * schedule_exponent - 1);
}

double compute_exponent(const Edition& edition, double schedule_exponent) {
  require(edition, schedule_exponent);
  const double noise_in_compute = edition.log_and_noise ? 2 * schedule_exponent : 0;
  return edition.risk_exponent * (1 - 2 * schedule_exponent) / (edition.p - noise_in_compute);
}

base::EnumNames<DataEffect> enum_names(DataEffect) {
  using enum DataEffect;
  static constexpr std::pair<std::string_view, DataEffect> kNames[] = {
      {"helps", helps}, {"no effect", no_effect}, {"hurts", hurts}};
  return kNames;
}

DataEffect effect_of_data(const NoiseSchedule& schedule) {
  require_exponent(schedule.exponent);
  if (schedule.exponent < 0.5) return DataEffect::helps;
  return schedule.exponent > 0.5 ? DataEffect::hurts : DataEffect::no_effect;
}

ScheduledLaw scheduled_law(const Edition& edition, double compute, const NoiseSchedule& schedule) {
  const double s = schedule.exponent, r = edition.risk_exponent, share = 1 - 2 * s;
  require(edition, s);
  require_positive(kSchedule, {{"scale xi_0", schedule.scale}, {"compute", compute}, {"constant a", edition.a}});
  ScheduledLaw law;
  law.effect = effect_of_data(schedule);
  if (law.effect != DataEffect::helps) {
    law.log_excess_risk = 2 * r * std::log(schedule.scale);
    return law;
  }
  if (!edition.log_and_noise) {
    law.log_n_data = (std::log(compute) - std::log(edition.a)) / edition.p;
    law.log_excess_risk = r * (2 * std::log(schedule.scale) - share * *law.log_n_data);
    law.slope = -compute_exponent(edition, s);
    return law;
  }
  Edition effective = edition;
  effective.p = (edition.p - 2 * s) / share;
  law.log_excess_risk = log_excess_risk(effective, compute, schedule.scale);
  law.log_n_data = (2 * std::log(schedule.scale) - law.log_excess_risk / r) / share;
  law.slope = slope(effective, compute, schedule.scale);
  return law;
}

}  // namespace phaselaw::theory
