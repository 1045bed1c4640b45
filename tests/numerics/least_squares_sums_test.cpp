// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/least_squares_sums.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/numerics/random.h"

namespace phaselaw::numerics {
namespace {

struct Drawn {
  LeastSquaresProblem problem;
  std::vector<double> residuals, jacobian;
};

Drawn drawn(std::size_t n, std::size_t k) {
  RandomStream stream(4, "least_squares_sums", k);
  Drawn out;
  out.problem.n_residuals = n;
  out.problem.n_parameters = k;
  out.problem.n_plain = 2;
  for (std::size_t i = 0; i < n; ++i) {
    out.residuals.push_back(stream.normal());
    out.problem.weights.push_back(0.5 + stream.uniform());
    for (std::size_t j = 0; j < k; ++j) out.jacobian.push_back(stream.normal());
  }
  // What lies behind the Jacobian may be anything.
  out.jacobian.resize(n * k + ResidualSums::kPadding, std::numeric_limits<double>::quiet_NaN());
  return out;
}

// The sums in plain loops; `magnitude`: of the absolute values, the measure of rounding.
LeastSquaresSums plain_sums(const Drawn& d, const LeastSquaresOptions& options, double linear_part,
                            LeastSquaresSums& magnitude) {
  LeastSquaresSums out;
  const std::size_t n = d.problem.n_residuals, k = d.problem.n_parameters;
  for (std::size_t i = 0; i < n; ++i) {
    const double r = d.residuals[i];
    const RobustLoss loss = i + d.problem.n_plain < n ? options.loss : RobustLoss::none;
    const double w = d.problem.weights[i] * robust_value(r * r, loss, options.delta).derivative;
    const double c = loss != RobustLoss::none && std::abs(r) > options.delta ? linear_part * w : w;
    out.length += w * r * r;
    for (std::size_t a = 0; a < k; ++a) {
      const double x = d.jacobian[i * k + a];
      out.gradient[a] += w * r * x;
      out.scale[a] += w * x * x;
      magnitude.gradient[a] += std::abs(w * r * x);
      for (std::size_t b = 0; b <= a; ++b) {
        out.curvature[a * k + b] += c * x * d.jacobian[i * k + b];
        magnitude.curvature[a * k + b] += std::abs(c * x * d.jacobian[i * k + b]);
      }
    }
  }
  return out;
}

TEST(ResidualSums, AreThoseOfPlainLoops) {
  for (const RobustLoss loss : {RobustLoss::none, RobustLoss::huber, RobustLoss::absolute})
    for (std::size_t k = 1; k <= kMaxSmallParameters; ++k) {
      const std::size_t n = 100;
      const Drawn d = drawn(n, k);
      const LeastSquaresOptions options{.loss = loss, .delta = 0.7};
      LeastSquaresSums magnitude, sums;
      const LeastSquaresSums expected = plain_sums(d, options, 0.1, magnitude);
      std::vector<LeastSquaresSums> chunks;
      ResidualSums(d.problem, options).add(d.residuals, d.jacobian, options.delta, 0.1, chunks, sums);
      const double eps = 2 * static_cast<double>(n) * std::numeric_limits<double>::epsilon();
      EXPECT_NEAR(sums.length, expected.length, eps * expected.length);
      for (std::size_t a = 0; a < k; ++a) {
        EXPECT_NEAR(sums.gradient[a], expected.gradient[a], eps * magnitude.gradient[a]);
        EXPECT_NEAR(sums.scale[a], expected.scale[a], eps * expected.scale[a]);
        for (std::size_t b = 0; b <= a; ++b)
          EXPECT_NEAR(sums.curvature[a * k + b], expected.curvature[a * k + b], eps * magnitude.curvature[a * k + b]);
      }
      double cost = 0;
      for (std::size_t i = 0; i < n; ++i)
        cost += 0.5 * d.problem.weights[i] *
                robust_loss(d.residuals[i], i + d.problem.n_plain < n ? loss : RobustLoss::none, options.delta);
      EXPECT_NEAR(ResidualSums(d.problem, options).cost(d.residuals, options.delta), cost, eps * cost);
    }
}

TEST(ResidualSums, HaveTheSameBitsForAnyNumberOfThreads) {
  Drawn d = drawn(3 * ResidualSums::kChunk + 77, 5);
  const LeastSquaresOptions options{.loss = RobustLoss::huber, .delta = 0.7};
  LeastSquaresSums alone;
  std::vector<LeastSquaresSums> chunks;
  ResidualSums(d.problem, options).add(d.residuals, d.jacobian, 0.7, 0.1, chunks, alone);
  const double cost = ResidualSums(d.problem, options).cost(d.residuals, 0.7);
  for (const int threads : {2, 3}) {
    base::Team team(threads);
    d.problem.team = &team;
    LeastSquaresSums shared;
    ResidualSums(d.problem, options).add(d.residuals, d.jacobian, 0.7, 0.1, chunks, shared);
    EXPECT_EQ(shared.gradient, alone.gradient);
    EXPECT_EQ(shared.curvature, alone.curvature);
    EXPECT_EQ(shared.length, alone.length);
    EXPECT_EQ(ResidualSums(d.problem, options).cost(d.residuals, 0.7), cost);
  }
}

}  // namespace
}  // namespace phaselaw::numerics
