// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/gemm.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/numerics/random.h"

namespace phaselaw::numerics {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <class T>
struct Operand {
  std::vector<T> data;
  std::ptrdiff_t ld = 0;
};

// rows x cols of uniform numbers in (-1, 1), rows `padding` further apart than they are long; the gaps hold NaN, so
// that any read of a gap shows in the result.
template <class T>
Operand<T> random_operand(RandomStream& random, std::ptrdiff_t rows, std::ptrdiff_t cols, std::ptrdiff_t padding) {
  Operand<T> made{{}, cols + padding};
  made.data.assign(static_cast<std::size_t>(rows * made.ld), static_cast<T>(kNan));
  for (std::ptrdiff_t i = 0; i < rows; ++i)
    for (std::ptrdiff_t j = 0; j < cols; ++j)
      made.data[static_cast<std::size_t>(i * made.ld + j)] = static_cast<T>(2 * random.uniform() - 1);
  return made;
}

struct Product {
  Op op_a, op_b;
  std::ptrdiff_t m, n, k;
  double alpha, beta;
  std::ptrdiff_t padding;
};

std::ostream& operator<<(std::ostream& out, const Product& p) {
  return out << (p.op_a == Op::none ? "A " : "A' ") << (p.op_b == Op::none ? "B " : "B' ") << p.m << " x " << p.n
             << " x " << p.k << " alpha " << p.alpha << " beta " << p.beta << " padding " << p.padding;
}

// Compares gemm with the definition, summed in long double. The bound is the textbook one for any order of summation:
// |error| <= (k + 3) eps (|alpha| |A||B| + |beta C|), entry by entry; 3 for alpha, beta and their sum.
template <class T>
void expect_product(const Product& p, RandomStream& random) {
  const auto a = p.op_a == Op::none ? random_operand<T>(random, p.m, p.k, p.padding)
                                    : random_operand<T>(random, p.k, p.m, p.padding);
  const auto b = p.op_b == Op::none ? random_operand<T>(random, p.k, p.n, p.padding)
                                    : random_operand<T>(random, p.n, p.k, p.padding);
  const auto before = random_operand<T>(random, p.m, p.n, p.padding);
  auto c = before;
  if (p.beta == 0) std::fill(c.data.begin(), c.data.end(), static_cast<T>(kNan));  // must be overwritten, not read
  gemm(p.op_a, p.op_b, p.m, p.n, p.k, static_cast<T>(p.alpha), a.data.data(), a.ld, b.data.data(), b.ld,
       static_cast<T>(p.beta), c.data.data(), c.ld);

  const auto at = [](const Operand<T>& x, std::ptrdiff_t i, std::ptrdiff_t j) {
    return static_cast<long double>(x.data[static_cast<std::size_t>(i * x.ld + j)]);
  };
  for (std::ptrdiff_t i = 0; i < p.m; ++i)
    for (std::ptrdiff_t j = 0; j < p.n; ++j) {
      long double sum = 0, magnitude = 0;
      for (std::ptrdiff_t l = 0; l < p.k; ++l) {
        const auto term =
            (p.op_a == Op::none ? at(a, i, l) : at(a, l, i)) * (p.op_b == Op::none ? at(b, l, j) : at(b, j, l));
        sum += term;
        magnitude += std::abs(term);
      }
      const auto old = p.beta == 0 ? 0.0L : static_cast<long double>(p.beta) * at(before, i, j);
      const auto expected = static_cast<long double>(p.alpha) * sum + old;
      const auto scale = std::abs(static_cast<long double>(p.alpha)) * magnitude + std::abs(old);
      const auto bound = static_cast<long double>(p.k + 3) * std::numeric_limits<T>::epsilon() * scale;
      const auto error = std::abs(at(c, i, j) - expected);
      ASSERT_LE(error, bound) << p << " at " << i << ", " << j << ": " << static_cast<double>(at(c, i, j))
                              << " against " << static_cast<double>(expected);
    }
  for (std::ptrdiff_t i = 0; i < p.m; ++i)
    for (std::ptrdiff_t j = p.n; j < c.ld; ++j) ASSERT_TRUE(std::isnan(at(c, i, j))) << p << ": a gap of C was written";
}

constexpr std::ptrdiff_t kSizes[] = {1, 2, 3, 5, 7, 8, 9, 13, 15, 16, 17, 31, 32, 33, 61, 63, 64, 65, 127};

template <class T>
class Gemm : public ::testing::Test {};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Gemm, Types);

TYPED_TEST(Gemm, EqualsTheDefinitionForRandomShapes) {
  RandomStream random(1, "gemm shapes");
  const auto size = [&] { return kSizes[random.below(std::size(kSizes))]; };
  const double scalars[] = {0, 1, -1, 0.37, -2.5};
  for (int trial = 0; trial < 300; ++trial) {
    const auto op = [&] { return random.below(2) == 0 ? Op::none : Op::transpose; };
    // alpha and beta are rounded to float, so that both types compute with the number that the reference uses.
    const double alpha = static_cast<float>(scalars[random.below(5)]),
                 beta = static_cast<float>(scalars[random.below(5)]);
    const auto padding = static_cast<std::ptrdiff_t>(random.below(2) * (1 + random.below(6)));
    expect_product<TypeParam>({op(), op(), size(), size(), size(), alpha, beta, padding}, random);
    if (this->HasFatalFailure()) return;
  }
}

TYPED_TEST(Gemm, EveryTranspositionAtEveryKernelEdge) {
  RandomStream random(2, "gemm edges");
  for (const auto op_a : {Op::none, Op::transpose})
    for (const auto op_b : {Op::none, Op::transpose})
      for (const std::ptrdiff_t edge : {8, 16, 32, 64})
        for (const std::ptrdiff_t off : {-1, 0, 1}) {
          expect_product<TypeParam>({op_a, op_b, edge + off, edge - off, edge + off, 1, 0, 0}, random);
          expect_product<TypeParam>({op_a, op_b, 1, edge + off, edge, 1, 1, 3}, random);
          expect_product<TypeParam>({op_a, op_b, edge + off, 1, edge, 1, 1, 3}, random);
          expect_product<TypeParam>({op_a, op_b, edge, edge + off, 1, 1, 1, 3}, random);
          if (this->HasFatalFailure()) return;
        }
}

TYPED_TEST(Gemm, BoundHoldsWithTwoThreads) {
  RandomStream random(3, "gemm threads");
  set_blas_threads(2);
  ASSERT_EQ(blas_threads(), 2);
  for (const std::ptrdiff_t size : {1, 63, 150, 257})
    expect_product<TypeParam>({Op::none, Op::transpose, size, size + 3, size, 1, 0.5, 1}, random);
  set_blas_threads(1);
  ASSERT_EQ(blas_threads(), 1);
  expect_product<TypeParam>({Op::none, Op::transpose, 257, 260, 257, 1, 0.5, 1}, random);
}

TYPED_TEST(Gemm, EmptySizes) {
  std::vector<TypeParam> c = {1, 2, 3, 4};
  const std::vector<TypeParam> a = {5}, b = {5};
  gemm<TypeParam>(Op::none, Op::none, 2, 2, 0, 1, a.data(), 0, b.data(), 2, 0.5, c.data(), 2);
  EXPECT_EQ(c, (std::vector<TypeParam>{0.5, 1, 1.5, 2}));  // k = 0 scales C
  gemm<TypeParam>(Op::none, Op::none, 0, 2, 1, 1, a.data(), 1, b.data(), 2, 0, c.data(), 2);
  gemm<TypeParam>(Op::none, Op::none, 2, 0, 1, 1, a.data(), 1, b.data(), 0, 0, c.data(), 0);
  EXPECT_EQ(c, (std::vector<TypeParam>{0.5, 1, 1.5, 2}));
  gemm<TypeParam>(Op::none, Op::none, 2, 2, 0, 1, a.data(), 0, b.data(), 2, 0, c.data(), 2);
  EXPECT_EQ(c, (std::vector<TypeParam>{0, 0, 0, 0}));
}

TYPED_TEST(Gemm, WorkersWithPrivateDataGetTheBitsOfOneAlone) {
  require_thread_safe_blas();
  set_blas_threads(1);
  constexpr std::ptrdiff_t kSize = 48;
  const auto work = [](std::uint64_t worker) {
    RandomStream random(4, "gemm workers", worker);
    const auto a = random_operand<TypeParam>(random, kSize, kSize, 0);
    auto c = random_operand<TypeParam>(random, kSize, kSize, 0);
    auto next = c;
    for (int step = 0; step < 200; ++step) {
      gemm<TypeParam>(Op::none, step % 2 == 0 ? Op::none : Op::transpose, kSize, kSize, kSize, TypeParam(0.1),
                      a.data.data(), a.ld, c.data.data(), c.ld, 0, next.data.data(), next.ld);
      std::swap(c, next);
    }
    return c.data;
  };
  constexpr std::uint64_t kWorkers = 4;
  std::vector<std::vector<TypeParam>> alone(kWorkers), together(kWorkers);
  for (std::uint64_t w = 0; w < kWorkers; ++w) alone[w] = work(w);
  std::vector<std::thread> threads;
  for (std::uint64_t w = 0; w < kWorkers; ++w) threads.emplace_back([&, w] { together[w] = work(w); });
  for (auto& thread : threads) thread.join();
  for (std::uint64_t w = 0; w < kWorkers; ++w) EXPECT_EQ(alone[w], together[w]) << "worker " << w;
}

TEST(GemmDeathTest, ALeadingDimensionBelowTheRowLengthIsOurBug) {
  const std::vector<double> a(16, 1.0);
  std::vector<double> c(16, 0.0);
  const auto multiply = [&](Op op, std::ptrdiff_t lda, std::ptrdiff_t ldb, std::ptrdiff_t ldc) {
    gemm<double>(op, op, 2, 3, 4, 1, a.data(), lda, a.data(), ldb, 0, c.data(), ldc);
  };
  EXPECT_DEATH(multiply(Op::none, 3, 3, 3), "lda");
  EXPECT_DEATH(multiply(Op::none, 4, 2, 3), "ldb");
  EXPECT_DEATH(multiply(Op::none, 4, 3, 2), "ldc");
  EXPECT_DEATH(multiply(Op::transpose, 1, 4, 3), "lda");
  EXPECT_DEATH(multiply(Op::transpose, 2, 3, 3), "ldb");
}

TEST(Blas, SaysWhatItIs) {
  const std::string text = blas_description();
  EXPECT_TRUE(text.starts_with("OpenBLAS ")) << text;
  EXPECT_TRUE(text.find(", pthread, ") != std::string::npos || text.find(", openmp, ") != std::string::npos) << text;
}

}  // namespace
}  // namespace phaselaw::numerics
