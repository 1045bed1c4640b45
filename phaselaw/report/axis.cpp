// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/axis.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace phaselaw::report {

namespace {

constexpr double kPlainFrom = 0.999e-3, kPlainTo = 1e5;
constexpr double kSlack = 1e-9;       // the ends of an axis belong to it in spite of rounding; relative
constexpr double kFlat = 1e-8;        // a narrower range counts as a single value; relative
constexpr double kSmallest = 1e-300;  // a narrower range is one too, absolute
constexpr double kLargest = 1e300, kLargestLog = 300;  // a margin must not leave the range of double

std::string signed_text(double value, const std::string& magnitude) {
  return value < 0 && magnitude.find_first_of("123456789") != std::string::npos ? "−" + magnitude : magnitude;
}

std::string exponent_text(int exponent) { return signed_text(exponent, fmt::format("{}", std::abs(exponent))); }

int decimal_exponent(double magnitude) { return static_cast<int>(std::floor(std::log10(magnitude) + 1e-12)); }

// A label with enough digits to tell neighbours at a distance of `step` apart.
Tic number_tic(double at, double step) {
  const double magnitude = std::abs(at);
  const int last = decimal_exponent(step);
  if (magnitude == 0) return {at, "0"};
  const int first = decimal_exponent(magnitude), digits = std::clamp(first - last + 1, 1, 15);
  if (magnitude >= kPlainFrom && magnitude < kPlainTo)
    return {at, signed_text(at, fmt::format("{:.{}g}", magnitude, std::max(digits, first + 1)))};
  if (magnitude == std::pow(10.0, first)) return {at, signed_text(at, "10"), exponent_text(first)};
  return {at, signed_text(at, fmt::format("{:.{}g}·10", magnitude / std::pow(10.0, first), digits)),
          exponent_text(first)};
}

bool within(double at, double lo, double hi) {
  return at >= lo - kSlack * std::abs(at) && at <= hi + kSlack * std::abs(at);
}

std::vector<Tic> decades(double lo, double hi) {
  const int first = static_cast<int>(std::floor(std::log10(lo))), last = static_cast<int>(std::ceil(std::log10(hi)));
  const int stride = static_cast<int>(std::ceil(std::log10(hi / lo) / 8 - 1e-9));
  std::vector<Tic> tics;
  for (int k = first; k <= last; ++k)
    for (int digit = 1; digit <= (stride == 1 ? 9 : 1); ++digit) {
      const double at = digit * std::pow(10.0, k);
      if (!within(at, lo, hi)) continue;
      if (digit == 1 && k % stride == 0)
        tics.push_back({at, "10", exponent_text(k)});
      else
        tics.push_back({.at = at, .minor = true});
    }
  return tics;
}

}  // namespace

std::vector<Tic> log_tics(double lo, double hi) {
  if (hi / lo >= 99.9) return decades(lo, hi);
  static constexpr double kOneTwoFive[] = {1, 2, 5};
  static constexpr double kFine[] = {1, 1.5, 2, 3, 4, 5, 6, 8};
  const auto labelled_in = [&](const auto& digits) {
    std::vector<double> result;
    for (int k = static_cast<int>(std::floor(std::log10(lo))); k <= std::ceil(std::log10(hi)); ++k)
      for (const double digit : digits)
        if (const double at = digit * std::pow(10.0, k); within(at, lo, hi)) result.push_back(at);
    return result;
  };
  std::vector<double> labelled = labelled_in(kOneTwoFive);
  if (labelled.size() < 3) labelled = labelled_in(kFine);
  if (labelled.size() < 3) return linear_tics(lo, hi);
  std::vector<Tic> tics;
  for (const double at : labelled) tics.push_back(number_tic(at, at / 10));
  for (const Tic& minor : decades(lo, hi))
    if (std::none_of(labelled.begin(), labelled.end(),
                     [&](double at) { return std::abs(at - minor.at) < kSlack * at; }))
      tics.push_back({.at = minor.at, .minor = true});
  return tics;
}

std::vector<Tic> linear_tics(double lo, double hi, int wanted) {
  const double rough = (hi - lo) / wanted;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double step = power * (rough / power < 1.4 ? 1 : rough / power < 3 ? 2 : rough / power < 7 ? 5 : 10);
  // Plain labels of one axis have the same decimals.
  const bool plain = step >= kPlainFrom && std::max(std::abs(lo), std::abs(hi)) < kPlainTo;
  const int decimals = std::max(0, -decimal_exponent(step));
  const double first = std::ceil(lo / step - kSlack);
  std::vector<Tic> tics;
  // The count is bounded, because first + i stops growing where the step is below the resolution of double.
  for (int i = 0; i <= 2 * wanted + 4; ++i) {
    const double k = first + i, at = std::abs(k) < 0.5 ? 0.0 : k * step;
    if (at > hi + kSlack * step) break;
    tics.push_back(plain ? Tic{at, signed_text(at, fmt::format("{:.{}f}", std::abs(at), decimals))}
                         : number_tic(at, step));
  }
  return tics;
}

double axis_coordinate(double value, bool log) { return log ? std::log10(value) : value; }
double axis_value(double coordinate, bool log) { return log ? std::pow(10.0, coordinate) : coordinate; }

bool drawable(double value, const Axis& axis) { return std::isfinite(value) && (!axis.log || value > 0); }

double Scale::share(double at) const {
  const double from = axis_coordinate(lo, log);
  return (axis_coordinate(at, log) - from) / (axis_coordinate(hi, log) - from);
}

Scale scale_of(const Axis& axis, const Range& data, const Range& soft) {
  const auto flat = [&](double lo, double hi) {
    return !(hi - lo > std::max(kSmallest, kFlat * (axis.log ? 1 : std::max(std::abs(lo), std::abs(hi)))));
  };
  double lo = 0, hi = 1;
  if (!data.empty()) {
    lo = axis_coordinate(data.lo, axis.log);
    hi = axis_coordinate(data.hi, axis.log);
    const double most = (hi - lo) / 4;
    if (!soft.empty()) {
      lo = std::max(std::min(lo, axis_coordinate(soft.lo, axis.log)), lo - most);
      hi = std::min(std::max(hi, axis_coordinate(soft.hi, axis.log)), hi + most);
    }
    const double alone = axis.log ? 0.3 : std::abs(lo) < kSmallest ? 1 : 0.1 * std::abs(lo);
    const double margin = flat(lo, hi) ? alone : 0.04 * (hi - lo);
    lo -= margin;
    hi += margin;
  }
  const double largest = axis.log ? kLargestLog : kLargest;
  Scale scale{axis.log, axis_value(std::clamp(lo, -largest, largest), axis.log),
              axis_value(std::clamp(hi, -largest, largest), axis.log)};
  const bool lo_given = drawable(axis.lo, axis), hi_given = drawable(axis.hi, axis);
  if (lo_given) scale.lo = axis.lo;
  if (hi_given) scale.hi = axis.hi;
  if (!flat(axis_coordinate(scale.lo, axis.log), axis_coordinate(scale.hi, axis.log))) return scale;
  if (hi_given && !lo_given)
    scale.lo = axis.log ? scale.hi / 10 : scale.hi - std::max(1.0, std::abs(scale.hi));
  else
    scale.hi = axis.log ? scale.lo * 10 : scale.lo + std::max(1.0, std::abs(scale.lo));
  return scale;
}

}  // namespace phaselaw::report
