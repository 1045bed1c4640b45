// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/kernel/panels.h"
#include "phaselaw/numerics/gemm.h"

// Products that count their flop, and the small operation that all derivatives of this model need.
namespace phaselaw::kernel {

template <class T>
void counted_gemm(double& flop, numerics::Op op_a, numerics::Op op_b, Index m, Index n, Index k, T alpha, const T* a,
                  Index lda, const T* b, Index ldb, T beta, T* c, Index ldc) {
  flop += 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  numerics::gemm<T>(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

// M <- M R, called by base::Versions (base/instruction_set.h),  R = inv_rms (I - x x^T / d) the Jacobian of the RMS normalisation at the normalised row x (symmetric).
template <class T>
void multiply_rms_jacobian(Index rows, Index d, const T* x, T inv_rms, T* matrix, Index stride) {
  const T inverse = T(1) / static_cast<T>(d);
  for (Index r = 0; r < rows; ++r) {
    T* const row = matrix + r * stride;
    T dot = 0;
#pragma omp simd reduction(+ : dot)
    for (Index i = 0; i < d; ++i) dot += row[i] * x[i];
    dot *= inverse;
#pragma omp simd
    for (Index i = 0; i < d; ++i) row[i] = inv_rms * (row[i] - dot * x[i]);
  }
}

}  // namespace phaselaw::kernel
