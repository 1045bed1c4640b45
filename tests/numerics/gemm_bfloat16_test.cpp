// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/gemm_bfloat16.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "phaselaw/numerics/bfloat16.h"
#include "phaselaw/numerics/onednn_matmul.h"
#include "tests/numerics/gemm_cases.h"

namespace phaselaw::numerics {
namespace {

bool processor_has_bfloat16() {
  std::ifstream file("/proc/cpuinfo");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return text.find("avx512_bf16") != std::string::npos || text.find("amx_bf16") != std::string::npos;
}

TEST(Bfloat16Hardware, MissingSaysWhat) {
  const std::string missing = bfloat16_missing();
  if (!processor_has_bfloat16()) {
    EXPECT_FALSE(missing.empty());
    EXPECT_TRUE(missing.find("AMX-BF16") != std::string::npos || missing.find("no oneDNN") != std::string::npos)
        << missing;
  }
}

class Bfloat16Gemm : public ::testing::TestWithParam<ProductPrecision> {
 protected:
  void SetUp() override {
    if (GetParam() == ProductPrecision::bfloat16 && !bfloat16_missing().empty()) GTEST_SKIP() << bfloat16_missing();
    set_blas_threads(1);
  }
};

// The definition in plain loops and long double, and its distance from the product of the unrounded operands.
TEST_P(Bfloat16Gemm, EqualsTheDefinitionForRandomShapes) {
  RandomStream random(9, "bfloat16 gemm");
  Bfloat16Products products(GetParam());
  for (int trial = 0; trial < 300; ++trial) {
    Product p = random_product(random);
    const auto a = p.op_a == Op::none ? random_operand<float>(random, p.m, p.k, p.padding)
                                      : random_operand<float>(random, p.k, p.m, p.padding);
    const auto b = p.op_b == Op::none ? random_operand<float>(random, p.k, p.n, p.padding)
                                      : random_operand<float>(random, p.n, p.k, p.padding);
    const auto before = random_operand<float>(random, p.m, p.n, p.padding);
    auto c = before;
    if (p.beta == 0) std::fill(c.data.begin(), c.data.end(), static_cast<float>(base::kNaN));
    products.gemm(p.op_a, p.op_b, p.m, p.n, p.k, static_cast<float>(p.alpha), a.data.data(), a.ld, b.data.data(), b.ld,
                  static_cast<float>(p.beta), c.data.data(), c.ld);
    const auto at = [](const Operand<float>& x, bool plain, std::ptrdiff_t i, std::ptrdiff_t j) {
      return x.data[static_cast<std::size_t>(plain ? i * x.ld + j : j * x.ld + i)];
    };
    const bool plain_a = p.op_a == Op::none, plain_b = p.op_b == Op::none;
    for (std::ptrdiff_t i = 0; i < p.m; ++i)
      for (std::ptrdiff_t j = 0; j < p.n; ++j) {
        long double rounded = 0, exact = 0, magnitude = 0;
        for (std::ptrdiff_t l = 0; l < p.k; ++l) {
          const float x = at(a, plain_a, i, l), y = at(b, plain_b, l, j);
          rounded += static_cast<long double>(round_to_bfloat16(x)) * static_cast<long double>(round_to_bfloat16(y));
          exact += static_cast<long double>(x) * static_cast<long double>(y);
          magnitude += std::abs(static_cast<long double>(x) * static_cast<long double>(y));
        }
        const auto old =
            p.beta == 0 ? 0.0L : static_cast<long double>(p.beta) * static_cast<long double>(at(before, true, i, j));
        const auto found = static_cast<long double>(at(c, true, i, j)), alpha = static_cast<long double>(p.alpha);
        const auto scale = std::abs(alpha) * magnitude;
        // Rounding may enlarge each term by 1 + 2^-8 twice: 1 % of room for the bound's own magnitude.
        const auto sums =
            1.01L * static_cast<long double>(p.k + 3) * std::numeric_limits<float>::epsilon() * (scale + std::abs(old));
        ASSERT_LE(std::abs(found - alpha * rounded - old), sums) << p;
        ASSERT_LE(std::abs(found - alpha * exact - old), sums + (0x1p-7L + 0x1p-16L) * scale) << p;
      }
    for (std::ptrdiff_t i = 0; i < p.m; ++i)
      for (std::ptrdiff_t j = p.n; j < c.ld; ++j)
        ASSERT_TRUE(std::isnan(c.data[static_cast<std::size_t>(i * c.ld + j)])) << p << ": a gap of C was written";
  }
}

// Long sums are kept in float32: 65,536 ones and halves add up exactly, where bfloat16 sums would stop at 256.
TEST_P(Bfloat16Gemm, SumsInFloat32AndRoundsOperands) {
  Bfloat16Products products(GetParam());
  const std::vector<float> ones(65536, 1), halves(65536, 0.5F);
  float sum = 0;
  products.gemm(Op::none, Op::none, 1, 1, 65536, 1, ones.data(), 65536, halves.data(), 1, 0, &sum, 1);
  EXPECT_EQ(sum, 32768);
  const float nearly = 1 + 0x1p-8F, two = 2;  // a tie: rounds to 1
  products.gemm(Op::none, Op::none, 1, 1, 1, 1, &nearly, 1, &two, 1, 0, &sum, 1);
  EXPECT_EQ(sum, 2);
}

TEST_P(Bfloat16Gemm, EmptySums) {
  Bfloat16Products products(GetParam());
  float c = 3;
  products.gemm(Op::none, Op::none, 1, 1, 0, 1, nullptr, 1, nullptr, 1, 0.5F, &c, 1);
  EXPECT_EQ(c, 1.5F);
  products.gemm(Op::none, Op::none, 0, 1, 1, 1, nullptr, 1, &c, 1, 0, nullptr, 1);
}

INSTANTIATE_TEST_SUITE_P(Ways, Bfloat16Gemm,
                         ::testing::Values(ProductPrecision::bfloat16_emulated, ProductPrecision::bfloat16),
                         [](const auto& way) {
                           return way.param == ProductPrecision::bfloat16 ? "hardware" : "emulated";
                         });

#ifdef PHASELAW_ONEDNN
// The primitive that multiplies bfloat16, with float operands: the same shapes, strides, scales and cache of kernels,
// on processors without bfloat16 too.
TEST(OnednnMatmul, EqualsTheDefinitionForRandomShapes) {
  set_blas_threads(1);
  RandomStream random(10, "onednn matmul");
  OnednnMatmul matmul(dnnl::memory::data_type::f32);
  const auto packed = [](std::ptrdiff_t rows, std::ptrdiff_t cols, const float* from, std::ptrdiff_t ld) {
    std::vector<float> to;
    for (std::ptrdiff_t i = 0; i < rows; ++i) to.insert(to.end(), from + i * ld, from + i * ld + cols);
    return to;
  };
  for (int trial = 0; trial < 300 && !::testing::Test::HasFatalFailure(); ++trial)
    expect_product<float>(
        random_product(random), random,
        [&](Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, float alpha, const float* a,
            std::ptrdiff_t lda, const float* b, std::ptrdiff_t ldb, float beta, float* c, std::ptrdiff_t ldc) {
          const auto x = op_a == Op::none ? packed(m, k, a, lda) : packed(k, m, a, lda);
          const auto y = op_b == Op::none ? packed(k, n, b, ldb) : packed(n, k, b, ldb);
          matmul.multiply(op_a, op_b, m, n, k, alpha, x.data(), y.data(), beta, c, ldc);
        });
}
#endif

}  // namespace
}  // namespace phaselaw::numerics
