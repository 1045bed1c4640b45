// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/row_estimates.h"

#include <cmath>
#include <limits>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"

namespace phaselaw::dynamics {

RowEstimates row_estimates(const EigenSystem& system, std::span<const double> residual, double ridge) {
  const auto m = static_cast<Eigen::Index>(system.spectrum.eigenvalues.size());
  PHASELAW_CHECK_EQ(m, static_cast<Eigen::Index>(residual.size()));
  if (!(ridge >= 0)) throw base::InputError(fmt::format("ridge: expected a number >= 0, found {}", ridge));
  const Eigen::Map<const Eigen::ArrayXd> h(system.spectrum.eigenvalues.data(), m);
  const Eigen::Map<const Eigen::VectorXd> r(residual.data(), m);
  RowEstimates result;
  const auto size = static_cast<double>(m);
  if (std::isinf(ridge)) {  // nothing is learned
    result.train = result.gcv = result.leave_one_row_out = r.squaredNorm() / size;
    return result;
  }
  if (h[m - 1] + ridge <= system.spectrum.noise_floor)
    throw base::InputError(
        fmt::format("row estimates: the kernel plus ridge {} is singular to rounding; use a ridge above {}", ridge,
                    base::format_number(1e3 * system.spectrum.noise_floor + std::numeric_limits<double>::min(), 2,
                                        base::Notation::power)));
  // All terms use A^-1 instead of ridge A^-1: the ridge cancels in the ratios, which therefore hold for ridge 0 too.
  const Eigen::ArrayXd inverse = (h + ridge).inverse();
  const Eigen::VectorXd scaled = inverse * (system.vectors * r).array();
  const Eigen::ArrayXd alpha = (system.vectors.transpose() * scaled).array();
  const Eigen::ArrayXd diagonal = (system.vectors.array().square().matrix().transpose() * inverse.matrix()).array();
  result.train = ridge * ridge * alpha.square().mean();
  result.gcv = alpha.square().mean() / std::pow(inverse.mean(), 2);
  result.leave_one_row_out = (alpha / diagonal).square().mean();
  return result;
}

double equivalent_ridge(std::int64_t n_sequences, double time) {
  if (!(time >= 0)) throw base::InputError(fmt::format("time: expected a number >= 0, found {}", time));
  return static_cast<double>(n_sequences) / (2 * time);
}

}  // namespace phaselaw::dynamics
