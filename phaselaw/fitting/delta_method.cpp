// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/delta_method.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Dense>

#include "phaselaw/fitting/interval.h"
#include "phaselaw/fitting/robust_scale.h"
#include "phaselaw/numerics/matrix.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

using numerics::Index;

double Covariance::standard_error(std::size_t j) const {
  return entries.empty() ? std::numeric_limits<double>::infinity() : std::sqrt(entries[j * size + j]);
}

Covariance sandwich_covariance(const Refitter& refitter, std::span<const double> theta,
                               const std::vector<std::vector<std::size_t>>& groups) {
  const std::size_t n = refitter.form().n_rows(), k = theta.size();
  const auto columns = static_cast<Index>(k);
  numerics::Vector<double> residual(static_cast<Index>(n));
  numerics::Matrix<double> jacobian(static_cast<Index>(n), columns);
  refitter.residuals(theta, {residual.data(), n}, {jacobian.data(), n * k});
  const RobustScale scale = robust_scale(refitter, theta);
  const numerics::LeastSquaresOptions& options = refitter.solver_options();
  const bool squares = options.loss == numerics::RobustLoss::none;
  numerics::Matrix<double> bread = numerics::Matrix<double>::Zero(columns, columns), meat = bread;
  for (const auto& group : groups) {
    numerics::Vector<double> score = numerics::Vector<double>::Zero(columns);
    for (const std::size_t row : group) {
      const auto i = static_cast<Index>(row);
      const double weight = refitter.weights()[row], r = residual[i];
      const double psi = squares ? r : std::clamp(r, -options.delta, options.delta);
      score += weight * psi * jacobian.row(i).transpose();
      if (std::abs(r) <= scale.window) bread += weight * scale.slope * jacobian.row(i).transpose() * jacobian.row(i);
    }
    meat += score * score.transpose();
  }
  Covariance covariance{k, {}};
  const Eigen::ColPivHouseholderQR<numerics::Matrix<double>> qr(bread);
  if (qr.rank() < columns || groups.size() < 2 || n <= k) return covariance;
  const auto g = static_cast<double>(groups.size()), rows = static_cast<double>(n);
  const numerics::Matrix<double> inverse = qr.inverse();
  const numerics::Matrix<double> product =
      g / (g - 1) * (rows - 1) / (rows - static_cast<double>(k)) * (inverse * meat * inverse.transpose());
  covariance.entries.assign(product.data(), product.data() + product.size());
  return covariance;
}

Interval delta_interval(const Derived& quantity, std::span<const double> theta, const Covariance& covariance,
                        double level, double dof) {
  if (covariance.entries.empty()) return {};
  const auto value = [&](std::span<const double> at) {
    const double x = quantity.value(at);
    return quantity.logarithmic ? std::log(x) : x;
  };
  const std::size_t k = theta.size();
  std::vector<double> moved(theta.begin(), theta.end()), gradient(k);
  for (std::size_t j = 0; j < k; ++j) {
    const double step = 1e-5 * std::max(1e-3, std::abs(theta[j]));
    moved[j] = theta[j] + step;
    const double up = value(moved);
    moved[j] = theta[j] - step;
    gradient[j] = (up - value(moved)) / (2 * step);
    moved[j] = theta[j];
  }
  double variance = 0;
  for (std::size_t a = 0; a < k; ++a)
    for (std::size_t b = 0; b < k; ++b) variance += gradient[a] * gradient[b] * covariance.entries[a * k + b];
  const double half = numerics::student_t_quantile((1 + level) / 2, dof) * std::sqrt(variance), centre = value(theta);
  if (!std::isfinite(half)) return {};
  return quantity.logarithmic ? Interval{std::exp(centre - half), std::exp(centre + half)}
                              : Interval{centre - half, centre + half};
}

}  // namespace phaselaw::fitting
