// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/gemm_tiles.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "tests/numerics/gemm_cases.h"

namespace phaselaw::numerics {
namespace {

template <std::size_t bytes>
void multiply(Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, float alpha, const float* a,
              std::ptrdiff_t lda, const float* b, std::ptrdiff_t ldb, float beta, float* c, std::ptrdiff_t ldc) {
  if (k == 0) return;
  tiles::multiply<bytes>(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

template <class Width>
class Tiles : public ::testing::Test {
 protected:
  void SetUp() override {
    if (Width::value > base::vector_bytes(base::supported_instruction_set()))
      GTEST_SKIP() << "this processor has no vectors of " << Width::value << " bytes";
  }
};
using Widths = ::testing::Types<std::integral_constant<std::size_t, 16>, std::integral_constant<std::size_t, 32>,
                                std::integral_constant<std::size_t, 64>>;
TYPED_TEST_SUITE(Tiles, Widths);

// Every width that this processor has.
TYPED_TEST(Tiles, EqualTheDefinitionForRandomShapes) {
  RandomStream random(11, "gemm tiles");
  for (int trial = 0; trial < 300 && !this->HasFatalFailure(); ++trial)
    expect_product<float>(random_product(random), random, multiply<TypeParam::value>);
}

TYPED_TEST(Tiles, EqualTheDefinitionAtEveryEdge) {
  constexpr auto kRows = std::ptrdiff_t{tiles::Registers<TypeParam::value>::kRows};
  constexpr auto kCols = tiles::Registers<TypeParam::value>::kCols, kSum = tiles::kSumTogether;
  RandomStream random(12, "gemm tiles edges");
  for (const auto op_a : {Op::none, Op::transpose})
    for (const auto op_b : {Op::none, Op::transpose}) {
      for (std::ptrdiff_t m = 1; m <= 2 * kRows + 1; ++m)
        for (const std::ptrdiff_t n : {kCols - 1, kCols, kCols + 1})
          expect_product<float>({op_a, op_b, m, n, 9, 0.5, 1, 3}, random, multiply<TypeParam::value>);
      for (const std::ptrdiff_t k : {kSum - 1, kSum, kSum + 1, 2 * kSum + 3})
        for (const double beta : {0.0, -0.5})
          expect_product<float>({op_a, op_b, kRows + 1, kCols + 3, k, 1, beta, 0}, random, multiply<TypeParam::value>);
      // Rows of B a power of two apart.
      expect_product<float>({op_a, op_b, 4 * kRows, 256, 40, 1, 0, 0}, random, multiply<TypeParam::value>);
      if (this->HasFatalFailure()) return;
    }
}

TYPED_TEST(Tiles, FinishSeesEveryEntryOnceWithItsPlace) {
  constexpr std::ptrdiff_t kM = 17, kN = 37;
  RandomStream random(13, "gemm tiles finish");
  for (const std::ptrdiff_t k : {std::ptrdiff_t{5}, 2 * tiles::kSumTogether + 1}) {
    const auto a = random_operand<float>(random, kM, k, 0), b = random_operand<float>(random, k, kN, 0),
               factor = random_operand<float>(random, kM, kN, 0), before = random_operand<float>(random, kM, kN, 0);
    auto plain = before, finished = before;
    tiles::multiply<TypeParam::value>(Op::none, Op::none, kM, kN, k, 1, a.data.data(), a.ld, b.data.data(), b.ld, 0.5F,
                                      plain.data.data(), plain.ld);
    tiles::multiply<TypeParam::value>(Op::none, Op::none, kM, kN, k, 1, a.data.data(), a.ld, b.data.data(), b.ld, 0.5F,
                                      finished.data.data(), finished.ld,
                                      [&](auto x, std::ptrdiff_t i, std::ptrdiff_t j) {
                                        return 2.0F + x * load<decltype(x)>(factor.data.data() + i * kN + j);
                                      });
    for (std::size_t i = 0; i < plain.data.size(); ++i) {
      const float product = plain.data[i] * factor.data[i], expected = 2 + product;
      // One or two roundings, of numbers below 2 + |product|.
      EXPECT_NEAR(finished.data[i], expected, std::numeric_limits<float>::epsilon() * (2 + std::abs(product))) << i;
    }
  }
}

TYPED_TEST(Tiles, NanAndInfinityReachTheirRowAndColumnOnly) {
  constexpr std::ptrdiff_t kSize = 21;
  for (const auto op_a : {Op::none, Op::transpose})
    for (const auto op_b : {Op::none, Op::transpose}) {
      std::vector<float> a(kSize * kSize, 1.0F), b(kSize * kSize, 1.0F), c(kSize * kSize);
      a[static_cast<std::size_t>(op_a == Op::none ? 3 * kSize + 20 : 20 * kSize + 3)] = std::nanf("");
      b[static_cast<std::size_t>(op_b == Op::none ? 5 * kSize + 19 : 19 * kSize + 5)] =
          std::numeric_limits<float>::infinity();
      tiles::multiply<TypeParam::value>(op_a, op_b, kSize, kSize, kSize, 1, a.data(), kSize, b.data(), kSize, 0,
                                        c.data(), kSize);
      for (std::ptrdiff_t i = 0; i < kSize; ++i)
        for (std::ptrdiff_t j = 0; j < kSize; ++j) {
          const float x = c[static_cast<std::size_t>(i * kSize + j)];
          if (i == 3)
            EXPECT_TRUE(std::isnan(x)) << i << ", " << j;
          else
            EXPECT_EQ(x, j == 19 ? std::numeric_limits<float>::infinity() : 21.0F) << i << ", " << j;
        }
    }
}

}  // namespace
}  // namespace phaselaw::numerics
