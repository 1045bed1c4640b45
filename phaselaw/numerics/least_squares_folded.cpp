// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/least_squares_folded.h"

#include <cmath>
#include <cstddef>

namespace phaselaw::numerics {

bool FoldedResiduals::evaluate(std::span<const double> parameters, std::span<double> u,
                               std::span<double> jacobian) const {
  if (!problem_.evaluate(parameters, u, jacobian)) return false;
  const std::size_t rows = problem_.n_residuals, columns = problem_.n_parameters;
  for (std::size_t i = 0; i < rows; ++i) {
    const double r = u[i];
    const double weight = problem_.weights.empty() ? 1 : std::sqrt(problem_.weights[i]);
    const RobustLoss loss = i < rows - problem_.n_plain ? options_.loss : RobustLoss::none;
    const RobustValue rho = robust_value(r * r, loss, options_.delta);
    if (!std::isfinite(rho.value)) return false;
    double factor = weight;
    if (rho.value == r * r) {  // also where r^2 underflows
      u[i] = weight * r;
    } else {
      const double root = std::sqrt(rho.value);
      u[i] = weight * std::copysign(root, r);
      factor *= root > 0 ? rho.derivative * std::abs(r) / root : 1;
    }
    for (std::size_t j = 0; j < columns; ++j) jacobian[i * columns + j] *= factor;
  }
  return true;
}

}  // namespace phaselaw::numerics
