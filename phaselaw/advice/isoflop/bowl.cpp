// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/isoflop/bowl.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"

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

double Parabola::at(double x) const {
  const double u = x - mean;
  return c0 + c1 * u + c2 * (u * u - tilt * u - offset);
}

double Parabola::vertex() const { return mean + 0.5 * (tilt - c1 / c2); }

double Parabola::leverage(double x) const {
  const double u = x - mean, q = u * u - tilt * u - offset;
  return 1 / s0 + u * u / s2 + q * q / s4;
}

std::optional<Parabola> fit_parabola(std::span<const double> x, std::span<const double> y,
                                     std::span<const double> weights, std::string* why) {
  PHASELAW_CHECK_EQ(x.size(), y.size());
  const auto fail = [&](const char* reason) -> std::optional<Parabola> {
    if (why != nullptr) *why = reason;
    return std::nullopt;
  };
  const std::size_t n = x.size();
  if (n < 3) return fail("fewer than three sizes");
  const auto weight = [&](std::size_t i) { return weights.empty() ? 1.0 : weights[i]; };
  Parabola p;
  for (std::size_t i = 0; i < n; ++i) p.s0 += weight(i);
  for (std::size_t i = 0; i < n; ++i) p.mean += weight(i) * x[i] / p.s0;
  double s3 = 0, y1 = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double u = x[i] - p.mean;
    p.s2 += weight(i) * u * u;
    s3 += weight(i) * u * u * u;
    p.c0 += weight(i) * y[i] / p.s0;
    y1 += weight(i) * u * y[i];
  }
  if (!(p.s2 > 0)) return fail("one size only");
  p.tilt = s3 / p.s2;
  p.offset = p.s2 / p.s0;
  double qy = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double u = x[i] - p.mean, q = u * u - p.tilt * u - p.offset;
    p.s4 += weight(i) * q * q;
    qy += weight(i) * q * (y[i] - p.c0);
  }
  if (!(p.s4 * p.s0 > 1e-14 * p.s2 * p.s2)) return fail("two sizes only");
  p.c1 = y1 / p.s2;
  p.c2 = qy / p.s4;
  return p;
}

BowlMinimum parabola_minimum(std::span<const double> x, std::span<const double> y, std::span<const double> weights) {
  std::string why;
  const std::optional<Parabola> parabola = fit_parabola(x, y, weights, &why);
  if (!parabola) return none(why);
  if (!(parabola->c2 > 0)) return none("the parabola opens downwards");
  const double vertex = parabola->vertex();
  BowlMinimum minimum{vertex, parabola->at(vertex), true, ""};
  if (vertex < x.front() || vertex > x.back()) {
    minimum.inside = false;
    minimum.why =
        vertex < x.front() ? "the vertex lies below the smallest size" : "the vertex lies above the largest size";
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

Bowl bowl_of(std::span<const double> n_params, std::span<const double> tokens, std::span<const double> loss,
             std::vector<std::size_t> rows) {
  std::sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) {
    return n_params[a] < n_params[b] || (n_params[a] == n_params[b] && a < b);
  });
  Bowl bowl;
  for (std::size_t i = 0; i < rows.size();) {
    const std::size_t first = i;
    const double n = n_params[rows[i]];
    double total = 0;
    for (; i < rows.size() && n_params[rows[i]] == n; ++i) {
      total += loss[rows[i]];
      bowl.log_product += std::log(n * tokens[rows[i]]) / static_cast<double>(rows.size());
    }
    const auto count = static_cast<double>(i - first);
    bowl.x.push_back(std::log(n));
    bowl.y.push_back(total / count);
    bowl.rows.push_back(count);
    for (std::size_t j = first; j < i; ++j) bowl.squares += std::pow(loss[rows[j]] / bowl.y.back() - 1, 2);
  }
  return bowl;
}

BowlWindow window_of(const Bowl& bowl, double window) {
  if (bowl.x.empty()) return {};
  const auto lowest = static_cast<std::size_t>(std::min_element(bowl.y.begin(), bowl.y.end()) - bowl.y.begin());
  std::size_t first = lowest, last = lowest;
  const double reach = std::log(window) * (1 + 1e-12);
  while (first > 0 && (bowl.x[lowest] - bowl.x[first - 1] <= reach || last - first + 1 < kLeastSizes)) --first;
  while (last + 1 < bowl.x.size() && (bowl.x[last + 1] - bowl.x[lowest] <= reach || last - first + 1 < kLeastSizes))
    ++last;
  return {first, last - first + 1};
}

std::optional<Parabola> parabola_of(const Bowl& bowl, const BowlWindow& window) {
  const auto part = [&](const std::vector<double>& of) { return std::span(of).subspan(window.first, window.count); };
  return fit_parabola(part(bowl.x), part(bowl.y), part(bowl.rows));
}

BowlMinimum minimum_of(BowlShape shape, const Bowl& bowl, double window) {
  if (bowl.x.empty()) return none("no rows");
  if (shape == BowlShape::akima) return akima_minimum(bowl.x, bowl.y);
  const BowlWindow used = window_of(bowl, window);
  if (used.count < kLeastSizes) return none("fewer than four sizes");
  const auto part = [&](const std::vector<double>& of) { return std::span(of).subspan(used.first, used.count); };
  BowlMinimum minimum = parabola_minimum(part(bowl.x), part(bowl.y), part(bowl.rows));
  const auto lowest = static_cast<std::size_t>(std::min_element(bowl.y.begin(), bowl.y.end()) - bowl.y.begin());
  if (minimum.inside && (lowest == 0 || lowest + 1 == bowl.x.size())) {
    minimum.inside = false;
    minimum.why = lowest == 0 ? "the loss is lowest at the smallest size" : "the loss is lowest at the largest size";
  }
  return minimum;
}

}  // namespace phaselaw::advice
