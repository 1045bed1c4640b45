// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "phaselaw/numerics/gemm.h"

// Products with operands rounded to bfloat16 (numerics/bfloat16.h), summed in float32:
//
//   C = alpha round(op(A)) round(op(B)) + beta C,   A, B, C float as for gemm<float>
//
// emulated   the definition: operands rounded in memory, then gemm<float>. Runs anywhere; slower than float32.
// hardware   oneDNN on a processor with AMX-BF16 or AVX512-BF16, detected at run time. It treats operands and sums
//            below 2^-126 as zero.
//
// A product of two rounded numbers is exact in float, so |C - exact product of the rounded operands| <= (k + 3) eps
// (|alpha| |A||B| + |beta C|) entrywise, eps = 2^-23, as for gemm<float>; against the unrounded operands add
// (2^-7 + 2^-16) |alpha| |A||B|. Cost: 2 m n k flop and one pass over A and B.
namespace phaselaw::numerics {

enum class ProductPrecision { native, bfloat16, bfloat16_emulated };

// Empty if the processor and this build can multiply bfloat16, and a few products agree with the emulation (tested
// once); otherwise what is missing.
[[nodiscard]] std::string bfloat16_missing();

// Scratch memory and compiled kernels for one thread's products; create it before a loop and use it from one thread at
// a time. Calls with shapes that it has seen allocate nothing of their own.
class Bfloat16Products {
 public:
  // PHASELAW_CHECK: not native, and bfloat16 only if bfloat16_missing() is empty.
  explicit Bfloat16Products(ProductPrecision precision);
  ~Bfloat16Products();
  Bfloat16Products(const Bfloat16Products&) = delete;
  Bfloat16Products& operator=(const Bfloat16Products&) = delete;

  void gemm(Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, float alpha, const float* a,
            std::ptrdiff_t lda, const float* b, std::ptrdiff_t ldb, float beta, float* c, std::ptrdiff_t ldc);

 private:
  friend std::string bfloat16_missing();
  class Hardware;
  [[nodiscard]] static std::string disagreement();  // of hardware and emulation; empty if there is none
  std::unique_ptr<Hardware> hardware_;              // null: emulated
  std::vector<float> a_, b_;                        // emulated
};

}  // namespace phaselaw::numerics
