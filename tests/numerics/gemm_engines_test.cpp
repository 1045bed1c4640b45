// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/gemm_engines.h"

#include <omp.h>

#include <cstring>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "tests/numerics/gemm_cases.h"

namespace phaselaw::numerics {
namespace {

class Engine : public ::testing::TestWithParam<GemmEngine> {
 protected:
  void SetUp() override {
    if (!has_engine(GetParam())) GTEST_SKIP() << "not linked, or of no use on this processor";
    set_blas_threads(1);
  }
  static void multiply(Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, float alpha,
                       const float* a, std::ptrdiff_t lda, const float* b, std::ptrdiff_t ldb, float beta, float* c,
                       std::ptrdiff_t ldc) {
    sgemm(GetParam(), op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  }
};

std::ptrdiff_t threads_of_this_process() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

TEST_P(Engine, EqualsTheDefinitionForRandomShapes) {
  RandomStream random(5, "gemm engines");
  for (int trial = 0; trial < 400 && !HasFatalFailure(); ++trial)
    expect_product<float>(random_product(random), random, multiply);
}

// The shapes at which the choice between the engines changes, and an empty sum.
TEST_P(Engine, EqualsTheDefinitionForWideProducts) {
  RandomStream random(6, "gemm engines wide");
  for (const auto op_a : {Op::none, Op::transpose})
    for (const std::ptrdiff_t wide : {511, 512, 1021})
      for (const std::ptrdiff_t narrow : {1, 16, 33})
        for (const std::ptrdiff_t k : {0, 1, 128}) {
          expect_product<float>({op_a, Op::none, wide, narrow, k, 0.5, 1, 2}, random, multiply);
          expect_product<float>({op_a, Op::transpose, narrow, wide, k, 0.5, 0, 0}, random, multiply);
          if (HasFatalFailure()) return;
        }
}

// A resumed run has its buffers elsewhere.
TEST_P(Engine, TheBitsDoNotDependOnWhereTheNumbersLie) {
  RandomStream random(7, "gemm alignment");
  for (const auto op_a : {Op::none, Op::transpose})
    for (const auto op_b : {Op::none, Op::transpose})
      for (const std::ptrdiff_t size : {5, 16, 61, 130}) {
        const auto entries = static_cast<std::size_t>(size * size);
        std::vector<float> a(entries), b(entries), first;
        for (auto& x : a) x = static_cast<float>(random.normal());
        for (auto& x : b) x = static_cast<float>(random.normal());
        for (const std::size_t shift : {0U, 1U, 2U, 3U, 7U, 13U}) {
          std::vector<float> a_at(entries + shift), b_at(entries + 2 * shift), c(entries + 3 * shift);
          std::copy(a.begin(), a.end(), a_at.begin() + static_cast<std::ptrdiff_t>(shift));
          std::copy(b.begin(), b.end(), b_at.begin() + 2 * static_cast<std::ptrdiff_t>(shift));
          multiply(op_a, op_b, size, size, size, 1, a_at.data() + shift, size, b_at.data() + 2 * shift, size, 0,
                   c.data() + 3 * shift, size);
          c.erase(c.begin(), c.begin() + 3 * static_cast<std::ptrdiff_t>(shift));
          if (shift == 0) first = c;
          ASSERT_EQ(0, std::memcmp(first.data(), c.data(), entries * sizeof(float))) << size << " shifted by " << shift;
        }
      }
}

TEST_P(Engine, OneBlasThreadStartsNoOther) {
  const std::ptrdiff_t before = threads_of_this_process();
  std::thread([&] {
    constexpr std::ptrdiff_t kSize = 700;
    const std::vector<float> a(static_cast<std::size_t>(kSize * kSize), 1.0F);
    std::vector<float> c(a.size());
    const int openmp = omp_get_max_threads();
    for (const auto op : {Op::none, Op::transpose})
      multiply(op, op, kSize, kSize, kSize, 1, a.data(), kSize, a.data(), kSize, 0, c.data(), kSize);
    EXPECT_EQ(threads_of_this_process(), before + 1);
    EXPECT_EQ(omp_get_max_threads(), openmp) << "what the caller runs in parallel is the caller's";
  }).join();
}

std::string name_of(const ::testing::TestParamInfo<GemmEngine>& engine) {
  switch (engine.param) {
    case GemmEngine::openblas:
      return "openblas";
    case GemmEngine::onednn:
      return "onednn";
    case GemmEngine::tiles:
      return "tiles";
  }
  return {};
}

INSTANTIATE_TEST_SUITE_P(All, Engine, ::testing::Values(GemmEngine::openblas, GemmEngine::onednn, GemmEngine::tiles),
                         name_of);

TEST(FloatEngine, IsOneThatIsThere) {
  for (const auto op_a : {Op::none, Op::transpose})
    for (const auto op_b : {Op::none, Op::transpose})
      for (const std::ptrdiff_t size : {1, 64, 128, 512})
        EXPECT_TRUE(has_engine(float_engine(op_a, op_b, size, size, size, size, size))) << size;
}

}  // namespace
}  // namespace phaselaw::numerics
