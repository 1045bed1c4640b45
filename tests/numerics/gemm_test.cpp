// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/gemm.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include <pthread.h>

#include <gtest/gtest.h>

#include "phaselaw/base/interrupt.h"
#include "tests/numerics/gemm_cases.h"

namespace phaselaw::numerics {
namespace {

template <class T>
void expect_product(const Product& p, RandomStream& random) {
  expect_product<T>(p, random, gemm<T>);
}

template <class T>
class Gemm : public ::testing::Test {};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Gemm, Types);

TYPED_TEST(Gemm, EqualsTheDefinitionForRandomShapes) {
  RandomStream random(1, "gemm shapes");
  for (int trial = 0; trial < 300 && !this->HasFatalFailure(); ++trial)
    expect_product<TypeParam>(random_product(random), random);
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

// Ctrl-C while a product is under way: its numbers and the heap stay as they are (base/interrupt.cpp).
TEST(GemmUnderSignals, NothingIsOverwritten) {
  const base::CatchInterrupt caught;
  const auto main_thread = ::pthread_self();
  std::atomic<bool> done = false;
  std::thread sender([&] {
    while (!done) {
      ::pthread_kill(main_thread, SIGINT);
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  });
  bool same = true;
  const auto multiply = [&](Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k) {
    const std::vector<float> a(m * k, 1.0F), b(k * n, 1.0F);
    std::vector<float> c(m * n, -1.0F);
    gemm<float>(op_a, op_b, m, n, k, 1, a.data(), op_a == Op::none ? k : m, b.data(), op_b == Op::none ? n : k, 0,
                c.data(), n);
    same = same && std::all_of(c.begin(), c.end(), [&](float x) { return x == static_cast<float>(k); });
  };
  for (int trial = 0; trial < 1500; ++trial)
    for (const Op op_a : {Op::none, Op::transpose})
      for (const Op op_b : {Op::none, Op::transpose}) {
        multiply(op_a, op_b, 16, 512, 16);
        multiply(op_a, op_b, 512, 16, 128);
        multiply(op_a, op_b, 33, 17, 65);
        multiply(op_a, op_b, 16, 16, 512);
      }
  done = true;
  sender.join();
  EXPECT_TRUE(same);
  EXPECT_TRUE(base::interrupted());
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
