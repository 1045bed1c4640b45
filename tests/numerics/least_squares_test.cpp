// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/least_squares.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::numerics {
namespace {

// Rosenbrock's valley as two residuals: minimum 0 at (1, 1).
LeastSquaresProblem rosenbrock() {
  LeastSquaresProblem problem;
  problem.n_parameters = problem.n_residuals = 2;
  problem.evaluate = [](std::span<const double> p, std::span<double> r, std::span<double> j) {
    r[0] = 10 * (p[1] - p[0] * p[0]);
    r[1] = 1 - p[0];
    if (!j.empty()) {
      const double rows[] = {-20 * p[0], 10, -1, 0};
      std::copy(std::begin(rows), std::end(rows), j.begin());
    }
    return true;
  };
  return problem;
}

// r_i = p0 exp(-p1 x_i) - y_i.
LeastSquaresProblem decay(const std::vector<double>& x, const std::vector<double>& y) {
  LeastSquaresProblem problem;
  problem.n_parameters = 2;
  problem.n_residuals = x.size();
  problem.evaluate = [x, y](std::span<const double> p, std::span<double> r, std::span<double> j) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double e = std::exp(-p[1] * x[i]);
      r[i] = p[0] * e - y[i];
      if (!j.empty()) {
        j[2 * i] = e;
        j[2 * i + 1] = -p[0] * x[i] * e;
      }
    }
    return true;
  };
  return problem;
}

// r_i = p0 - y_i.
LeastSquaresProblem constant(const std::vector<double>& y) {
  LeastSquaresProblem problem;
  problem.n_parameters = 1;
  problem.n_residuals = y.size();
  problem.evaluate = [y](std::span<const double> p, std::span<double> r, std::span<double> j) {
    for (std::size_t i = 0; i < y.size(); ++i) r[i] = p[0] - y[i];
    std::fill(j.begin(), j.end(), 1.0);
    return true;
  };
  return problem;
}

LeastSquaresProblem noisy_decay() {
  RandomStream stream(3, "least_squares_test");
  std::vector<double> x, y;
  for (int i = 0; i < 50; ++i) {
    x.push_back(0.1 * i);
    y.push_back(2 * std::exp(-0.7 * x.back()) + 0.05 * stream.normal() + (i % 10 == 0 ? 0.5 : 0));
  }
  return decay(x, y);
}

using Solver = LeastSquaresResult (*)(const LeastSquaresProblem&, std::span<const double>, const LeastSquaresOptions&);
LeastSquaresResult small(const LeastSquaresProblem& problem, std::span<const double> start,
                         const LeastSquaresOptions& options) {
  LeastSquaresWorkspace workspace;
  return minimise_small(problem, start, options, workspace);
}

class LeastSquares : public testing::TestWithParam<Solver> {
 protected:
  static LeastSquaresResult solve(const LeastSquaresProblem& problem, std::vector<double> start,
                                  const LeastSquaresOptions& options = {}) {
    return GetParam()(problem, start, options);
  }
};
INSTANTIATE_TEST_SUITE_P(Solvers, LeastSquares, testing::Values(&minimise, &small),
                         [](const auto& parameter) { return parameter.index == 0 ? "qr" : "small"; });

TEST_P(LeastSquares, FindsTheKnownMinimum) {
  const LeastSquaresResult result = solve(rosenbrock(), {-1.2, 1});
  EXPECT_EQ(result.status, LeastSquaresStatus::converged);
  EXPECT_NEAR(result.parameters[0], 1, 1e-7);
  EXPECT_NEAR(result.parameters[1], 1, 1e-7);
  EXPECT_LT(result.cost, 1e-14);
}

// A solver that stops when F changes by the relative function tolerance t leaves p within sqrt(2 t F / F''); 10 is the
// share of a step that its damping may hold back.
double stopping_error(double cost, double curvature) { return 10 * std::sqrt(2 * 1e-14 * cost / curvature); }

TEST_P(LeastSquares, HuberBetweenMeanAndMedian) {
  const std::vector<double> y = {1, 2, 3, 4, 100};
  EXPECT_NEAR(solve(constant(y), {50}).parameters[0], mean(y), stopping_error(3805, 5));
  const LeastSquaresOptions narrow{.loss = RobustLoss::huber, .delta = 1e-3};
  EXPECT_NEAR(solve(constant(y), {50}, narrow).parameters[0], median(y), 1e-3);
  // delta = 2, another outlier: at p = 3 + h, 0 < h < 1, psi sums to 2 + (1 + h) + h + (h - 1) - 2 - 2 = 0.
  const LeastSquaresOptions wide{.loss = RobustLoss::huber, .delta = 2};
  const LeastSquaresResult result = solve(constant({1, 2, 3, 4, 100, 101}), {50}, wide);
  EXPECT_NEAR(result.parameters[0], 3 + 2.0 / 3, stopping_error(result.cost, 3));
}

TEST_P(LeastSquares, WeightsRepeatRows) {
  LeastSquaresProblem weighted = constant({1, 2, 6});
  weighted.weights = {3, 0, 1};
  const LeastSquaresResult result = solve(weighted, {0});
  EXPECT_NEAR(result.parameters[0], mean(std::vector<double>{1, 1, 1, 6}), stopping_error(result.cost, 4));
  const LeastSquaresOptions huber{.loss = RobustLoss::huber, .delta = 0.5};
  const LeastSquaresResult repeated = solve(constant({1, 1, 1, 6}), {0}, huber);
  EXPECT_NEAR(solve(weighted, {0}, huber).parameters[0], repeated.parameters[0], 2 * stopping_error(repeated.cost, 3));
}

// Huber's loss for y with a plain square of weight w that pulls towards 10: the linear parts add +-delta each.
TEST_P(LeastSquares, ThePlainResidualsAtTheEndStaySquares) {
  const double delta = 0.5, w = 0.2;
  LeastSquaresProblem problem = constant({1, 2, 3, 10});
  problem.weights = {1, 1, 1, w};
  problem.n_plain = 1;
  const LeastSquaresOptions options{.loss = RobustLoss::huber, .delta = delta};
  const LeastSquaresResult result = solve(problem, {9}, options);
  // Between 2.5 and 3.5 the gradient is 2 delta + (p - 3) + w (p - 10).
  const double expected = (3 + 10 * w - 2 * delta) / (1 + w);
  EXPECT_NEAR(result.parameters[0], expected, stopping_error(result.cost, 1 + w));
  double cost = 0.5 * w * (expected - 10) * (expected - 10);
  for (const double y : {1, 2, 3}) cost += 0.5 * robust_loss(expected - y, RobustLoss::huber, delta);
  EXPECT_NEAR(result.cost, cost, 1e-13 * cost);
  // All residuals plain: least squares.
  problem.n_plain = 4;
  EXPECT_NEAR(solve(problem, {9}, options).parameters[0], (6 + 10 * w) / (3 + w), stopping_error(30, 3 + w));
}

TEST_P(LeastSquares, StopsAtABound) {
  LeastSquaresProblem problem = noisy_decay();
  problem.lower = {0, 0.9};
  problem.upper = {10, 5};
  const LeastSquaresResult result = solve(problem, {1, 2});
  EXPECT_EQ(result.status, LeastSquaresStatus::converged);
  EXPECT_NEAR(result.parameters[1], 0.9, 1e-9);
  EXPECT_LT(result.gradient_norm, 1e-6);  // of the free coordinate alone
  for (const double p1 : {0.91, 1.0}) {
    problem.lower[1] = problem.upper[1] = p1;
    EXPECT_GT(small(problem, std::vector<double>{1, p1}, {}).cost, result.cost);
  }
}

TEST_P(LeastSquares, TheScaledGradientIsTheGradient) {
  const LeastSquaresProblem problem = noisy_decay();
  for (const RobustLoss loss : {RobustLoss::none, RobustLoss::huber}) {
    const LeastSquaresOptions options{.loss = loss, .delta = 0.02};
    const LeastSquaresResult result = solve(problem, {1, 1}, options);
    EXPECT_LT(result.gradient_norm, 1e-6);
    const auto cost = [&](double p0, double p1) {
      std::vector<double> r(problem.n_residuals);
      const std::vector<double> p = {p0, p1};
      EXPECT_TRUE(problem.evaluate(p, r, {}));
      double total = 0;
      for (const double x : r) total += 0.5 * robust_loss(x, loss, options.delta);
      return total;
    };
    const double p0 = result.parameters[0], p1 = result.parameters[1], h = 1e-3;
    EXPECT_NEAR(cost(p0, p1), result.cost, 1e-13 * result.cost + 1e-15);
    for (const auto& [d0, d1] : {std::pair{h, 0.0}, {-h, 0.0}, {0.0, h}, {0.0, -h}, {h, h}, {-h, h}})
      EXPECT_GT(cost(p0 + d0, p1 + d1), result.cost);
  }
}

TEST_P(LeastSquares, OutOfIterationsIsAStatus) {
  EXPECT_EQ(solve(rosenbrock(), {-1.2, 1}, {.max_iterations = 2}).status, LeastSquaresStatus::max_iterations);
}

TEST_P(LeastSquares, UndefinedAtTheStartIsAStatus) {
  LeastSquaresProblem problem = rosenbrock();
  problem.evaluate = [](std::span<const double>, std::span<double>, std::span<double>) { return false; };
  const LeastSquaresResult result = solve(problem, {3, 4});
  EXPECT_EQ(result.status, LeastSquaresStatus::failed);
  EXPECT_EQ(result.parameters, (std::vector<double>{3, 4}));
}

TEST_P(LeastSquares, IsDeterministic) {
  const LeastSquaresOptions huber{.loss = RobustLoss::huber, .delta = 1e-3};
  EXPECT_EQ(solve(noisy_decay(), {1, 1}, huber).parameters, solve(noisy_decay(), {1, 1}, huber).parameters);
}

TEST(LeastSquaresSolvers, AgreeWithEachOther) {
  for (const RobustLoss loss : {RobustLoss::none, RobustLoss::huber})
    for (const double delta : {1e-3, 0.05}) {
      const LeastSquaresOptions options{.loss = loss, .delta = delta, .max_iterations = 2000};
      const std::vector<double> start = {1, 1};
      const LeastSquaresResult qr = minimise(noisy_decay(), start, options);
      const LeastSquaresResult own = small(noisy_decay(), start, options);
      EXPECT_NEAR(own.cost / qr.cost, 1, 1e-9);
      for (std::size_t j = 0; j < 2; ++j) EXPECT_NEAR(own.parameters[j], qr.parameters[j], 1e-5);
    }
}

// A warm start may stop when F is known to the tolerance, and its first damping decides how many steps that takes. The
// decrease that a Gauss-Newton step promises is exact for small residuals, so a factor 2 is room enough.
TEST(LeastSquaresSmall, AToleranceOfTheDecreaseEndsAWarmRefitEarly) {
  const std::vector<double> start = {1, 1};
  for (const RobustLoss loss : {RobustLoss::none, RobustLoss::huber}) {
    const LeastSquaresOptions exact{.loss = loss, .delta = 0.1, .from_afar = false};
    const LeastSquaresResult best = small(noisy_decay(), start, exact);
    LeastSquaresOptions loose = exact;
    loose.decrease_tolerance = 1e-4 * best.cost;
    loose.first_damping = 1e-9;
    const std::vector<double> near = {best.parameters[0] * 1.1, best.parameters[1] * 0.9};
    const LeastSquaresResult early = small(noisy_decay(), near, loose);
    EXPECT_EQ(early.status, LeastSquaresStatus::converged);
    EXPECT_LT(early.iterations, small(noisy_decay(), near, exact).iterations);
    EXPECT_LE(early.iterations, 5);
    EXPECT_GE(early.cost, best.cost);
    EXPECT_LE(early.cost, best.cost + 2 * loose.decrease_tolerance);
  }
}

TEST(LeastSquaresCondition, OfAKnownJacobian) {
  LeastSquaresProblem problem;
  problem.n_parameters = problem.n_residuals = 2;
  const double angle = 0.01;  // unit columns at this angle: singular values sqrt(1 +- cos)
  problem.evaluate = [angle](std::span<const double> p, std::span<double> r, std::span<double> j) {
    r[0] = p[0] + 1e3 * std::cos(angle) * p[1] - 1;
    r[1] = 1e3 * std::sin(angle) * p[1];
    if (!j.empty()) {
      const double rows[] = {1, 1e3 * std::cos(angle), 0, 1e3 * std::sin(angle)};
      std::copy(std::begin(rows), std::end(rows), j.begin());
    }
    return true;
  };
  const LeastSquaresResult result = minimise(problem, std::vector<double>{0, 0});
  EXPECT_NEAR(result.jacobian_condition, 1 / std::tan(angle / 2), 1e-6 * 200);
}

TEST(RobustLosses, DerivativesByFiniteDifferences) {
  for (const RobustLoss loss : {RobustLoss::none, RobustLoss::huber})
    for (const double s : {1e-4, 0.2, 0.24, 0.26, 3.0, 1e4}) {
      const double h = 1e-5 * s, delta = 0.5;
      const double slope = (robust_value(s + h, loss, delta).value - robust_value(s - h, loss, delta).value) / (2 * h);
      EXPECT_NEAR(robust_value(s, loss, delta).derivative, slope, 1e-8) << s;
    }
  EXPECT_EQ(robust_loss(0.3, RobustLoss::huber, 0.5), 0.09);
  EXPECT_NEAR(robust_loss(2, RobustLoss::huber, 0.5), 1.75, 1e-15);
}

}  // namespace
}  // namespace phaselaw::numerics
