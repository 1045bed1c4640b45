// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "phaselaw/base/errors.h"

namespace phaselaw::training {

namespace {

std::int64_t share(double fraction, std::int64_t steps) { return std::llround(fraction * static_cast<double>(steps)); }

double ratio(std::int64_t a, std::int64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

}  // namespace

double rate_fraction(const TrainingOptions& options, std::int64_t step) {
  PHASELAW_CHECK(step >= 0 && step < options.steps);
  const std::int64_t warmup = std::min(share(options.warmup, options.steps), options.steps - 1);
  if (step < warmup) return ratio(step + 1, warmup + 1);
  const double floor = options.final_fraction;
  switch (options.schedule) {
    case Schedule::constant:
      break;
    case Schedule::cosine: {
      const double u = ratio(step - warmup, options.steps - warmup);
      return floor + (1 - floor) * 0.5 * (1 + std::cos(std::numbers::pi * u));
    }
    case Schedule::wsd: {
      const std::int64_t decay = share(options.decay, options.steps), start = options.steps - decay;
      if (step >= start) return 1 - (1 - floor) * ratio(step - start + 1, decay + 1);
      break;
    }
  }
  return 1;
}

std::vector<std::int64_t> measurement_steps(std::int64_t steps, std::int64_t per_doubling) {
  constexpr std::int64_t kPowersTo = 16;
  std::vector<std::int64_t> at{0};
  for (std::int64_t step = 1; step < std::min(kPowersTo, steps); step *= 2) at.push_back(step);
  for (std::int64_t k = 0; at.back() < steps; ++k) {
    const double exact = static_cast<double>(kPowersTo) * std::exp2(ratio(k, per_doubling));
    const std::int64_t step = exact < static_cast<double>(steps) ? std::llround(exact) : steps;
    if (step > at.back()) at.push_back(step);
  }
  return at;
}

}  // namespace phaselaw::training
