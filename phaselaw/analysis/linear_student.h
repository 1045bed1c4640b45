// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phaselaw/analysis/prepared_experiment.h"
#include "phaselaw/numerics/matrix.h"

// The student linearised at its initial weights, F(x) = f0(x) + J(x) (theta - theta_0), in the space of its P
// parameters, for any number of training sequences. A set of sequences enters only through
//
//   gram = J^T J (P x P),   pull = J^T (F* - f0),   square = ||F* - f0||^2                                        [T]
//
// and these add up over disjoint sets. Gradient flow of (1/n) ||F - Y||^2 over n training sequences, G = sum of grams
// = V diag(h) V^T, g_i(t) = (1 - exp(-2 h_i t/n))/h_i, with Y = F* + noise, independent from row to row:
//
//   theta(t) - theta_0 = V diag(g) V^T J^T (Y - f0)
//   bias(t)   mean (E F - F*)^2 on the test rows
//   factor(t) of a training set: mean variance on the test rows for noise of variance 1 on the rows of this set:
//             sum_ij g_i g_j A_ij B_ij / test rows,   A = V^T G_test V,   B = V^T G_set V
//   d_eff(t) = sum_i (1 - exp(-2 h_i t/n))^2: n L o times the mean variance on the training rows themselves
//
// E excess risk = bias + sum over sets of noise^2 factor. Times: gradient-flow time >= 0. Rank: eigenvalues above
// P eps h_max; directions in which the outputs do not change (gauge) have h = 0 and learn nothing.
// Accuracy: P eps h_max relative to each sum. Cost: P^2 flop per row for a gram; (14/3 + 4) P^3 and P^2 per time.
namespace phaselaw::analysis {

struct LinearSet {
  numerics::Matrix<double> gram;
  std::vector<double> pull;
  double square = 0;
  std::int64_t n = 0, rows = 0;  // sequences; n L o
};

// The sequences first .. first + count - 1 of a set with known clean targets. InputError for a model with frozen
// blocks or cross-entropy; PHASELAW_CHECK for a range outside the set.
[[nodiscard]] LinearSet linear_set(const PreparedExperiment& prepared, const data::Dataset& set, std::int64_t first,
                                   std::int64_t count);

// The union of two disjoint sets.
[[nodiscard]] LinearSet joined(const LinearSet& a, const LinearSet& b);

// Eigenvalues of the kernel of a set that are not zero: descending, those above P eps h_max.
[[nodiscard]] std::vector<double> kernel_spectrum(const LinearSet& set);

// sum_i (1 - exp(-2 h_i t/n))^2; `n` sequences.
[[nodiscard]] double effective_dimension(std::span<const double> eigenvalues, double n, double time);

// Along the flow on `clean` and `added` together (added.n may be 0), at each time.
struct LinearErrors {
  double bias = 0, clean = 0, added = 0;  // clean, added: factors of the noise variances
};
[[nodiscard]] std::vector<LinearErrors> linear_errors(const LinearSet& clean, const LinearSet& added,
                                                      const LinearSet& test, std::span<const double> times);

}  // namespace phaselaw::analysis
