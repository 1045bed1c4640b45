// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <vector>

#include "phaselaw/advice/isoflop/isoflop.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"

// Minima of bowls, by a parabola or by Akima's spline, and straight lines through logarithms.
namespace phaselaw::advice {

namespace {

using base::kNaN;

BowlMinimum none(std::string why) { return {kNaN, kNaN, false, std::move(why)}; }

// Slopes of Akima's spline at the points: weighted means of the neighbouring chords, which are extended beyond the
// ends by parabolas.
std::vector<double> akima_slopes(std::span<const double> x, std::span<const double> y) {
  const std::size_t n = x.size();
  std::vector<double> chord(n + 3);  // chord[i + 2] between points i and i + 1
  for (std::size_t i = 0; i + 1 < n; ++i) chord[i + 2] = (y[i + 1] - y[i]) / (x[i + 1] - x[i]);
  chord[1] = 2 * chord[2] - chord[3];
  chord[0] = 2 * chord[1] - chord[2];
  chord[n + 1] = 2 * chord[n] - chord[n - 1];
  chord[n + 2] = 2 * chord[n + 1] - chord[n];
  std::vector<double> slope(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double left = std::abs(chord[i + 3] - chord[i + 2]), right = std::abs(chord[i + 1] - chord[i]);
    slope[i] = left + right > 0 ? (left * chord[i + 1] + right * chord[i + 2]) / (left + right)
                                : 0.5 * (chord[i + 1] + chord[i + 2]);
  }
  return slope;
}

}  // namespace

BowlMinimum parabola_minimum(std::span<const double> x, std::span<const double> y) {
  PHASELAW_CHECK_EQ(x.size(), y.size());
  const std::size_t n = x.size();
  if (n < 3) return none("fewer than three sizes");
  // With polynomials orthogonal about the mean, the normal equations are diagonal except for the offset of the
  // quadratic.
  double mean = 0;
  for (const double at : x) mean += at / static_cast<double>(n);
  double s2 = 0, s3 = 0, s4 = 0, y0 = 0, y1 = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double u = x[i] - mean;
    s2 += u * u;
    s3 += u * u * u;
    y0 += y[i] / static_cast<double>(n);
    y1 += u * y[i];
  }
  if (!(s2 > 0)) return none("one size only");
  // q(u) = u^2 - (s3/s2) u - s2/n is orthogonal to 1 and u.
  const double tilt = s3 / s2, offset = s2 / static_cast<double>(n);
  double qy = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double u = x[i] - mean, q = u * u - tilt * u - offset;
    s4 += q * q;
    qy += q * (y[i] - y0);
  }
  if (!(s4 > 1e-14 * s2 * s2)) return none("two sizes only");
  const double curvature = qy / s4, slope = y1 / s2 - curvature * tilt;
  if (!(curvature > 0)) return none("the parabola opens downwards");
  const double u = -slope / (2 * curvature);
  BowlMinimum minimum{mean + u, y0 - curvature * offset + slope * u + curvature * u * u, true, ""};
  if (minimum.x < x.front() || minimum.x > x.back()) {
    minimum.inside = false;
    minimum.why =
        minimum.x < x.front() ? "the vertex lies below the smallest size" : "the vertex lies above the largest size";
  }
  return minimum;
}

BowlMinimum akima_minimum(std::span<const double> x, std::span<const double> y) {
  PHASELAW_CHECK_EQ(x.size(), y.size());
  const std::size_t n = x.size();
  if (n < 4) return none("fewer than four sizes");
  const std::vector<double> slope = akima_slopes(x, y);
  std::size_t lowest = 0;
  for (std::size_t i = 1; i < n; ++i)
    if (y[i] < y[lowest]) lowest = i;
  BowlMinimum best{x[lowest], y[lowest], true, ""};
  for (std::size_t i = 0; i + 1 < n; ++i) {
    const double h = x[i + 1] - x[i], chord = (y[i + 1] - y[i]) / h;
    const double c = (3 * chord - 2 * slope[i] - slope[i + 1]) / h;
    const double d = (slope[i] + slope[i + 1] - 2 * chord) / (h * h);
    // Solves y' = slope + 2 c u + 3 d u^2 = 0 for the root with y'' > 0, by the stable form of the quadratic formula.
    const double inside = c * c - 3 * d * slope[i];
    if (inside < 0) continue;
    const double root = std::sqrt(inside), below = c + root;
    const double u = below != 0 ? -slope[i] / below : 0;
    if (!(u >= 0 && u <= h)) continue;
    const double value = y[i] + u * (slope[i] + u * (c + u * d));
    if (value < best.y) best = {x[i] + u, value, true, ""};
  }
  if (lowest == 0 || lowest + 1 == n) {
    best.inside = false;
    best.why = lowest == 0 ? "the smallest size is the best" : "the largest size is the best";
  }
  return best;
}

}  // namespace phaselaw::advice
