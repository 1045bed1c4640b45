// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/compare/seeds.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <boost/math/distributions/non_central_t.hpp>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

double deviation_of(std::span<const double> values) {
  return values.size() < 2 ? base::kNaN : numerics::standard_deviation(values);
}

// Power of Welch's test with n seeds of each recipe.
double power_with(double n, double difference, double variance_a, double variance_b, double level) {
  const double sum = variance_a + variance_b;
  const double dof = (n - 1) * sum * sum / (variance_a * variance_a + variance_b * variance_b);
  const double critical = numerics::student_t_quantile((1 + level) / 2, dof);
  const double shift = std::abs(difference) / std::sqrt(sum / n);
  constexpr double kCertain = 30;  // the distribution is not needed there, and its series would be slow
  if (shift > critical + kCertain) return 1;
  return boost::math::cdf(boost::math::complement(boost::math::non_central_t(dof, shift), critical));
}

}  // namespace

std::optional<std::size_t> seeds_needed(double difference, double sd_baseline, double sd_candidate, double level,
                                        double power) {
  const double a = sd_baseline * sd_baseline, b = sd_candidate * sd_candidate;
  if (!std::isfinite(difference + a + b)) return std::nullopt;
  if (!(a + b > 0)) return difference != 0 ? std::optional<std::size_t>(2) : std::nullopt;
  const auto enough = [&](std::size_t n) {
    return power_with(static_cast<double>(n), difference, a, b, level) >= power;
  };
  if (!enough(kMostSeeds)) return std::nullopt;
  std::size_t low = 1, high = kMostSeeds;  // low is not enough: one seed has no noise
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

double last_decimal(std::span<const double> losses) {
  constexpr int kFewestDecimals = 1, kMostDecimals = 6;
  constexpr double kExact = 1e-9;  // of a value in units of the decimal
  for (int decimals = kFewestDecimals; decimals <= kMostDecimals; ++decimals) {
    const double per_unit = std::pow(10.0, decimals);
    const bool all = std::all_of(losses.begin(), losses.end(), [&](double loss) {
      const double units = loss * per_unit;
      return std::abs(units - std::round(units)) <= kExact * std::max(1.0, std::abs(units));
    });
    if (all) return 1 / per_unit;
  }
  return 0;
}

SeedTest compare_seeds(std::span<const double> baseline, std::span<const double> candidate, double level) {
  PHASELAW_CHECK(!baseline.empty() && !candidate.empty());
  SeedTest test;
  test.n_baseline = baseline.size();
  test.n_candidate = candidate.size();
  test.mean_baseline = numerics::mean(baseline);
  test.mean_candidate = numerics::mean(candidate);
  test.sd_baseline = deviation_of(baseline);
  test.sd_candidate = deviation_of(candidate);
  test.difference.name = "difference";
  test.difference.value = test.mean_baseline - test.mean_candidate;
  test.borrowed = std::isnan(test.sd_baseline) != std::isnan(test.sd_candidate);
  const double sd_a = std::isnan(test.sd_baseline) ? test.sd_candidate : test.sd_baseline;
  const double sd_b = std::isnan(test.sd_candidate) ? test.sd_baseline : test.sd_candidate;
  test.dof = test.p = base::kNaN;
  // Equal values of all seeds show rounding or copies, and no noise.
  if (std::isnan(sd_a) || !(sd_a * sd_a + sd_b * sd_b > 0)) return test;
  const double n_a = static_cast<double>(baseline.size()), n_b = static_cast<double>(candidate.size());
  const double a = sd_a * sd_a / n_a, b = sd_b * sd_b / n_b;
  test.dof = test.borrowed ? std::max(n_a, n_b) - 1 : (a + b) * (a + b) / (a * a / (n_a - 1) + b * b / (n_b - 1));
  const double error = std::sqrt(a + b);
  const double half = numerics::student_t_quantile((1 + level) / 2, test.dof) * error;
  test.difference.lo = test.difference.value - half;
  test.difference.hi = test.difference.value + half;
  test.difference.identified = true;
  test.p = 2 * numerics::student_t_cdf(-std::abs(test.difference.value) / error, test.dof);
  test.seeds = seeds_needed(test.difference.value, sd_a, sd_b, level);
  return test;
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i)
    if (!std::isnan(p[i])) order.push_back(i);
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return p[i] < p[j]; });
  std::vector<double> adjusted(p.begin(), p.end());
  double largest = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    largest = std::max(largest, std::min(1.0, p[order[k]] * static_cast<double>(order.size() - k)));
    adjusted[order[k]] = largest;
  }
  return adjusted;
}

}  // namespace phaselaw::advice
