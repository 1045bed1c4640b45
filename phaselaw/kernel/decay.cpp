// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/decay.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>
#include <Eigen/Dense>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::kernel {

namespace {

using base::kNaN;
constexpr std::int64_t kFewestRanks = 8;
constexpr std::size_t kFewestBlocks = 4;

// log of the law: log_amplitude - exponent log i.
struct Law {
  double log_amplitude, exponent;
  [[nodiscard]] double log_at(double log_rank) const { return log_amplitude - exponent * log_rank; }
};

struct Points {
  std::vector<double> log_rank, value;  // by rank, from the first of the window
};

// Points first[k] .. first[k+1] - 1 make block k.
using Blocks = std::vector<std::size_t>;

Blocks log_blocks(std::int64_t first, std::int64_t last, int wanted) {
  Blocks starts;
  const double from = std::log(static_cast<double>(first) - 0.5), to = std::log(static_cast<double>(last) + 0.5);
  std::int64_t previous = -1;
  for (std::int64_t rank = first; rank <= last; ++rank) {
    const auto block = static_cast<std::int64_t>((std::log(static_cast<double>(rank)) - from) / (to - from) * wanted);
    if (block != previous) starts.push_back(static_cast<std::size_t>(rank - first));
    previous = block;
  }
  starts.push_back(static_cast<std::size_t>(last - first + 1));
  return starts;
}

// Points without those of one block.
Points without(const Points& all, const Blocks& blocks, std::size_t block) {
  Points rest = all;
  const auto from = static_cast<std::ptrdiff_t>(blocks[block]), to = static_cast<std::ptrdiff_t>(blocks[block + 1]);
  rest.log_rank.erase(rest.log_rank.begin() + from, rest.log_rank.begin() + to);
  rest.value.erase(rest.value.begin() + from, rest.value.begin() + to);
  return rest;
}

std::optional<Law> fit_logarithms(const Points& points) {
  double w = 0, x = 0, y = 0;
  const auto weight = [&](std::size_t i) { return std::exp(-points.log_rank[i]); };
  for (std::size_t i = 0; i < points.value.size(); ++i) {
    w += weight(i);
    x += weight(i) * points.log_rank[i];
    y += weight(i) * std::log(points.value[i]);
  }
  x /= w;
  y /= w;
  double xx = 0, xy = 0;
  for (std::size_t i = 0; i < points.value.size(); ++i) {
    const double dx = points.log_rank[i] - x;
    xx += weight(i) * dx * dx;
    xy += weight(i) * dx * (std::log(points.value[i]) - y);
  }
  return Law{y - xy / xx * x, -xy / xx};
}

// Minimises Q = sum_i c_i / mu_i + log mu_i, convex in (log C, a), by Newton's method with halved steps.
std::optional<Law> fit_gamma(const Points& points) {
  const std::size_t n = points.value.size();
  const double mean = numerics::mean(points.value), centre = numerics::mean(points.log_rank);
  if (!(mean > 0)) return std::nullopt;
  const auto objective = [&](const Eigen::Vector2d& p) {
    double q = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double log_mu = p[0] - p[1] * (points.log_rank[i] - centre);
      q += points.value[i] / mean * std::exp(-log_mu) + log_mu;
    }
    return q;
  };
  Eigen::Vector2d p(0, 0);
  double q = objective(p);
  for (int iteration = 0; iteration < 200; ++iteration) {
    Eigen::Vector2d gradient(0, 0);
    Eigen::Matrix2d hessian = Eigen::Matrix2d::Zero();
    for (std::size_t i = 0; i < n; ++i) {
      const Eigen::Vector2d x(1, centre - points.log_rank[i]);
      const double ratio = points.value[i] / mean * std::exp(-p.dot(x));
      gradient += (1 - ratio) * x;
      hessian += ratio * x * x.transpose();
    }
    const Eigen::Vector2d step = -hessian.ldlt().solve(gradient);
    const double decrease = -gradient.dot(step);
    if (!step.allFinite()) return std::nullopt;
    // Below this the objective cannot tell two points apart; a last full step squares the error of 1e-7.
    if (decrease <= 1e-14 * static_cast<double>(n)) {
      p += step;
      return Law{p[0] + std::log(mean) + p[1] * centre, p[1]};
    }
    double length = 1, next = objective(p + step);
    while (!(next <= q - 1e-4 * length * decrease)) {
      if (length < 1e-10) return std::nullopt;
      next = objective(p + (length /= 2) * step);
    }
    p += length * step;
    q = next;
  }
  return std::nullopt;
}

double block_agreement(const Points& points, const Blocks& blocks, const Law& law) {
  std::vector<double> data, model;
  for (std::size_t b = 0; b + 1 < blocks.size(); ++b) {
    double seen = 0, expected = 0;
    for (std::size_t i = blocks[b]; i < blocks[b + 1]; ++i) {
      seen += points.value[i];
      expected += std::exp(law.log_at(points.log_rank[i]));
    }
    data.push_back(std::log(seen));
    model.push_back(std::log(expected));
  }
  const double mean = numerics::mean(data);
  double residual = 0, total = 0;
  for (std::size_t b = 0; b < data.size(); ++b) {
    residual += (data[b] - model[b]) * (data[b] - model[b]);
    total += (data[b] - mean) * (data[b] - mean);
  }
  return total > 0 ? 1 - residual / total : kNaN;
}

template <class Fit>
DecayExponent estimate(std::span<const double> values, std::int64_t usable, const DecayOptions& options,
                       const char* estimator, Fit&& fit) {
  const auto size = static_cast<std::int64_t>(values.size());
  if (options.first < 0 || options.last < 0 || options.last > size || options.blocks < 2 || !(options.level > 0) ||
      !(options.level < 1) || (options.last > 0 && options.first > options.last))
    throw std::domain_error(
        fmt::format("decay: ranks {} .. {} are not a window of 1 .. {}, or blocks < 2, or level outside (0, 1)",
                    options.first, options.last, size));
  DecayExponent result;
  result.value = result.lo = result.hi = result.log_amplitude = result.r_squared = kNaN;
  result.first = options.first > 0 ? options.first : 4;
  result.last =
      std::min(usable, options.last > 0 ? options.last : std::max(usable / 4, std::min<std::int64_t>(usable / 2, 32)));
  result.method = fmt::format("{}, ranks {} to {}; {} interval by delete-one-block jackknife", estimator, result.first,
                              result.last, base::format_percent(options.level, 4));
  if (result.last - result.first + 1 < kFewestRanks) return result;
  const Blocks blocks = log_blocks(result.first, result.last, options.blocks);
  if (blocks.size() < kFewestBlocks + 1) return result;
  Points points;
  for (std::int64_t rank = result.first; rank <= result.last; ++rank) {
    points.log_rank.push_back(std::log(static_cast<double>(rank)));
    points.value.push_back(values[static_cast<std::size_t>(rank - 1)]);
  }
  result.status = DecayStatus::no_convergence;
  const std::optional<Law> law = fit(points);
  if (!law) return result;
  const auto count = static_cast<double>(blocks.size() - 1);
  double variance = 0;
  for (std::size_t b = 0; b + 1 < blocks.size(); ++b) {
    const std::optional<Law> partial = fit(without(points, blocks, b));
    if (!partial) return result;
    variance += (count - 1) / count * std::pow(partial->exponent - law->exponent, 2);
  }
  const double half = numerics::student_t_quantile((1 + options.level) / 2, count - 1) * std::sqrt(variance);
  result.value = law->exponent;
  result.lo = law->exponent - half;
  result.hi = law->exponent + half;
  result.log_amplitude = law->log_amplitude;
  result.r_squared = block_agreement(points, blocks, *law);
  result.status = DecayStatus::estimated;
  return result;
}

}  // namespace

DecayExponent eigenvalue_decay(std::span<const double> eigenvalues, const DecayOptions& options) {
  if (!std::is_sorted(eigenvalues.begin(), eigenvalues.end(), std::greater<>()) ||
      std::any_of(eigenvalues.begin(), eigenvalues.end(), [](double h) { return !std::isfinite(h); }))
    throw std::domain_error("decay: eigenvalues must be finite and descending");
  const double floor = std::max(options.noise_floor, 0.0);
  const auto usable = std::count_if(eigenvalues.begin(), eigenvalues.end(), [&](double h) { return h > floor; });
  return estimate(eigenvalues, usable, options, "log-log least squares with weights 1/rank", fit_logarithms);
}

DecayExponent coefficient_decay(std::span<const double> coefficients, const DecayOptions& options) {
  if (std::any_of(coefficients.begin(), coefficients.end(), [](double c) { return !(c >= 0) || !std::isfinite(c); }))
    throw std::domain_error("decay: squared coefficients must be finite and not negative");
  return estimate(coefficients, static_cast<std::int64_t>(coefficients.size()), options,
                  "gamma quasi-likelihood with log link", fit_gamma);
}

}  // namespace phaselaw::kernel
