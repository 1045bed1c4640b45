// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/gemm_bfloat16.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/bfloat16.h"
#include "phaselaw/numerics/random.h"
#ifdef PHASELAW_ONEDNN
#include "phaselaw/numerics/onednn_matmul.h"
#endif

namespace phaselaw::numerics {

namespace {

// to (rows x cols, packed) = convert(from), rows of `from` ld apart; `to` grows as needed.
template <class Number, class Convert>
void pack(std::ptrdiff_t rows, std::ptrdiff_t cols, const float* from, std::ptrdiff_t ld, std::vector<Number>& to,
          Convert convert) {
  const auto size = static_cast<std::size_t>(rows * cols);
  if (to.size() < size) to.resize(size);
  for (std::ptrdiff_t i = 0; i < rows; ++i) {
    const float* in = from + i * ld;
    Number* out = to.data() + i * cols;
#pragma omp simd
    for (std::ptrdiff_t j = 0; j < cols; ++j) out[j] = convert(in[j]);
  }
}

template <class Number, class Convert>
void pack_operands(Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, const float* a,
                   std::ptrdiff_t lda, const float* b, std::ptrdiff_t ldb, std::vector<Number>& to_a,
                   std::vector<Number>& to_b, Convert convert) {
  const bool plain_a = op_a == Op::none, plain_b = op_b == Op::none;
  pack(plain_a ? m : k, plain_a ? k : m, a, lda, to_a, convert);
  pack(plain_b ? k : n, plain_b ? n : k, b, ldb, to_b, convert);
}

}  // namespace

class Bfloat16Products::Hardware {
#ifdef PHASELAW_ONEDNN
 public:
  void gemm(Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, float alpha, const float* a,
            std::ptrdiff_t lda, const float* b, std::ptrdiff_t ldb, float beta, float* c, std::ptrdiff_t ldc) {
    pack_operands(op_a, op_b, m, n, k, a, lda, b, ldb, a_, b_, to_bfloat16);
    matmul_.multiply(op_a, op_b, m, n, k, alpha, a_.data(), b_.data(), beta, c, ldc);
  }

 private:
  OnednnMatmul matmul_{dnnl::memory::data_type::bf16};
  std::vector<std::uint16_t> a_, b_;
#endif
};

Bfloat16Products::Bfloat16Products(ProductPrecision precision) {
  PHASELAW_CHECK(precision != ProductPrecision::native);
  if (precision != ProductPrecision::bfloat16) return;
  PHASELAW_CHECK(bfloat16_missing().empty());
  hardware_ = std::make_unique<Hardware>();
}

Bfloat16Products::~Bfloat16Products() = default;

void Bfloat16Products::gemm(Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, float alpha,
                            const float* a, std::ptrdiff_t lda, const float* b, std::ptrdiff_t ldb, float beta,
                            float* c, std::ptrdiff_t ldc) {
#ifdef PHASELAW_ONEDNN
  if (hardware_ && m > 0 && n > 0 && k > 0 && alpha != 0)
    return hardware_->gemm(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
#endif
  pack_operands(op_a, op_b, m, n, k, a, lda, b, ldb, a_, b_, round_to_bfloat16);
  numerics::gemm<float>(op_a, op_b, m, n, k, alpha, a_.data(), op_a == Op::none ? k : m, b_.data(),
                        op_b == Op::none ? n : k, beta, c, ldc);
}

std::string bfloat16_missing() {
#ifdef PHASELAW_ONEDNN
  static const std::string missing = [] {
    constexpr unsigned kBfloat16 = dnnl_cpu_isa_avx512_core_bf16;  // a bit mask; AMX includes it
    const auto isa = static_cast<unsigned>(dnnl_get_effective_cpu_isa());
    if ((isa & kBfloat16) != kBfloat16)
      return std::string(
          "this processor has neither AMX-BF16 nor AVX512-BF16 (or ONEDNN_MAX_CPU_ISA in the environment hides them)");
    return Bfloat16Products::disagreement();
  }();
  return missing;
#else
  return "this build has no oneDNN (Debian: libdnnl-dev), which computes such products";
#endif
}

std::string Bfloat16Products::disagreement() {
#ifdef PHASELAW_ONEDNN
  constexpr std::ptrdiff_t m = 33, n = 47, k = 61;
  RandomStream stream(1, "bfloat16 products agree");
  std::vector<float> a(m * k), b(k * n), before(m * n);
  for (auto* matrix : {&a, &b, &before})
    for (float& x : *matrix) x = static_cast<float>(2 * stream.uniform() - 1);
  // Entries are below 1, so no sum exceeds k, and two orders of summation cannot differ by more than this.
  constexpr double kBound = 2.0 * (k + 3) * std::numeric_limits<float>::epsilon() * (k + 1);
  try {
    Hardware hardware;
    Bfloat16Products emulated(ProductPrecision::bfloat16_emulated);
    for (const auto& [op_a, op_b] :
         {std::pair{Op::none, Op::transpose}, {Op::none, Op::none}, {Op::transpose, Op::none}})
      for (const auto& [alpha, beta] : {std::pair{1.0F, 0.0F}, {0.7F, 1.0F}}) {
        std::vector<float> c = before, expected = before;
        const std::ptrdiff_t lda = op_a == Op::none ? k : m, ldb = op_b == Op::none ? n : k;
        hardware.gemm(op_a, op_b, m, n, k, alpha, a.data(), lda, b.data(), ldb, beta, c.data(), n);
        emulated.gemm(op_a, op_b, m, n, k, alpha, a.data(), lda, b.data(), ldb, beta, expected.data(), n);
        for (std::size_t i = 0; i < c.size(); ++i)
          if (!(std::abs(static_cast<double>(c[i]) - static_cast<double>(expected[i])) <= kBound))
            return fmt::format("oneDNN's bfloat16 products are wrong on this machine: {} for {}; please report it",
                               c[i], expected[i]);
      }
  } catch (const dnnl::error& error) {
    return fmt::format("oneDNN has no such products for this processor ({})", error.message);
  }
#endif
  return {};
}

}  // namespace phaselaw::numerics
