// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/curve/falling_rates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace phaselaw::advice {

namespace {

constexpr std::array<double, 9> kLinearFrom = {0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0};
constexpr std::array<double, 2> kCosineEnd = {0, 0.1};
static_assert(kLinearFrom.size() + kCosineEnd.size() == kFallingRates);

}  // namespace

FallingRate falling_rate(std::size_t which, std::span<const double> step, double end) {
  FallingRate out;
  out.clock.reserve(step.size());
  out.drop.reserve(step.size());
  for (const double t : step) {
    if (which < kLinearFrom.size()) {
      const double from = kLinearFrom[which] * end, past = std::max(t - from, 0.0);
      out.clock.push_back(t - past * past / (2 * (end - from)));
      out.drop.push_back(past / (end - from));
    } else {
      const double lowest = kCosineEnd[which - kLinearFrom.size()], phase = std::numbers::pi * t / end;
      const double half = 0.5 * (1 - lowest);
      out.clock.push_back(lowest * t + half * (t + end / std::numbers::pi * std::sin(phase)));
      out.drop.push_back(1 - lowest - half * (1 + std::cos(phase)));
    }
  }
  return out;
}

}  // namespace phaselaw::advice
