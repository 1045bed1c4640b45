// SPDX-License-Identifier: Apache-2.0
#pragma once
#ifdef PHASELAW_ONEDNN

#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include "phaselaw/numerics/gemm.h"

// oneDNN's matmul primitive on packed operands, compiled once per shape and kept. Only if oneDNN is available.
//
//   C (m x n, rows ldc apart, float) = alpha op(A) op(B) + beta C;  A, B packed row by row, of one type
//
// For one thread at a time; it uses as many threads inside as set_blas_threads() says. Memory: that of the primitives.
namespace phaselaw::numerics {

class OnednnMatmul {
 public:
  explicit OnednnMatmul(dnnl::memory::data_type operands);

  void multiply(Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, float alpha, const void* a,
                const void* b, float beta, float* c, std::ptrdiff_t ldc);

 private:
  struct Compiled {
    dnnl::matmul primitive;
    dnnl::memory a, b, c, scratch;
  };
  using Key = std::tuple<Op, Op, std::ptrdiff_t, std::ptrdiff_t, std::ptrdiff_t, std::ptrdiff_t, float, float>;

  [[nodiscard]] Compiled compile(const Key& key);

  dnnl::memory::data_type operands_;
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::map<Key, Compiled> compiled_;
};

}  // namespace phaselaw::numerics

#endif
