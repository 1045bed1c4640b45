// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/isoflop/bowl_noise.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/numerics/polygamma.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

// Sets the mean to 0 and the standard deviation to 1. Values that do not differ become 0.
void standardise(std::vector<double>& errors) {
  if (errors.empty()) return;
  const auto n = static_cast<double>(errors.size());
  double mean = 0, squares = 0;
  for (const double e : errors) mean += e / n;
  for (double& e : errors) {
    e -= mean;
    squares += e * e / n;
  }
  for (double& e : errors) e = squares > 0 ? e / std::sqrt(squares) : 0;
}

// The smooth bowl over its window.
struct Smooth {
  BowlWindow window;
  std::vector<double> value, leverage;  // of the points of the window; leverage of the average, not of one row
  double coefficients = 3;
};

// Weighted least squares by polynomials that are orthogonal over the points (Forsythe 1957).
std::optional<Smooth> smooth_of(const Bowl& bowl, double window) {
  Smooth out;
  out.window = window_of(bowl, window);
  const std::size_t n = out.window.count, first = out.window.first;
  if (n < kLeastSizes) return std::nullopt;
  if (n >= kCubicSizes) out.coefficients = 4;
  out.value.assign(n, 0);
  out.leverage.assign(n, 0);
  std::vector<double> before(n, 0), now(n, 1);
  double norm_before = 1;
  for (int degree = 0; degree < static_cast<int>(out.coefficients); ++degree) {
    double norm = 0, product = 0, centre = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double w = bowl.rows[first + i] * now[i];
      norm += w * now[i];
      product += w * bowl.y[first + i];
      centre += w * now[i] * bowl.x[first + i];
    }
    const double link = degree > 0 ? norm / norm_before : 0;
    for (std::size_t i = 0; i < n; ++i) {
      out.value[i] += product / norm * now[i];
      out.leverage[i] += bowl.rows[first + i] * now[i] * now[i] / norm;
      const double next = (bowl.x[first + i] - centre / norm) * now[i] - link * before[i];
      before[i] = now[i];
      now[i] = next;
    }
    norm_before = norm;
  }
  return out;
}

// One bowl's own noise; `errors` divided by sqrt(1 - leverage).
struct OwnNoise {
  double squares = 0, dof = 0;
  std::vector<double> errors;
};
OwnNoise own_noise(const Bowl& bowl, double window) {
  OwnNoise own;
  const auto smooth = smooth_of(bowl, window);
  if (!smooth) return own;
  for (std::size_t i = 0; i < smooth->window.count; ++i) {
    const double m = bowl.rows[smooth->window.first + i];
    const double error = bowl.y[smooth->window.first + i] / smooth->value[i] - 1, rest = 1 - smooth->leverage[i];
    own.squares += m * error * error;
    if (rest > 1e-9) own.errors.push_back(error * std::sqrt(m / rest));
  }
  own.squares += bowl.squares;
  own.dof = static_cast<double>(smooth->window.count) - smooth->coefficients;
  for (const double m : bowl.rows) own.dof += m - 1;
  return own;
}

// Bartlett's test that all variances are equal.
bool variances_differ(const std::vector<OwnNoise>& own, double common, double dof) {
  double m = dof * std::log(common), inverse = -1 / dof, groups = 0;
  for (const OwnNoise& one : own) {
    if (!(one.dof > 0)) continue;
    m -= one.dof * std::log(std::max(one.squares / one.dof, 1e-8 * common));
    inverse += 1 / one.dof;
    ++groups;
  }
  if (groups < 2) return false;
  return m / (1 + inverse / (3 * (groups - 1))) > numerics::chi_squared_quantile(kUnevenLevel, groups - 1);
}

// The moderated noise of every bowl. ln s_b^2 varies by trigamma(nu_b/2) from chance; the rest is the budgets' own.
void moderate(const std::vector<OwnNoise>& own, BowlNoise& noise) {
  std::vector<double> e, chance;
  for (const OwnNoise& one : own) {
    if (!(one.dof > 0)) continue;
    const double variance = std::max(one.squares / one.dof, 1e-8 * noise.scale * noise.scale);
    e.push_back(std::log(variance) - numerics::digamma(one.dof / 2) + std::log(one.dof / 2));
    chance.push_back(numerics::trigamma(one.dof / 2));
  }
  const double spread = numerics::standard_deviation(e), excess = spread * spread - numerics::mean(chance);
  if (!(excess > 1e-3)) return;
  const double d0 = 2 * numerics::inverse_trigamma(excess);
  const double s0 = std::exp(numerics::mean(e) + numerics::digamma(d0 / 2) - std::log(d0 / 2));
  noise.uneven = true;
  for (std::size_t b = 0; b < own.size(); ++b) {
    noise.freedom[b] = d0 + own[b].dof;
    noise.own[b] = std::sqrt((d0 * s0 + own[b].squares) / noise.freedom[b]);
  }
}

Bowl drawn_bowl(const Bowl& smooth, const BowlNoise& noise, double scale, numerics::RandomStream& stream) {
  Bowl bowl = smooth;
  for (std::size_t i = 0; i < bowl.y.size(); ++i)
    bowl.y[i] *= 1 + scale * noise.errors[stream.below(noise.errors.size())] / std::sqrt(bowl.rows[i]);
  return bowl;
}

// ln N*, infinite beyond the sizes.
double within_sizes(const Bowl& bowl, const BowlMinimum& minimum) {
  if (minimum.inside || std::isnan(minimum.x)) return minimum.x;
  const double middle = 0.5 * (bowl.x.front() + bowl.x.back());
  return minimum.x < middle ? -base::kInfinity : base::kInfinity;
}

}  // namespace

BowlNoise noise_of(std::span<const Bowl> bowls, double window, const std::vector<bool>& used) {
  std::vector<OwnNoise> own;
  BowlNoise noise;
  double squares = 0;
  for (std::size_t b = 0; b < bowls.size(); ++b) {
    own.push_back(used.empty() || used[b] ? own_noise(bowls[b], window) : OwnNoise{});
    squares += own.back().squares;
    noise.dof += own.back().dof;
  }
  if (!(noise.dof > 0)) return {};
  noise.scale = std::sqrt(squares / noise.dof);
  noise.own.assign(bowls.size(), noise.scale);
  noise.freedom.assign(bowls.size(), noise.dof);
  if (noise.scale > 0 && variances_differ(own, noise.scale * noise.scale, noise.dof)) moderate(own, noise);
  for (std::size_t b = 0; b < bowls.size(); ++b)
    for (const double error : own[b].errors) noise.errors.push_back(noise.own[b] > 0 ? error / noise.own[b] : 0);
  standardise(noise.errors);
  return noise;
}

Bowl smooth_bowl(const Bowl& bowl, double window) {
  Bowl out = bowl;
  if (const auto smooth = smooth_of(bowl, window))
    for (std::size_t i = 0; i < smooth->value.size(); ++i) out.y[smooth->window.first + i] = smooth->value[i];
  return out;
}

std::vector<std::vector<double>> shifts_of(BowlShape shape, std::span<const Bowl> bowls, double window,
                                           const BowlNoise& noise, std::size_t draws, std::uint64_t seed,
                                           const std::string& purpose) {
  std::vector<std::vector<double>> out(bowls.size());
  if (noise.errors.empty()) return out;
  std::vector<Bowl> smooth;
  std::vector<double> centre;
  for (const Bowl& bowl : bowls) {
    smooth.push_back(smooth_bowl(bowl, window));
    centre.push_back(minimum_of(shape, smooth.back(), window).x);
  }
  for (std::size_t k = 0; k < draws; ++k) {
    base::throw_if_interrupted();
    numerics::RandomStream stream(seed, purpose, k);
    for (std::size_t b = 0; b < bowls.size(); ++b) {
      const Bowl bowl = drawn_bowl(smooth[b], noise, noise.own[b], stream);
      out[b].push_back(within_sizes(bowl, minimum_of(shape, bowl, window)) - centre[b]);
    }
  }
  return out;
}

}  // namespace phaselaw::advice
