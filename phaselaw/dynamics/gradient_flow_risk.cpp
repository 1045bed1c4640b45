// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/gradient_flow_risk.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>
#include <Eigen/Core>

#include "phaselaw/dynamics/rational_exponential.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::dynamics {

FlowRisk gradient_flow_risk(const Population& population, double n_rows, double time) {
  if (!(time >= 0) || !std::isfinite(time))
    throw std::domain_error(fmt::format(
        "gradient_flow_risk: expected a finite time >= 0, found {}; for infinity use omniscient_ridge with ridge 0",
        time));
  if (time <= 1e3 * std::numeric_limits<double>::min()) {  // a ridge would overflow
    const double risk = omniscient_ridge(population, n_rows, INFINITY).test;
    return {risk, risk};
  }
  (void)omniscient_ridge(population, n_rows, 1.0);  // checks the arguments
  const auto ridges = flow_as_ridges(time);
  const auto poles = static_cast<Eigen::Index>(ridges.size()),
             size = static_cast<Eigen::Index>(population.eigenvalues.size());
  const Eigen::Map<const Eigen::ArrayXd> lambda(population.eigenvalues.data(), size);
  const Eigen::Map<const Eigen::ArrayXd> squares(population.coefficients.data(), size);
  Eigen::VectorXcd kappa(poles);
  Eigen::MatrixXcd resolvent(size, poles);  // 1 / (lambda_k + kappa_j)
  for (Eigen::Index j = 0; j < poles; ++j) {
    kappa[j] = effective_ridge(population.eigenvalues, n_rows, ridges[static_cast<std::size_t>(j)].pole);
    resolvent.col(j) = (lambda.cast<std::complex<double>>() + kappa[j]).inverse().matrix();
  }
  const Eigen::MatrixXcd by_lambda = lambda.square().cast<std::complex<double>>().matrix().asDiagonal() * resolvent;
  const Eigen::MatrixXcd by_target = squares.cast<std::complex<double>>().matrix().asDiagonal() * resolvent;
  FlowRisk risk;
  // All pairs of 2 x poles conjugate ridges: (i, j) and (i, conj j), and the conjugates of both.
  for (const bool conjugate : {false, true}) {
    const Eigen::MatrixXcd other = conjugate ? Eigen::MatrixXcd(resolvent.conjugate()) : resolvent;
    const Eigen::MatrixXcd spread = by_lambda.transpose() * other, bias = by_target.transpose() * other;
    for (Eigen::Index i = 0; i < poles; ++i)
      for (Eigen::Index j = 0; j < poles; ++j) {
        const auto& [weight_i, ridge_i] = ridges[static_cast<std::size_t>(i)];
        const auto& other_ridge = ridges[static_cast<std::size_t>(j)];
        const auto turned = [&](std::complex<double> z) { return conjugate ? std::conj(z) : z; };
        const std::complex<double> kappa_j = turned(kappa[j]), weights = weight_i * turned(other_ridge.weight);
        const std::complex<double> two_point =
            (kappa[i] * kappa_j * bias(i, j) + population.noise_variance) / (1.0 - spread(i, j) / n_rows);
        risk.test += 2 * (weights * two_point).real();
        risk.train +=
            2 *
            (weights * ridge_i * turned(other_ridge.pole) / (n_rows * n_rows * kappa[i] * kappa_j) * two_point).real();
      }
  }
  return risk;
}

}  // namespace phaselaw::dynamics
