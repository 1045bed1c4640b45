// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/tics.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "phaselaw/report/format.h"

namespace phaselaw::report {

namespace {

std::string exponent_text(int exponent) {
  return exponent < 0 ? fmt::format("−{}", -exponent) : fmt::format("{}", exponent);
}

constexpr double kPlainFrom = 0.999e-3, kPlainTo = 1e5;

std::string with_minus_sign(const std::string& text) { return text.starts_with('-') ? "−" + text.substr(1) : text; }

std::string number_label(double value) {
  const double magnitude = std::abs(value);
  if (magnitude == 0 || (magnitude >= kPlainFrom && magnitude < kPlainTo))
    return with_minus_sign(format_number(value, 4));
  const int exponent = static_cast<int>(std::floor(std::log10(magnitude) + 1e-12));
  return fmt::format("{:.4g}·10^{{{}}}", value / std::pow(10.0, exponent), exponent_text(exponent));
}

// Ends of the axis belong to it, in spite of rounding.
bool within(double at, double lo, double hi, double slack) { return at >= lo - slack && at <= hi + slack; }

std::vector<Tic> decades(double lo, double hi) {
  const int first = static_cast<int>(std::floor(std::log10(lo))), last = static_cast<int>(std::ceil(std::log10(hi)));
  const int stride = static_cast<int>(std::ceil(std::log10(hi / lo) / 8 - 1e-9));
  std::vector<Tic> tics;
  for (int k = first; k <= last; ++k)
    for (int digit = 1; digit <= (stride == 1 ? 9 : 1); ++digit) {
      const double at = digit * std::pow(10.0, k);
      if (!within(at, lo, hi, 1e-9 * at)) continue;
      const bool labelled = digit == 1 && k % stride == 0;
      tics.push_back({at, labelled ? fmt::format("10^{{{}}}", exponent_text(k)) : "", !labelled});
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
        if (const double at = digit * std::pow(10.0, k); within(at, lo, hi, 1e-9 * at)) result.push_back(at);
    return result;
  };
  std::vector<double> labelled = labelled_in(kOneTwoFive);
  if (labelled.size() < 3) labelled = labelled_in(kFine);
  if (labelled.size() < 3) return linear_tics(lo, hi);
  std::vector<Tic> tics;
  for (const double at : labelled) tics.push_back({at, number_label(at), false});
  for (const Tic& minor : decades(lo, hi))
    if (std::none_of(labelled.begin(), labelled.end(), [&](double at) { return std::abs(at - minor.at) < 1e-9 * at; }))
      tics.push_back({minor.at, "", true});
  return tics;
}

std::vector<Tic> linear_tics(double lo, double hi) {
  const double rough = (hi - lo) / 6;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double step = power * (rough / power < 1.4 ? 1 : rough / power < 3 ? 2 : rough / power < 7 ? 5 : 10);
  // Plain labels of one axis have the same decimals.
  const bool plain = step >= kPlainFrom && std::max(std::abs(lo), std::abs(hi)) < kPlainTo;
  const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  std::vector<Tic> tics;
  for (double k = std::ceil(lo / step - 1e-9); k * step <= hi + 1e-9 * step; ++k) {
    const double at = std::abs(k) < 0.5 ? 0.0 : k * step;
    tics.push_back({at, plain ? with_minus_sign(fmt::format("{:.{}f}", at, decimals)) : number_label(at), false});
  }
  return tics;
}

}  // namespace phaselaw::report
