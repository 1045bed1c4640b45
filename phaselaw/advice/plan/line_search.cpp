// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>

#include "phaselaw/advice/plan/allocation.h"

// One-dimensional minima and roots of laws along a curve.
namespace phaselaw::advice {

namespace {

constexpr std::size_t kCoarse = 129, kFine = 17;
constexpr double kNarrow = 4e-3;   // width at which the grid is replaced by derivatives
constexpr double kStencil = 2e-3;  // spacing of the five points; the derivative is exact to kStencil^4

std::vector<double> grid(double lo, double hi, std::size_t n) {
  std::vector<double> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = lo + (hi - lo) * static_cast<double>(i) / static_cast<double>(n - 1);
  return x;
}

}  // namespace

LineMinimum minimise_on_line(const BatchFunction& f, double lo, double hi) {
  const double begin = lo, end = hi;
  std::size_t points = kCoarse;
  double x = 0;
  while (true) {
    const std::vector<double> at = grid(lo, hi, points), value = f(at);
    std::size_t best = 0;
    for (std::size_t i = 1; i < points; ++i)
      if (value[i] < value[best] || std::isnan(value[best])) best = i;
    x = at[best];
    if (points == kCoarse && (best == 0 || best + 1 == points)) return {x, best == 0 ? -1 : 1};
    lo = at[best == 0 ? 0 : best - 1];
    hi = at[std::min(best + 1, points - 1)];
    points = kFine;
    if (hi - lo < kNarrow) break;
  }
  // Newton on the derivative, with central differences of fourth order. If there is a kink, the grid's answer is
  // kept.
  const double from = x;
  for (int i = 0; i < 4; ++i) {
    const double h = kStencil;
    if (x - 2 * h < begin || x + 2 * h > end) return {from, 0};
    const std::array<double, 5> at = {x - 2 * h, x - h, x, x + h, x + 2 * h};
    const std::vector<double> v = f(at);
    const double slope = (8 * (v[3] - v[1]) - (v[4] - v[0])) / (12 * h);
    const double curvature = (16 * (v[3] + v[1]) - 30 * v[2] - v[4] - v[0]) / (12 * h * h);
    if (!(curvature > 0)) return {from, 0};
    const double step = -slope / curvature;
    if (!(std::abs(x + step - from) < 2 * kNarrow)) return {from, 0};
    x += step;
    if (std::abs(step) < 1e-11) break;
  }
  return {x, 0};
}

double root_between(const std::function<double(double)>& f, double lo, double hi) {
  double at_lo = f(lo), at_hi = f(hi);
  if (at_lo == 0) return lo;
  const double tolerance = 1e-13 * std::max({1.0, std::abs(lo), std::abs(hi)});
  int side = 0;
  for (int i = 0; i < 200 && hi - lo > tolerance; ++i) {
    // Illinois method: regula falsi that halves the value at an end point that does not move; every fourth step is a
    // bisection.
    const double guess = i % 4 == 3 ? 0.5 * (lo + hi) : lo + (hi - lo) * at_lo / (at_lo - at_hi);
    const double x = std::clamp(guess, lo, hi), value = f(x);
    if (value == 0) return x;
    if (value > 0) {
      lo = x;
      at_lo = value;
      if (side == 1) at_hi /= 2;
      side = 1;
    } else {
      hi = x;
      at_hi = value;
      if (side == -1) at_lo /= 2;
      side = -1;
    }
    if (guess <= lo && value > 0 && hi - lo < 1e-12) break;
  }
  return 0.5 * (lo + hi);
}

}  // namespace phaselaw::advice
