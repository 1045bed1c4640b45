// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/gemm_engines.h"

#include <algorithm>
#include <array>
#include <new>

#ifdef PHASELAW_ONEDNN
#include <oneapi/dnnl/dnnl.h>

#include "phaselaw/numerics/openmp_threads.h"
#endif

#include "phaselaw/base/errors.h"
#include "phaselaw/base/instruction_set.h"
#include "phaselaw/numerics/gemm_tiles.h"
#include "phaselaw/numerics/openblas.h"

namespace phaselaw::numerics {

namespace {

// FLOP from which a second thread within a product is worthwhile: about a millisecond of work.
constexpr double kSharedFrom = 1 << 26;

void openblas_sgemm(Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, float alpha, const float* a,
                    std::ptrdiff_t lda, const float* b, std::ptrdiff_t ldb, float beta, float* c, std::ptrdiff_t ldc) {
  cblas_sgemm(CblasRowMajor, blas_flag(op_a), blas_flag(op_b), static_cast<blasint>(m), static_cast<blasint>(n),
              static_cast<blasint>(k), alpha, a, blas_leading(lda), b, blas_leading(ldb), beta, c, blas_leading(ldc));
}

#ifdef PHASELAW_ONEDNN

enum class Isa { none, avx2, avx512 };

Isa isa() {
  static const Isa found = [] {
    // A lowered set (PHASELAW_ISA) lowers oneDNN's as well, which chooses its kernels at its first product.
    if (base::instruction_set() == base::InstructionSet::avx2) dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx2);
    if (base::instruction_set() == base::InstructionSet::baseline) dnnl_set_max_cpu_isa(dnnl_cpu_isa_sse41);
    constexpr unsigned kAvx2 = dnnl_cpu_isa_avx2, kAvx512 = dnnl_cpu_isa_avx512_core;  // bit masks
    const auto bits = static_cast<unsigned>(dnnl_get_effective_cpu_isa());
    if ((bits & kAvx512) == kAvx512) return Isa::avx512;
    return (bits & kAvx2) == kAvx2 ? Isa::avx2 : Isa::none;
  }();
  return found;
}

void onednn_sgemm(Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, float alpha, const float* a,
                  std::ptrdiff_t lda, const float* b, std::ptrdiff_t ldb, float beta, float* c, std::ptrdiff_t ldc) {
  const auto flag = [](Op op) { return op == Op::none ? 'N' : 'T'; };
  const double flop = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  const OpenMpThreads threads(flop < kSharedFrom ? 1 : blas_threads());
  require_onednn(dnnl_sgemm(flag(op_a), flag(op_b), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc));
}

#endif

}  // namespace

void require_onednn([[maybe_unused]] int status) {
#ifdef PHASELAW_ONEDNN
  if (status == dnnl_out_of_memory) throw std::bad_alloc();
  PHASELAW_CHECK_EQ(status, static_cast<int>(dnnl_success));
#endif
}

bool has_engine(GemmEngine engine) {
#ifdef PHASELAW_ONEDNN
  return engine != GemmEngine::onednn || isa() != Isa::none;
#else
  return engine != GemmEngine::onednn;
#endif
}

bool suits_tiles(Op op_a, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k) {
  if (base::instruction_set() != base::InstructionSet::avx2) return false;
  constexpr std::ptrdiff_t kCols = tiles::Registers<kTiledVectorBytes>::kCols;
  const double large = op_a == Op::none ? kSharedFrom : 1 << 23;
  const std::ptrdiff_t computed = (n + kCols - 1) / kCols * kCols;
  return m >= 4 && 4 * n >= 3 * computed && 2.0 * static_cast<double>(m * n) * static_cast<double>(k) < large;
}

GemmEngine float_engine(Op op_a, [[maybe_unused]] Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k,
                        [[maybe_unused]] std::ptrdiff_t lda, [[maybe_unused]] std::ptrdiff_t ldb) {
  if (suits_tiles(op_a, m, n, k)) return GemmEngine::tiles;
#ifdef PHASELAW_ONEDNN
  if (isa() == Isa::avx512) return GemmEngine::onednn;
  constexpr std::ptrdiff_t kLarge = 128 * 128, kConflict = 2048 / sizeof(float);
  const bool conflicts = (op_a == Op::transpose && lda % kConflict == 0) || (op_b == Op::none && ldb % kConflict == 0);
  const bool large_gradient = op_a == Op::transpose && m * n >= kLarge;
  if (isa() == Isa::avx2 && !conflicts && !large_gradient) return GemmEngine::onednn;
#endif
  return GemmEngine::openblas;
}

void sgemm(GemmEngine engine, Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, float alpha,
           const float* a, std::ptrdiff_t lda, const float* b, std::ptrdiff_t ldb, float beta, float* c,
           std::ptrdiff_t ldc) {
  if (engine == GemmEngine::tiles && k > 0)
    return base::with_vector_bytes(
        [&](auto bytes) { tiles::multiply<bytes>(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc); });
#ifdef PHASELAW_ONEDNN
  // With alpha = 0, oneDNN 2.7 multiplies what C held by zero, which is NaN where C held no number.
  if (engine == GemmEngine::onednn && k > 0 && alpha != 0)
    return onednn_sgemm(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
#endif
  PHASELAW_CHECK(has_engine(engine));
  openblas_sgemm(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

std::string onednn_description() {
#ifdef PHASELAW_ONEDNN
  constexpr std::array kNames{"no kernels for this processor, unused", "AVX2", "AVX-512"};
  const auto* version = dnnl_version();
  return fmt::format("oneDNN {}.{}.{}, {}", version->major, version->minor, version->patch,
                     kNames[static_cast<std::size_t>(isa())]);
#else
  return {};
#endif
}

}  // namespace phaselaw::numerics
