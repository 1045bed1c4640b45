// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/departure.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

#include "phaselaw/base/format.h"

namespace phaselaw::dynamics {

namespace {

double deviation(double predicted, double measured) {
  if (!std::isfinite(predicted) || !std::isfinite(measured)) return std::numeric_limits<double>::infinity();
  if (predicted == measured) return 0;
  return std::abs(predicted - measured) / std::abs(measured);
}

// Where the line from (a, below) to (b, above) meets the level.
double crossing(double a, double below, double b, double above, double level) {
  const double part = std::isfinite(above) ? (level - below) / (above - below) : 1;
  return a > 0 ? a * std::pow(b / a, part) : a + part * (b - a);
}

}  // namespace

Departure departure(std::span<const double> times, std::span<const double> predicted, std::span<const double> measured,
                    double tolerance) {
  if (times.empty() || predicted.size() != times.size() || measured.size() != times.size() || !(tolerance > 0))
    throw std::domain_error(fmt::format(
        "departure: {} times, {} predicted and {} measured values, tolerance {}: expected equally many and a tolerance > 0",
        times.size(), predicted.size(), measured.size(), tolerance));
  Departure result;
  result.largest_time = times[0];
  double before = 0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (!std::isfinite(times[i]) || (i > 0 && !(times[i] > times[i - 1])))
      throw std::domain_error(fmt::format("departure: times must ascend, time {} is {}", i + 1, times[i]));
    const double now = deviation(predicted[i], measured[i]);
    if (!result.time && now > tolerance)
      result.time = i == 0 ? times[0] : crossing(times[i - 1], before, times[i], now, tolerance);
    if (now > result.largest) {
      result.largest = now;
      result.largest_time = times[i];
    }
    before = now;
  }
  result.reason = result.time
                      ? fmt::format("the prediction leaves {} at t = {}", base::format_percent(tolerance, 3),
                                    base::format_number(*result.time, 4))
                      : fmt::format("never within the run: at most {}, until t = {}",
                                    base::format_percent(result.largest, 3), base::format_number(times.back(), 4));
  return result;
}

}  // namespace phaselaw::dynamics
