// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"

namespace phaselaw::tables {

namespace {

constexpr double kMomentum = 0.999;       // decay of S2
constexpr double kPeakShare = 0.99;       // share of the largest learning rate that counts as the peak
constexpr double kLargestSchedule = 5e6;  // largest number of steps for which a stated schedule is written out

}  // namespace

base::EnumNames<Decay> enum_names(Decay) {
  static constexpr std::pair<std::string_view, Decay> kNames[] = {{"none", Decay::none},
                                                                  {"constant", Decay::constant},
                                                                  {"linear", Decay::linear},
                                                                  {"cosine", Decay::cosine},
                                                                  {"sqrt", Decay::sqrt}};
  return kNames;
}

double left_of_decay(Decay shape, double share) {
  if (shape == Decay::cosine) return 0.5 * (1 + std::cos(std::numbers::pi * share));
  if (shape == Decay::sqrt) return 1 - std::sqrt(share);
  return 1 - share;
}

void StatedSchedule::validate() const {
  base::check_fields(*this);
  if (decay_from && !decays())
    throw base::InputError({"--decay-from"},
                           "gives the start of the decay without its shape; add the shape, for example --decay linear");
  if (decay_to != 0 && !decays())
    throw base::InputError({"--decay-to"},
                           "gives the end of the decay without its shape; add the shape, for example --decay linear");
  const bool comparable = decay_from && (warmup < 1) == (*decay_from < 1);
  if (comparable && *decay_from < warmup)
    throw base::InputError({"--decay-from"}, fmt::format("expected a step after the warm-up of {}{}, found {}", warmup,
                                                         warmup < 1 ? " of the run" : " steps", *decay_from));
}

LearningRates rates_of(const StatedSchedule& schedule, double last_step) {
  schedule.validate();
  if (!(last_step >= 1 && last_step <= kLargestSchedule))
    throw base::InputError(
        {"--warmup"},
        fmt::format("a stated schedule counts steps, so the curve's last step must be between 1 and {}, found {}; "
                    "check that the table has a step column",
                    base::format_number(kLargestSchedule), last_step));
  const auto in_steps = [&](double x) { return x < 1 ? x * last_step : x; };
  const double warmup = in_steps(schedule.warmup), from = in_steps(schedule.decay_from.value_or(schedule.warmup));
  if (warmup > last_step)
    throw base::InputError(
        {"--warmup"}, fmt::format("the warm-up of {} steps is longer than the curve of {} steps", warmup, last_step));
  if (from < warmup)
    throw base::InputError({"--decay-from"}, fmt::format("step {} is within the warm-up of {} steps", from, warmup));
  LearningRates rates;
  for (double step = 0; step <= last_step; ++step) {
    double lr = warmup > 0 ? std::min(1.0, (step + 1) / warmup) : 1;
    if (schedule.decays() && step > from) {
      const double left = left_of_decay(schedule.decay, std::min(1.0, (step - from) / std::max(last_step - from, 1.0)));
      lr = schedule.decay_to + (1 - schedule.decay_to) * left;
    }
    rates.step.push_back(step);
    rates.lr.push_back(lr);
  }
  return rates;
}

ScheduleSums schedule_sums(const LearningRates& rates, std::span<const double> steps) {
  PHASELAW_CHECK(rates.known());
  const std::size_t n = rates.step.size();
  const auto [low, high] = std::minmax_element(rates.lr.begin(), rates.lr.end());
  const double near_peak = kPeakShare * *high;
  const auto at_peak = [&](double lr) { return lr >= near_peak; };
  const auto first =
      static_cast<std::size_t>(std::find_if(rates.lr.begin(), rates.lr.end(), at_peak) - rates.lr.begin());
  const auto last =
      n - 1 - static_cast<std::size_t>(std::find_if(rates.lr.rbegin(), rates.lr.rend(), at_peak) - rates.lr.rbegin());
  // Annealing is zero before the largest learning rate.
  const auto peak = static_cast<std::size_t>(std::max_element(rates.lr.begin(), rates.lr.end()) - rates.lr.begin());
  ScheduleSums sums;
  sums.warmup_end = first == 0 ? rates.step.front() : rates.step[first];
  sums.decay_begin = rates.step[last];
  sums.varies = *low < near_peak;
  sums.decays = last + 1 < n && rates.lr.back() < near_peak;

  // The values at each recorded step; before the first record the learning rate is that of the first.
  std::vector<double> s1(n), s2(n), momentum(n);
  s1[0] = rates.lr[0] * std::max(0.0, rates.step[0]);
  for (std::size_t i = 1; i < n; ++i) {
    const double gap = rates.step[i] - rates.step[i - 1];
    s1[i] = s1[i - 1] + gap * (gap > 1 ? 0.5 * (rates.lr[i - 1] + rates.lr[i]) : rates.lr[i - 1]);
    // `gap` equal drops, one per step: m and S2 in closed form.
    const double drop = i > peak ? (rates.lr[i - 1] - rates.lr[i]) / gap : 0;
    const double kept = std::pow(kMomentum, gap), limit = drop / (1 - kMomentum);
    momentum[i] = limit + (momentum[i - 1] - limit) * kept;
    s2[i] = s2[i - 1] + limit * gap + (momentum[i - 1] - limit) * kMomentum * (1 - kept) / (1 - kMomentum);
  }
  std::size_t i = 0;
  for (const double step : steps) {
    while (i + 1 < n && rates.step[i + 1] <= step) ++i;
    const double past = step - rates.step[i];
    if (past <= 0) {
      sums.lr_sum.push_back(past < 0 ? std::max(0.0, rates.lr[0] * step) : s1[i]);
      sums.lr_drop.push_back(s2[i]);
      continue;
    }
    double lr = rates.lr[i], share = 0;
    if (i + 1 < n) {
      share = past / (rates.step[i + 1] - rates.step[i]);
      lr += 0.5 * share * (rates.lr[i + 1] - rates.lr[i]);
    }
    sums.lr_sum.push_back(s1[i] + past * lr);
    sums.lr_drop.push_back(i + 1 < n ? s2[i] + share * (s2[i + 1] - s2[i]) : s2[i] + momentum[i] * past);
  }
  // A learning rate that rises again could make S2 negative, so it is bounded below by 0.
  for (double& drop : sums.lr_drop) drop = std::max(0.0, drop);
  return sums;
}

}  // namespace phaselaw::tables
