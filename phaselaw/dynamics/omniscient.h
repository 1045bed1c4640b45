// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <complex>
#include <span>
#include <vector>

// The expected risk of kernel regression from the population's spectrum and the target's coefficients in it.
//
//   rows x i.i.d.,  f*(x) = sum_k w_k phi_k(x),  <phi_k, phi_l> = delta_kl,  K(x, x') = sum_k lambda_k phi_k phi_k,
//   y = f* + noise of variance sigma^2,  n rows,  ridge delta added to the (unnormalised) n x n kernel matrix.
//
//   kappa:    n = sum_k L_k + delta / kappa,   L_k = lambda_k / (lambda_k + kappa)
//   E_test  = E0 [ sum_k (1 - L_k)^2 w_k^2 + sigma^2 ],   E0 = n / (n - sum_k L_k^2)         noise included
//   E_train = (delta / (n kappa))^2 E_test
//
// With finitely many random features (width k) of that kernel:
//   S = sum lambda/(lambda + gamma), q = sum (lambda/(lambda + gamma))^2,  delta = gamma (n - S)(1 - S/k),
//   kappa = gamma (1 - S/k),
//   E_test = [ sum (gamma/(lambda+gamma) - kappa lambda/(lambda+gamma)^2 k/(k-q)) w^2 + sigma^2 ]
//            / [ 1 - (q (k - 2 S) + S^2) / (n (k - q)) ]
//
// A pool approximates the population by lambda_k = h_k / M_pool and w_k^2 = (v_k^T y)^2 / M_pool: population_of_pool().
// The formulas assume independent rows. The L o rows of a sequence are dependent, and with n R rows the result is too
// low on transformer kernels, by 10 to 65 % (docs/dynamics.md, Risk estimates). The formulas are asymptotic: exact for
// n and spectrum -> inf, accurate to a few per cent at n = 100. Cost: about 100 passes over the spectrum. Accuracy of
// the solution: 1e-13 relative.
// Errors: std::domain_error for negative or NaN arguments, n <= 0, and at the interpolation peak (delta = 0 and n equal
// to the number of positive eigenvalues, where the risk is infinite).
// Source: Bordelon, Canatar, Pehlevan 2020; Simon et al. 2023; random features: Atanasov et al. 2024 [T].
namespace phaselaw::dynamics {

struct Population {
  std::vector<double> eigenvalues;   // lambda_k >= 0
  std::vector<double> coefficients;  // w_k^2 >= 0
  double noise_variance = 0;         // sigma^2 per number, in addition to what the coefficients contain
};

// pool_eigenvalues: h_k of the pool's M x M kernel (rounding below 0 counts as 0); coefficients: (v_k^T (y - f0))^2.
[[nodiscard]] Population population_of_pool(std::span<const double> pool_eigenvalues,
                                            std::span<const double> coefficients, double noise_variance = 0);

struct OmniscientRisk {
  double test = 0, train = 0;  // per number, including noise
  double kappa = 0;            // effective ridge; 0 for delta = 0 and n above the rank
  double overfitting = 1;      // E0
};

// n_rows > 0 (need not be an integer), ridge >= 0 (infinity: nothing is learned).
[[nodiscard]] OmniscientRisk omniscient_ridge(const Population& population, double n_rows, double ridge);

struct FiniteWidthRisk {
  double test = 0;
  double kappa = 0, gamma = 0;
};

// width: number of random features k > 0.
[[nodiscard]] FiniteWidthRisk finite_width_ridge(const Population& population, double n_rows, double width,
                                                 double ridge);

// kappa of a real ridge >= 0, and of a complex one off the negative axis: the unique solution with Im kappa of the sign
// of Im ridge, by Newton's method, continued along the arc from |ridge| if it does not converge at once.
[[nodiscard]] double effective_ridge(std::span<const double> eigenvalues, double n_rows, double ridge);
[[nodiscard]] std::complex<double> effective_ridge(std::span<const double> eigenvalues, double n_rows,
                                                   std::complex<double> ridge);

}  // namespace phaselaw::dynamics
