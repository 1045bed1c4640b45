// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "phaselaw/numerics/gemm.h"

// The libraries and the own kernel behind numerics::gemm<float>, and the choice between them.
//
// The choice depends only on shape, transposition, strides and processor, never on a clock, so that results are the
// same from run to run. Measured (docs/decisions/003): on AVX2 the own tiles are fastest for small products. Of the
// libraries oneDNN is faster, except on processors without AVX-512 for large C = A' B (the weight gradients) and for
// rows 2 kB (or a multiple) apart, which it does not pack and which share a set of the cache; and except where it has
// no kernels of its own (below AVX2, other architectures).
namespace phaselaw::numerics {

enum class GemmEngine { openblas, onednn, tiles };

// Whether the engine is linked and useful on this processor.
[[nodiscard]] bool has_engine(GemmEngine engine);
// The engine for C (m x n) = op(A) op(B) with these leading dimensions.
[[nodiscard]] GemmEngine float_engine(Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k,
                                      std::ptrdiff_t lda, std::ptrdiff_t ldb);

// Whether gemm_tiles.h is the fastest for this product; then with vectors of kTiledVectorBytes, as only AVX2 gains from
// it.
inline constexpr std::size_t kTiledVectorBytes = 32;
[[nodiscard]] bool suits_tiles(Op op_a, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k);

// gemm<float> by this engine, which must be available; m, n >= 1. If blas_threads() is 1, only the calling thread
// computes. oneDNN allocates and frees a buffer of 17 kB on each call.
void sgemm(GemmEngine engine, Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, float alpha,
           const float* a, std::ptrdiff_t lda, const float* b, std::ptrdiff_t ldb, float beta, float* c,
           std::ptrdiff_t ldc);

// Checks what a call of oneDNN returned: bad_alloc if memory ran out in it; another failure is an error of ours.
void require_onednn(int status);

// "oneDNN 2.6.3, AVX2"; empty if it is not available.
[[nodiscard]] std::string onednn_description();

}  // namespace phaselaw::numerics
