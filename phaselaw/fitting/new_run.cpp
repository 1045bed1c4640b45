// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/new_run.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {
constexpr std::size_t kMostJoined = 400;  // residuals; of more, as many quantiles stand for all
}  // namespace

NewRunNoise::NewRunNoise(const Fit& fit, const tables::Measurements& data, const Calibration& calibration)
    : noise_(calibration.noise()), dof_(calibration.dof()), bandwidth_(0.25 * std::sqrt(calibration.scale_square())) {
  const auto n = static_cast<double>(fit.n_points);
  if (fit.errors && fit.errors->exponent != 0) {
    exponent_ = fit.errors->exponent;
    std::vector<double> x = row_sizes(data.columns);
    for (double& size : x) size = std::log(size);
    middle_ = numerics::mean(x);
    const auto [low, high] = std::minmax_element(x.begin(), x.end());
    low_ = *low;
    high_ = *high;
    sxx_ = 0;
    for (const double v : x) sxx_ += (v - middle_) * (v - middle_);
  }
  if (calibration.n_groups() > 0) clusters_per_row_ = (static_cast<double>(calibration.n_groups()) - 1) / n;
  residuals_.assign(calibration.gram().residuals().begin(), calibration.gram().residuals().end());
  std::sort(residuals_.begin(), residuals_.end());
  if (residuals_.size() > kMostJoined) {
    std::vector<double> chosen;
    for (std::size_t i = 0; i < kMostJoined; ++i)
      chosen.push_back(numerics::quantile_of_sorted(residuals_, (static_cast<double>(i) + 0.5) / kMostJoined));
    residuals_ = std::move(chosen);
  }
  for (double& r : residuals_) r *= std::sqrt(n / dof_);
}

NewRunNoise::Local NewRunNoise::at(const tables::Columns& row) const {
  Local local{1, noise_, dof_};
  if (exponent_ != 0) {
    const std::vector<double> size = row_sizes(row);
    const double place = size.empty() ? high_ : std::clamp(std::log(size.front()), low_, high_);
    local.factor = std::exp(exponent_ * (place - middle_));
    local.variance = noise_ * local.factor * local.factor;
    local.dof = 1 / (1 / dof_ + 1.14 * (place - middle_) * (place - middle_) / sxx_);  // the exponent is estimated, too
  }
  if (clusters_per_row_ > 0) local.dof = std::max(1.0, clusters_per_row_ * local.dof);
  return local;
}

double NewRunNoise::joined_quantile(double centre, double error, double dof, const Local& local, double p) const {
  const double scale = std::hypot(error, bandwidth_ * local.factor);
  const double reach = scale * numerics::student_t_quantile(0.9999, dof);
  double below = centre + residuals_.front() * local.factor - reach;
  double above = centre + residuals_.back() * local.factor + reach;
  for (int i = 0; i < 50; ++i) {
    const double middle = 0.5 * (below + above);
    double total = 0;
    for (const double r : residuals_)
      total += numerics::student_t_cdf((middle - centre - r * local.factor) / scale, dof);
    (total < p * static_cast<double>(residuals_.size()) ? below : above) = middle;
  }
  return 0.5 * (below + above);
}

double NewRunNoise::approximate_quantile(double centre, double half, const Local& local, double p) const {
  const double q = numerics::quantile_of_sorted(residuals_, p) * local.factor;
  return p < 0.5 ? centre - std::hypot(half, std::min(0.0, q)) : centre + std::hypot(half, std::max(0.0, q));
}

Interval new_run_interval(Profiler& profiler, const Refitter::Quantity& log_value, const Interval& mean,
                          const NewRunNoise& noise, const NewRunNoise::Local& local) {
  Interval run = profiler.measurement(log_value, local.variance, local.dof);
  if (noise.joins()) {
    const Calibration::Spread spread = profiler.spread_of(log_value);
    const double centre = log_value(profiler.optimum().parameters);
    double error = spread.error * std::sqrt(spread.kappa);
    if (mean.lo && mean.hi && *mean.lo > 0)
      error =
          0.5 * std::log(*mean.hi / *mean.lo) / numerics::student_t_quantile((1 + profiler.level()) / 2, spread.dof);
    const double tail = (1 - profiler.level()) / 2;
    if (std::isfinite(error)) {
      if (run.lo) run.lo = std::min(*run.lo, noise.joined_quantile(centre, error, spread.dof, local, tail));
      if (run.hi) run.hi = std::max(*run.hi, noise.joined_quantile(centre, error, spread.dof, local, 1 - tail));
    }
  }
  for (auto* end : {&run.lo, &run.hi})
    if (*end) **end = std::exp(**end);
  return run;
}

}  // namespace phaselaw::fitting
