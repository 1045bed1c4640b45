// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "phaselaw/fitting/options.h"
#include "phaselaw/fitting/refit.h"

// The errors of the rows, estimated from the residuals of a fit, for an objective that follows the residuals:
//
//   minimise  1/2 sum_i w_i rho(r_i^2),   r_i = (ln L_i - ln L(x_i; theta)) (x_i/x)^-g,   rho of Huber with cut c
//
//   c   1.345 s, with s = 1.4826 median |r| sqrt(n/(n - k)): 95 % of the efficiency of least squares for normal errors
//       [T: Huber 1981]. With fewer than 10 degrees of freedom s is too uncertain, and the fit is by least squares.
//   g   of uneven noise: the standard deviation of ln L grows as the power g of the size x of a row (its compute, or
//       else the law's first column; x without index is the geometric mean). Fitted to |r|/sqrt(1 - leverage)
//       [T: Glejser 1969], and used only if it differs from 0 at 5 % (10 % below 12 degrees of freedom)
//   groups of rows with a common error: those that the options name. If they name none and n_params repeats, its values,
//       if the means of their residuals differ at 1 % by an F test: checkpoints of one run are no independent rows
//
// k is the number of parameters. Cost: about 10 warm refits.
namespace phaselaw::fitting {

struct ErrorModel {
  double cut = 0;                   // c; infinity: least squares
  double exponent = 0;              // g; 0: even noise
  std::vector<double> row_factors;  // (x_i/x)^-g; empty if the noise is even
  std::vector<std::string> groups;  // the group of each row, if n_params groups them; otherwise empty

  // The options with everything that was estimated; a Refitter with these minimises the objective above.
  [[nodiscard]] FitOptions applied_to(FitOptions options) const;
};

// The size that orders rows: compute, or what stands for it; empty if no column tells.
[[nodiscard]] std::vector<double> row_sizes(const tables::Columns& columns);

// `options` follow the residuals. `optimum`: of least squares; on return that of the objective above, from which
// `refitter` is left minimising it.
[[nodiscard]] ErrorModel estimate_errors(Refitter& refitter, const FitOptions& options,
                                         numerics::LeastSquaresResult& optimum);

}  // namespace phaselaw::fitting
