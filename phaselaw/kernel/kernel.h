// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "phaselaw/kernel/options.h"
#include "phaselaw/kernel/planner.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/numerics/matrix.h"

// The exact tangent kernel of a transformer, per layer and parameter block:
//
//   H^(nu) = J_nu J_nu^T,   J_nu = d vec(kappa G(theta; X)) / d theta_nu   (raw entries, multipliers included)
//
// Rows and columns: (sample, token, output coordinate), last fastest; (sample, token) and (sample) if reduced.
// Frozen blocks (ModelOptions::trainable) contribute nothing. Constants of F (init_scale) do not enter.
//
// Accuracy: relative Frobenius error against J J^T in double < 1e-12 (double) and < 2e-5 (float), including the forward
// pass in T. The symmetric kernel is symmetric to the bit; eigenvalues are >= -4 n_rows eps ||H||_2. Cost: planner.h.
// Memory: plan.cost.bytes(). Threads: pairs of sequences; results do not depend on them. Errors: InputError
// from plan_kernel; std::domain_error if the forward pass is not finite; base::Interrupted on Ctrl-C, after the pairs
// in progress are done.
// Source: docs/kernel.md [T], also for the algorithm.
namespace phaselaw::kernel {

template <class T>
struct KernelPart {
  std::string name;         // "layers.0", "encoder.0", "layers.0.attn.q", "embed", "out"
  std::int64_t layer = -1;  // -1: embed and out belong to no layer
  numerics::Matrix<T> values;
};

template <class T>
struct DenseKernel {
  numerics::Matrix<T> total;
  std::vector<KernelPart<T>>
      parts;  // by Detail; their sum is the total; embed (with position) first; those of no layer last
  Plan plan;
  double flop = 0;     // counted while running; equals plan.cost.flop
  double seconds = 0;  // wall time, everything included
};

// H(X, X): n_rows x n_rows.
template <class T>
[[nodiscard]] DenseKernel<T> dense_kernel(const model::Transformer<T>& model, std::span<const T> theta,
                                          const model::Inputs<T>& inputs, const KernelOptions& options = {});

// H(X_test, X_train): rows of the test sequences, columns of the training sequences.
template <class T>
[[nodiscard]] DenseKernel<T> dense_kernel(const model::Transformer<T>& model, std::span<const T> theta,
                                          const model::Inputs<T>& test, const model::Inputs<T>& train,
                                          const KernelOptions& options = {});

// The part of one owner of a distributed H(X, X): rows of the sequences `rows`, columns of the sequences `cols`, both
// ascending numbers into `inputs`, by Algorithm::sandwich. Of the blocks (a, b) only those with a <= b are computed,
// the diagonal ones completely; the others are zero, or correct if rows and cols are the same. Other blocks are not
// needed. plan.cost.flop counts all blocks; flop those that were computed.
template <class T>
[[nodiscard]] DenseKernel<T> dense_kernel_upper(const model::Transformer<T>& model, std::span<const T> theta,
                                                const model::Inputs<T>& inputs, std::span<const std::int64_t> rows,
                                                std::span<const std::int64_t> cols, KernelOptions options = {});

// Rows of one sequence in a reduced kernel: L o, L or 1.
[[nodiscard]] std::int64_t rows_per_sequence(const model::ModelOptions& model, Reduce reduce);

}  // namespace phaselaw::kernel
