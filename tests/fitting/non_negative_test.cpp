// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/non_negative.h"

#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/numerics/random.h"

namespace phaselaw::fitting {
namespace {

// The conditions of Karush, Kuhn and Tucker are sufficient here: the problem is convex.
TEST(NonNegative, SatisfiesTheOptimalityConditions) {
  for (std::uint64_t draw = 0; draw < 200; ++draw) {
    numerics::RandomStream stream(4, "non negative", draw);
    const std::size_t m = 1 + stream.below(6), n = 30;
    std::vector<std::vector<double>> x(n, std::vector<double>(m));
    std::vector<double> y(n);
    NonNegativeProblem problem(m);
    for (std::size_t i = 0; i < n; ++i) {
      for (double& value : x[i]) value = stream.normal();
      y[i] = stream.normal();
      problem.add_row(x[i], y[i]);
    }
    problem.set_free(0, draw % 3 == 0);
    const std::vector<double> c = problem.solve();
    for (std::size_t a = 0; a < m; ++a) {
      double gradient = 0;
      for (std::size_t i = 0; i < n; ++i) {
        double residual = y[i];
        for (std::size_t b = 0; b < m; ++b) residual -= c[b] * x[i][b];
        gradient += residual * x[i][a];
      }
      const bool is_free = a == 0 && draw % 3 == 0;
      if (!is_free) {
        EXPECT_GE(c[a], 0);
      }
      if (is_free || c[a] > 0) {
        EXPECT_NEAR(gradient, 0, 1e-10 * n);
      } else {
        EXPECT_LE(gradient, 1e-10 * n);
      }
    }
  }
}

TEST(NonNegative, ZeroColumnsGetZero) {
  NonNegativeProblem problem(2);
  problem.add_row(std::vector<double>{0, 2}, 6);
  EXPECT_EQ(problem.solve(), (std::vector<double>{0, 3}));
}

}  // namespace
}  // namespace phaselaw::fitting
