// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "phaselaw/base/fields.h"

// The good model class: the conditions of Assumption 5.1 and Definition 5.2 on a transformer
// (docs/theory/good-class.md).
//
//   omega = c_omega / (N L^2 d^(5/2) B^3)                                           branch scale [S1; c_omega free]
//   m    >= c_m n^3 L^5 exp(c_d d) / (omega^6 lambda^6 delta^3 N^2)                 width [S1; c_m, c_d free]
//
// N n_layers, L seq_len, d d_model, B data_bound, m d_hidden, n n_data, lambda lambda_min, delta failure_prob. The
// paper states both up to constants; c_omega, c_m and c_d are those constants, 1 unless known. At the prescribed omega
// the width is c_m n^3 L^17 d^15 exp(c_d d) N^4 B^18 / (c_omega^6 lambda^6 delta^3); at a fixed omega it decreases as
// N^-2.
//
// The width overflows any number type for common sizes, so it is computed and returned as a logarithm, term by term;
// no argument in the domain overflows. Accuracy: 32 eps times the sum of the terms' magnitudes. Cost: 100 ns.
// Errors: std::domain_error unless every number is positive and finite and failure_prob < 1.
// Source: Yang, arXiv 2512.22088, Assumption 5.1 [S], Definition 5.2 [S1]: stated according to a single account.
namespace phaselaw::theory {

struct BranchScaleNumbers {
  double n_layers = 1, seq_len = 1, d_model = 1;
  double data_bound = 1;  // B: bounds the Gaussian data and weights with high probability
  double c_omega = 1;
};
[[nodiscard]] double log_branch_scale(const BranchScaleNumbers& numbers);  // natural logarithm
[[nodiscard]] double branch_scale(const BranchScaleNumbers& numbers);      // 0 below 1e-308

struct WidthNumbers {
  double n_data = 1, seq_len = 1, d_model = 1, n_layers = 1;
  double log_branch_scale = 0;  // ln omega: log_branch_scale(), or the logarithm of another scale
  double lambda_min = 1;        // smallest eigenvalue over the layers' kernels / omega^2 at initialisation
  double failure_prob = 0.05;
  double c_m = 1, c_d = 1;
};
[[nodiscard]] double log10_d_hidden_min(const WidthNumbers& numbers);

// Assumption 5.1 [S]: every H^(nu)(0) is positive definite; lambda = min_nu lambda_min(H^(nu)(0)) / omega^2.
//
// layer_lambda_mins: smallest eigenvalue of each layer's kernel as measured, omega^2 included, first layer first.
// rounding: eigenvalues of at most this magnitude cannot be told from 0 (n_rows eps lambda_max is usual).
enum class PositiveDefinite { holds, fails, undecided };  // undecided: |lambda_min| <= rounding, and none is below
[[nodiscard]] base::EnumNames<PositiveDefinite> enum_names(PositiveDefinite);

struct LayerAssumption {
  PositiveDefinite verdict = PositiveDefinite::undecided;
  double lambda_min = 0;          // the lambda of every bound below; <= 0 if the assumption fails
  std::size_t weakest_layer = 0;  // index of the layer with that eigenvalue
};
// std::domain_error if there is no layer, a number is NaN or infinite, omega <= 0 or rounding < 0.
[[nodiscard]] LayerAssumption check_layer_kernels(std::span<const double> layer_lambda_mins, double branch_scale,
                                                  double rounding = 0);

}  // namespace phaselaw::theory
