// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

// The only interface to the matrix-product libraries: OpenBLAS, and oneDNN for float where it is available and faster
// (numerics/gemm_engines.h).
//
//   C (m x n) = alpha op(A) (m x k) op(B) (k x n) + beta C,   row-major, leading dimensions in elements.
//
// beta = 0 never reads C. m, n or k = 0 is allowed (k = 0 scales C). Cost 2 m n k flop. Error: |C - exact| <=
// k eps |A||B| entrywise (+ rounding of the accumulation into C). All sizes from 1 are tested, including primes. A call
// uses the number of threads of set_blas_threads(); results for a fixed shape do not depend on the caller.
namespace phaselaw::numerics {

enum class Op { none, transpose };

template <class T>
void gemm(Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, T alpha, const T* a,
          std::ptrdiff_t lda, const T* b, std::ptrdiff_t ldb, T beta, T* c, std::ptrdiff_t ldc);

template <>
void gemm<float>(Op, Op, std::ptrdiff_t, std::ptrdiff_t, std::ptrdiff_t, float, const float*, std::ptrdiff_t,
                 const float*, std::ptrdiff_t, float, float*, std::ptrdiff_t);
template <>
void gemm<double>(Op, Op, std::ptrdiff_t, std::ptrdiff_t, std::ptrdiff_t, double, const double*, std::ptrdiff_t,
                  const double*, std::ptrdiff_t, double, double*, std::ptrdiff_t);

// Number of threads within one product. Workers that each train a model set it to 1 before they start.
void set_blas_threads(int threads);
[[nodiscard]] int blas_threads();

// One BLAS thread during the lifetime of this object, then the former number again, also after an exception: for code
// that runs products on its own threads.
class OneBlasThread {
 public:
  OneBlasThread() : before_(blas_threads()) { set_blas_threads(1); }
  ~OneBlasThread() { set_blas_threads(before_); }
  OneBlasThread(const OneBlasThread&) = delete;
  OneBlasThread& operator=(const OneBlasThread&) = delete;

 private:
  int before_;
};

// "OpenBLAS 0.3.21, pthread, Zen; float32: oneDNN 2.6.3, AVX2".
[[nodiscard]] std::string blas_description();

// InputError if the library was built without threads: such a build silently gives wrong numbers if two threads use it,
// even on separate data. Call before starting workers.
void require_thread_safe_blas();

}  // namespace phaselaw::numerics
