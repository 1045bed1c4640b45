// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/robust_scale.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

RobustScale robust_scale(const Refitter& refitter, std::span<const double> theta) {
  const std::size_t n = refitter.form().n_rows();
  std::vector<double> residual(n);
  refitter.residuals(theta, residual, {});
  const numerics::LeastSquaresOptions& options = refitter.solver_options();
  const bool squares = options.loss == numerics::RobustLoss::none;
  const double delta = squares ? std::numeric_limits<double>::infinity() : options.delta;
  RobustScale scale;
  if (squares) {
    scale.window = delta;
  } else {
    std::vector<double> size(n);
    for (std::size_t i = 0; i < n; ++i) size[i] = std::abs(residual[i]);
    scale.spread = numerics::median(size) / 0.6745;
    scale.bandwidth = 1.06 * scale.spread * std::pow(static_cast<double>(n), -0.2);
    scale.window = std::max(delta, scale.bandwidth);
    scale.slope = delta / scale.window;
  }
  double total = 0, square = 0, slope = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double weight = refitter.weights()[i], psi = std::min(std::abs(residual[i]), delta);
    total += weight;
    square += weight * psi * psi;
    if (std::abs(residual[i]) <= scale.window) slope += weight * scale.slope;
  }
  scale.psi_square = square / total;
  scale.psi_slope = std::max(slope / total, std::numeric_limits<double>::min());
  return scale;
}

}  // namespace phaselaw::fitting
