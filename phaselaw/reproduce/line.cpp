// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/line.h"
#include "phaselaw/base/constants.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/theory/convergence.h"

namespace phaselaw::reproduce {

double aicc(double squares, std::size_t points, int parameters) {
  const double n = static_cast<double>(points), k = parameters;
  if (n <= k + 1) return base::kNaN;
  return n * std::log(squares / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1);
}

namespace {

// The sum of squares at growth c, with a refitted.
double squares_at(std::span<const double> n_layers, std::span<const double> log_rate, double growth) {
  std::vector<double> rest;
  for (std::size_t i = 0; i < n_layers.size(); ++i)
    rest.push_back(log_rate[i] - theory::log_depth_sum(n_layers[i], growth));
  const double a = numerics::mean(rest);
  double squares = 0;
  for (const double r : rest) squares += (r - a) * (r - a);
  return squares;
}

}  // namespace

DepthGrowth fit_depth_growth(std::span<const double> n_layers, std::span<const double> log_rate) {
  PHASELAW_CHECK(n_layers.size() == log_rate.size());
  DepthGrowth fit;
  fit.points = n_layers.size();
  if (fit.points < 4) return fit;
  const auto [least, most] = std::minmax_element(n_layers.begin(), n_layers.end());
  if (*least == *most) return fit;
  // ln S increases with c at every depth, and more for deeper models, so there is one minimum. The step resolves c to
  // 0.002.
  constexpr double kFirst = -0.999, kLast = 10;
  constexpr int kSteps = 4000;
  std::vector<double> c(kSteps + 1), squares(kSteps + 1);
  for (int k = 0; k <= kSteps; ++k) {
    const auto i = static_cast<std::size_t>(k);
    c[i] = std::exp(std::log(1 + kFirst) + (std::log(1 + kLast) - std::log(1 + kFirst)) * k / kSteps) - 1;
    squares[i] = squares_at(n_layers, log_rate, c[i]);
  }
  const auto best = static_cast<std::size_t>(std::min_element(squares.begin(), squares.end()) - squares.begin());
  fit.growth = c[best];
  const double dof = static_cast<double>(fit.points) - 2;
  const double limit = squares[best] * (1 + numerics::f_quantile(0.95, 1, dof) / dof);
  std::size_t lo = best, hi = best;
  while (lo > 0 && squares[lo] <= limit) --lo;
  while (hi < kSteps && squares[hi] <= limit) ++hi;
  fit.lo = c[lo];
  fit.hi = hi == kSteps ? std::numeric_limits<double>::infinity() : c[hi];
  fit.aicc_gain = aicc(squares_at(n_layers, log_rate, 0), fit.points, 2) - aicc(squares[best], fit.points, 3);
  return fit;
}

Mean mean_of(std::span<const double> values) {
  Mean mean;
  if (values.empty()) return mean;
  mean.value = numerics::mean(values);
  if (values.size() < 2) return mean;
  const double n = static_cast<double>(values.size());
  const double half = numerics::student_t_quantile(0.975, n - 1) * numerics::standard_deviation(values) / std::sqrt(n);
  mean.lo = mean.value - half;
  mean.hi = mean.value + half;
  return mean;
}

Share share_of(std::size_t successes, std::size_t trials) {
  PHASELAW_CHECK(trials > 0 && successes <= trials);
  const double k = static_cast<double>(successes), n = static_cast<double>(trials);
  Share share{k / n, 0, 1};
  if (successes > 0) {
    const double f = numerics::f_quantile(0.025, 2 * k, 2 * (n - k + 1));
    share.lo = k * f / (n - k + 1 + k * f);
  }
  if (successes < trials) {
    const double f = numerics::f_quantile(0.975, 2 * (k + 1), 2 * (n - k));
    share.hi = (k + 1) * f / (n - k + (k + 1) * f);
  }
  return share;
}

double binomial_at_least(std::size_t successes, std::size_t trials, double probability) {
  PHASELAW_CHECK(successes <= trials && probability > 0 && probability < 1);
  const double n = static_cast<double>(trials);
  double sum = 0;
  for (std::size_t i = successes; i <= trials; ++i) {
    const double k = static_cast<double>(i);
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) + k * std::log(probability) +
                    (n - k) * std::log1p(-probability));
  }
  return std::min(1.0, sum);
}

}  // namespace phaselaw::reproduce
