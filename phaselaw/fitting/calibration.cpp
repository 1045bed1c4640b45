// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "phaselaw/fitting/bootstrap.h"
#include "phaselaw/fitting/robust_scale.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {
constexpr double kLeastShare = 0.2;  // of rows below the cut, in the correction K
constexpr double kLeastEigenvalue =
    1e-8;                                 // of X^T X with unit columns: below it the linear approximation has no digits
constexpr double kLeastVariance = 1e-36;  // of an exact fit
}  // namespace

Calibration::Calibration(const Refitter& refitter, std::span<const double> theta, const FitOptions& options)
    : gram_(refitter, theta), inflation_(refitter.variance_inflation()), uneven_(!options.row_factors.empty()) {
  const std::size_t n = gram_.n_rows(), k = gram_.n_coordinates();
  const auto rows = static_cast<double>(n);
  dof_ = std::max(1.0, rows - static_cast<double>(k));
  const RobustScale scale = robust_scale(refitter, theta);
  const bool almost_absolute = scale.slope < 1;
  const double share = scale.psi_slope, shares = std::max(share, kLeastShare);
  const double correction = almost_absolute ? 1 : 1 + static_cast<double>(k) / rows * (1 - shares) / shares;
  const double squares = correction * correction * scale.psi_square * rows / dof_;
  scale_square_ = std::max(squares / share, kLeastVariance);
  error_square_ = std::max(squares / (share * share), kLeastVariance);
  double total = 0;
  for (std::size_t i = 0; i < n; ++i) total += refitter.weights()[i] * gram_.residuals()[i] * gram_.residuals()[i];
  noise_ = std::max(total / dof_, kLeastVariance);

  const numerics::LeastSquaresOptions& solver = refitter.solver_options();
  const bool squares_only = solver.loss == numerics::RobustLoss::none;
  const bool grouped = !options.cluster.empty();
  if (almost_absolute || gram_.smallest_eigenvalue() < kLeastEigenvalue) return;
  if (squares_only && !grouped && !uneven_) return;
  influence_.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double r = gram_.residuals()[i];
    const double psi = squares_only ? r : std::clamp(r, -solver.delta, solver.delta);
    influence_[i] = std::sqrt(refitter.weights()[i]) * psi * correction / share;
  }
  const auto groups = grouped ? groups_of(n, options.cluster) : std::vector<std::vector<std::size_t>>{};
  n_groups_ = groups.size();
  robust_.emplace(gram_.design(), n, k, groups);
  if (robust_->singular()) robust_.reset();
}

Calibration::Spread Calibration::spread(std::span<const double> gradient) const {
  Spread out{std::numeric_limits<double>::infinity(), inflation_, dof_};
  if (gram_.singular()) return out;
  out.error = std::sqrt(error_square_ * gram_.variance(gradient));
  if (!robust_ || !(out.error > 0)) return out;
  const auto contrast = robust_->contrast(gradient, influence_);
  const double variance = uneven_ ? contrast.cr3 : contrast.cr2;
  if (!(variance > 0) || !std::isfinite(variance)) return out;
  out.kappa *= variance / (out.error * out.error);
  out.dof = std::max(contrast.dof, 0.8);
  return out;
}

double Calibration::rise(const Spread& spread, double level) const {
  return 0.5 * scale_square_ * spread.kappa * numerics::f_quantile(level, 1, spread.dof);
}

}  // namespace phaselaw::fitting
