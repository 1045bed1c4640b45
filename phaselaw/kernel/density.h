// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/kernel/symmetric_operator.h"

// The spectral density of a symmetric operator by stochastic Lanczos quadrature, with error bars.
//
//   mu(x) = (1/M) sum_i delta(x - h_i)        M = size
//
// The `deflate` largest eigenvalues are computed exactly (lanczos.h); the rest, the operator on the orthogonal
// complement of their eigenvectors Q, is sampled. A probe z = (I - Q Q^T) s with random signs s and `steps` of Lanczos
// with full reorthogonalisation gives nodes theta_k and weights tau_k^2 with
//   z^T f(H) z = ||z||^2 sum_k tau_k^2 f(theta_k)      exact for polynomials up to degree 2 steps - 1,
// so the first two moments are Hutchinson's estimates of tr H and tr H^2. Deflation removes the part of the variance
// that the large eigenvalues cause: Var tr H <= 2 ||H_rest||_F^2 / probes.
// Error bars: the standard error over probes (sample standard deviation / sqrt(probes)). They do not include the
// quadrature error of the CDF, which is at most the largest weight of a node. Needs probes >= 2.
// Cost: probes * steps products + those of Lanczos, 4 size steps^2 flop per probe; memory size * (steps + deflate).
// Source: [T] Golub and Meurant; Ubaru, Chen, Saad 2017; deflation as in Hutch++ (Meyer et al. 2021).
namespace phaselaw::kernel {

struct DensityOptions {
  std::int64_t probes = 20;
  std::int64_t steps = 60;
  std::int64_t deflate = 10;  // fewer if the operator is small
  std::uint64_t seed = 0;
};

struct Estimate {
  double value = 0, standard_error = 0;
};

class SpectralDensity {
 public:
  struct Probe {
    double squared_norm = 0;             // ||z||^2
    std::vector<double> nodes, weights;  // ascending; weights sum to 1
    std::vector<bool> converged;         // nodes that are eigenvalues to 1e-6 of the largest: point masses of mu
  };
  SpectralDensity(std::int64_t size, std::vector<double> exact, std::vector<Probe> probes, std::int64_t products);

  [[nodiscard]] Estimate trace() const;            // sum h_i
  [[nodiscard]] Estimate trace_of_square() const;  // sum h_i^2
  [[nodiscard]] Estimate effective_rank()
      const;  // (tr H)^2 / tr H^2; error by the delta method, including the covariance of both traces
  // Fraction of eigenvalues <= x. The mass of a node that has not converged to an eigenvalue represents a range of the
  // spectrum and is spread evenly to the midpoints between it and its neighbours.
  [[nodiscard]] Estimate cdf(double x) const;
  // mu smoothed with a Gaussian of standard deviation `width` > 0, per unit of x.
  [[nodiscard]] Estimate density(double x, double width) const;

  [[nodiscard]] const std::vector<double>& exact() const { return exact_; }  // deflated eigenvalues, descending
  [[nodiscard]] const std::vector<Probe>& probes() const { return probes_; }
  [[nodiscard]] double lowest_node() const;   // an upper bound of lambda_min
  [[nodiscard]] double highest_node() const;  // a lower bound of lambda_max
  [[nodiscard]] std::int64_t products() const { return products_; }

 private:
  std::int64_t size_, products_;
  std::vector<double> exact_;
  std::vector<Probe> probes_;
};

// std::domain_error for fewer than 2 probes, fewer than 1 step, an empty operator, or products that are not finite.
[[nodiscard]] SpectralDensity spectral_density(const SymmetricOperator& op, const DensityOptions& options = {});

}  // namespace phaselaw::kernel
