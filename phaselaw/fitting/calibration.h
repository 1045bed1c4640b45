// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "phaselaw/fitting/gram.h"
#include "phaselaw/fitting/options.h"
#include "phaselaw/numerics/cluster_robust.h"

// How far the objective must rise above its minimum before a value of a quantity g(theta) is refuted.
//
//   T(g0) = (min {R(theta) : g(theta) = g0} - R)/s2,   R = sum_i w_i rho(r_i^2);   refuted if T > kappa F(level; 1, nu)
//
//   s2     K^2 sum psi^2 / (n - k) / m, with psi the clipped residual, m the share of rows below the cut, K = 1 + (k/n)
//          (1 - m)/m; for least squares the residual variance [T: Huber 1981, section 7.6]
//   kappa  the ratio of the variance of g that is robust to clusters, outliers and unequal variances (CR2, or CR3 if
//          the noise is uneven) to the one that s2 implies [T: Bell and McCaffrey 2002]
//   nu     the degrees of freedom of CR2 by Satterthwaite's method
// For least squares with independent rows of equal noise, kappa = 1 and nu = n - k, and the threshold is exact for a
// linear model. The same holds where the rows almost do not determine the parameters, and where the loss is almost
// absolute (robust_scale.h).
namespace phaselaw::fitting {

class Calibration {
 public:
  // `options` as applied to the refitter (ErrorModel::applied_to).
  Calibration(const Refitter& refitter, std::span<const double> theta, const FitOptions& options);

  struct Spread {
    double error = 0;  // standard error of g by s2; infinity if unknown
    double kappa = 1, dof = 1;
  };
  [[nodiscard]] Spread spread(std::span<const double> gradient) const;
  [[nodiscard]] double rise(const Spread& spread, double level) const;  // of the objective 1/2 R

  [[nodiscard]] double scale_square() const { return scale_square_; }  // s2
  [[nodiscard]] double noise() const { return noise_; }                // mean square of a new residual
  [[nodiscard]] double dof() const { return dof_; }                    // n - k, at least 1
  [[nodiscard]] bool plain() const { return !robust_; }                // kappa is 1 and nu is n - k
  [[nodiscard]] std::size_t n_groups() const { return n_groups_; }     // of rows with a common error; 0: none
  [[nodiscard]] const Gram& gram() const { return gram_; }

 private:
  Gram gram_;
  std::optional<numerics::ClusterRobust> robust_;
  std::vector<double> influence_;  // psi K/m of each row, times sqrt(w)
  double scale_square_ = 0, error_square_ = 0, noise_ = 0, dof_ = 1, inflation_ = 1;
  std::size_t n_groups_ = 0;
  bool uneven_ = false;
};

}  // namespace phaselaw::fitting
