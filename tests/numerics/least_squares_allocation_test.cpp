// SPDX-License-Identifier: Apache-2.0
//
// Eigen allocates by malloc, not by operator new, so malloc itself is counted. Sanitizers replace malloc themselves.
#include <cmath>
#include <cstdlib>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/numerics/least_squares_qr.h"

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {
thread_local long mallocs = 0;
}

extern "C" {
void* __libc_malloc(std::size_t size);  // NOLINT(bugprone-reserved-identifier): glibc's own name for its malloc
void* malloc(std::size_t size) {
  ++mallocs;
  return __libc_malloc(size);
}
}

namespace phaselaw::numerics {
namespace {

TEST(LeastSquaresQr, IterationsAllocateNothing) {
  constexpr std::size_t kRows = 200, kParameters = 6;
  LeastSquaresProblem problem;
  problem.n_parameters = kParameters;
  problem.n_residuals = kRows;
  problem.lower.assign(kParameters, -3);
  problem.lower[0] = 0.4;  // holds
  problem.upper.assign(kParameters, 3);
  problem.evaluate = [](std::span<const double> p, std::span<double> r, std::span<double> j) {
    for (std::size_t i = 0; i < kRows; ++i) {
      const double x = static_cast<double>(i) / kRows;
      double value = -0.3 - 2 * x + std::sin(9 * x);
      for (std::size_t k = 0; k < kParameters; ++k) {
        const double term = std::sin(static_cast<double>(k + 1) * x) * std::exp(0.3 * p[k]);
        value += term;
        j[i * kParameters + k] = 0.3 * term;
      }
      r[i] = value;
    }
    return true;
  };
  const LeastSquaresOptions options{.loss = RobustLoss::huber, .delta = 0.1};
  const FoldedResiduals folded(problem, options);
  const long at_first = mallocs;
  QrDescent descent(folded, options);
  ASSERT_GT(mallocs, at_first) << "the counter does not count";
  ASSERT_TRUE(descent.start(std::vector<double>(kParameters, 1.0)));
  const long before = mallocs;
  static_cast<void>(descent.descend());
  EXPECT_EQ(mallocs, before);
  EXPECT_GE(descent.iterations(), 5);
}

}  // namespace
}  // namespace phaselaw::numerics

#endif
