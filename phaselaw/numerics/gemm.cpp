// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/gemm.h"

#include <algorithm>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/gemm_engines.h"
#include "phaselaw/numerics/openblas.h"

namespace phaselaw::numerics {

namespace {

// Otherwise BLAS would print a line and leave C unchanged.
void check_leading(Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, std::ptrdiff_t lda,
                   std::ptrdiff_t ldb, std::ptrdiff_t ldc) {
  PHASELAW_CHECK_LE((op_a == Op::none ? k : m), lda);
  PHASELAW_CHECK_LE((op_b == Op::none ? n : k), ldb);
  PHASELAW_CHECK_LE(n, ldc);
}

}  // namespace

template <>
void gemm<float>(Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, float alpha, const float* a,
                 std::ptrdiff_t lda, const float* b, std::ptrdiff_t ldb, float beta, float* c, std::ptrdiff_t ldc) {
  if (m == 0 || n == 0) return;
  check_leading(op_a, op_b, m, n, k, lda, ldb, ldc);
  sgemm(float_engine(op_a, op_b, m, n, k, lda, ldb), op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

template <>
void gemm<double>(Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, double alpha, const double* a,
                  std::ptrdiff_t lda, const double* b, std::ptrdiff_t ldb, double beta, double* c, std::ptrdiff_t ldc) {
  if (m == 0 || n == 0) return;
  check_leading(op_a, op_b, m, n, k, lda, ldb, ldc);
  cblas_dgemm(CblasRowMajor, blas_flag(op_a), blas_flag(op_b), static_cast<blasint>(m), static_cast<blasint>(n),
              static_cast<blasint>(k), alpha, a, blas_leading(lda), b, blas_leading(ldb), beta, c, blas_leading(ldc));
}

void set_blas_threads(int threads) { openblas_set_num_threads(threads); }
int blas_threads() { return openblas_get_num_threads(); }

std::string blas_description() {
  const char* kind[] = {"serial", "pthread", "openmp"};
  const int parallel = std::clamp(openblas_get_parallel(), 0, 2);
  const std::string config = openblas_get_config();  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..."
  const auto second_space = config.find(' ', config.find(' ') + 1);
  const std::string onednn = onednn_description();
  return fmt::format("{}, {}, {}{}{}", config.substr(0, second_space), kind[parallel], openblas_get_corename(),
                     onednn.empty() ? "" : "; float32: ", onednn);
}

void require_thread_safe_blas() {
  if (openblas_get_parallel() == OPENBLAS_SEQUENTIAL)
    throw base::InputError(
        {"libopenblas"},
        "expected a build with threads, found the serial build, which gives wrong numbers if several workers use it; "
        "install libopenblas0-pthread (or -openmp) and remove libopenblas0-serial");
}

}  // namespace phaselaw::numerics
