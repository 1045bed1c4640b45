// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phaselaw/kernel/spectrum.h"
#include "phaselaw/numerics/matrix.h"

// Kernel regression on sequences: n sequences of R = L o rows each, M = n R; rows ordered (sequence, token,
// coordinate).
//
//   df/dt = -(2/n) H (f - y),  f(0) = f0        the flow of Loss = (1/n) ||F - Y||^2 under a fixed kernel H
//   f = f0 + H (H + ridge I)^-1 (y - f0)        kernel ridge regression around f0
//
// Every risk in this layer's estimators is per number: a mean over rows of the squared error against y, so it includes
// the noise of y unless clean targets are given. Rows of one sequence are dependent, sequences are not, so sequences
// are the units that are left out, resampled and counted in standard errors.
namespace phaselaw::dynamics {

// Views; the objects that they refer to must outlive the problem.
struct SequenceProblem {
  numerics::ConstMatrixView<double> kernel{nullptr, 0,
                                           0};  // M x M, symmetric positive semi-definite; both triangles are read
  std::span<const double> targets;              // y, M
  std::span<const double> outputs;              // f0, M; empty: 0
  std::span<const double>
      clean_targets;                   // targets against which errors are measured, M; empty: y. With F*: excess risk
  std::int64_t rows_per_sequence = 1;  // R

  [[nodiscard]] std::int64_t rows() const { return kernel.rows(); }
  [[nodiscard]] std::int64_t n_sequences() const { return kernel.rows() / rows_per_sequence; }
  [[nodiscard]] numerics::Vector<double> residual() const;  // y - f0
  [[nodiscard]] numerics::Vector<double> noise() const;     // y - clean targets; zero without them
};

// InputError unless sizes agree, n >= 1 and every number is finite.
void validate(const SequenceProblem& problem);

// InputError unless there is at least one time and each is >= 0 (infinity allowed, NaN not).
void validate_times(std::span<const double> times);

// H = sum_i h_i v_i v_i^T: values descending, row i of `vectors` is v_i. 9 M^3 flop, 3 M^2 numbers.
struct EigenSystem {
  kernel::Spectrum spectrum;
  numerics::Matrix<double> vectors;
};
[[nodiscard]] EigenSystem eigen_system(numerics::ConstMatrixView<double> kernel);

// Disjoint sets of sequences, each left out in turn; together they are all n.
using Folds = std::vector<std::vector<std::int64_t>>;

// One sequence per fold. InputError for n < 2, because nothing would remain for training.
[[nodiscard]] Folds leave_one_out_folds(std::int64_t n_sequences);

// `count` folds of equal size (to one sequence) of a random order. InputError unless 2 <= count <= n.
[[nodiscard]] Folds k_folds(std::int64_t n_sequences, std::int64_t count, std::uint64_t seed);

// InputError unless there are at least two folds, none empty, that contain each of the n sequences once.
void validate(const Folds& folds, std::int64_t n_sequences);

// A risk with the data for its interval.
struct HeldOutRisk {
  std::vector<double> per_sequence;  // mean squared error per number of each sequence while it was left out
  double mean = 0;
  // Standard deviation over sequences / sqrt(n): approximate, because the n fits share most of their data.
  double standard_error = 0;
};
[[nodiscard]] HeldOutRisk summarise(std::vector<double> per_sequence);

// From the errors of all M rows.
[[nodiscard]] HeldOutRisk held_out_risk(std::span<const double> errors, std::int64_t rows_per_sequence);

// The rows of a fold's sequences, in its order.
[[nodiscard]] std::vector<std::int64_t> rows_of(const std::vector<std::int64_t>& sequences,
                                                std::int64_t rows_per_sequence);

}  // namespace phaselaw::dynamics
