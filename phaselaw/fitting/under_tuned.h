// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "phaselaw/fitting/fit.h"

// Runs that lie above the law because they were badly tuned: a one-sided mixture.
//
//   ln L_i = ln L(x_i; theta) + e_i + h_i,   e_i ~ N(0, sigma_i^2),
//   h_i = 0 with probability 1 - share, otherwise exponential with mean `excess`           [R: Aigner et al. 1977]
//
// sigma_i = sigma sd_i/sd_mean if errors are known, otherwise sigma. The likelihood of a row is
// (1 - share) phi(r/sigma)/sigma + share G(r), with G the density of a normal plus an exponential variable. It is raised
// by expectation and maximisation [T: Dempster et al. 1977]: given the parameters, a row has the probability p_i and, if
// under-tuned, the expected excess g_i (the mean of a truncated normal); then theta follows from least squares on
// ln L_i - p_i g_i, and sigma, share and excess in closed form. The search starts at `fit`.
//
// Bounds keep the mixture from describing noise: share <= 1/2, excess >= 2 sigma, sigma >= a third of the robust scale
// of the fit's residuals. sigma^2 is divided by n - k for k fitted parameters.
//
// `found`: twice the gain in log likelihood over one normal distribution, with theta fitted by least squares, is more
// than 2 ln n (BIC of the two additional parameters). Otherwise no rows are named, and theta is the estimate of a mixture
// that the data do not ask for.
//
// Covariance of theta: A^-1 B A^-1 with A = sum a_i J_i J_i', a_i = 1/sigma_i^2 - Var_i/sigma_i^4, Var_i the variance of
// h_i given the row, and B = sum J_i J_i' ((r_i - p_i g_i)/sigma_i^2/(1 - l_i))^2 with the leverage l_i = a_i J_i' A^-1 J_i
// [T: HC3, MacKinnon and White 1985], in the fitted coordinates. Use it with Student's t of n - k - 1 degrees of freedom.
// docs/decisions/032-under-tuned-runs.md gives the measured coverage, and why this is not an objective.
//
// Cost: 20 to 200 least-squares fits from a near start, about 5 ms for 5 parameters and 30 rows.
namespace phaselaw::fitting {

struct UnderTuned {
  bool found = false;
  std::vector<double> theta, value;  // coordinates; all parameters in the law's order
  std::vector<double> covariance;    // of theta, k x k row-major; empty if A is singular
  double sigma = 0;                  // of ln L
  double share = 0;                  // of under-tuned runs
  double excess = 0;                 // mean of h of those, in ln L
  double gain = 0;                   // 2 (ln likelihood - that of one normal distribution)
  std::vector<double> probability;   // of each row to be under-tuned
  std::vector<double> expected;      // p_i g_i: expected excess of each row
  std::vector<std::size_t> rows;     // probability > 1/2, the most probable first; empty unless found
  int iterations = 0;
  bool converged = false;
};

// std::nullopt if fewer than k + 6 rows have weight, the objective is raw, the rows have clusters (rows of one run share
// its tuning: fit finished runs), or the fit has no optimum.
[[nodiscard]] std::optional<UnderTuned> under_tuned(const Fit& fit, const tables::Measurements& data,
                                                    const FitOptions& options);

}  // namespace phaselaw::fitting
