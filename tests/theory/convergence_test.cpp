// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/convergence.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/base/constants.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/theory/good_class.h"

namespace phaselaw::theory {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

ConvergenceNumbers numbers() {
  return {.n_layers = 4,
          .n_data = 60,
          .log_branch_scale = std::log(0.3),
          .lambda_min = 0.2,
          .failure_prob = 0.1,
          .trajectory_constant = 5,
          .perturbation_constant = 3};
}

TEST(Convergence, RateIsItsFormula) {
  EXPECT_NEAR(rate(numbers()), 2 * 4 * 0.09 * 0.2 / 60, 64 * kEps);
  EXPECT_NEAR(std::exp(log_rate(numbers())), rate(numbers()), 64 * kEps);
}

// The lemma's hypothesis at its edge, integrated: N diagonal kernels, each with smallest eigenvalue omega^2 lambda/2
// and random others above, df/dt = -(2/n) H (f - y) exactly. The loss stays below the bound, and meets it where only
// the slowest direction is present.
TEST(Convergence, GradientFlowObeysTheBoundAndTheSlowestDirectionMeetsIt) {
  const auto c = numbers();
  const double weakest = 4 * 0.09 * 0.2 / 2;  // of the sum over layers
  numerics::RandomStream stream(1, "test/convergence");
  std::vector<double> eigenvalues = {weakest}, residual = {1.0};
  for (int i = 0; i < 50; ++i) {
    eigenvalues.push_back(weakest * (1 + 10 * stream.uniform()));
    residual.push_back(stream.normal());
  }
  const auto loss = [&](double t, std::size_t used) {
    double sum = 0;
    for (std::size_t i = 0; i < used; ++i)
      sum += std::pow(residual[i] * std::exp(-2 * eigenvalues[i] * t / c.n_data), 2);
    return sum / c.n_data;
  };
  for (const double t : {0.0, 10.0, 1e3, 1e4}) {
    EXPECT_LE(loss(t, eigenvalues.size()),
              loss_bound(loss(0, eigenvalues.size()), rate(c), t) * (1 + 64 * kEps * (1 + rate(c) * t)));
    EXPECT_NEAR(loss(t, 1) / loss_bound(loss(0, 1), rate(c), t), 1, 64 * kEps * (1 + rate(c) * t));
  }
}

TEST(Convergence, DepthSumIsTheSumOverLayers) {
  for (const double c : {-0.5, -1e-9, 0.0, 1e-12, 1e-3, 0.2, 2.0})
    for (const int n_layers : {1, 2, 7, 40}) {
      double sum = 0;
      for (int nu = 1; nu <= n_layers; ++nu) sum += std::pow(1 + c, 2 * (n_layers - nu));
      EXPECT_NEAR(log_depth_sum(n_layers, c), std::log(sum), 256 * kEps * (1 + std::log(sum))) << c << " " << n_layers;
    }
  EXPECT_NEAR(log_depth_sum(1e6, 1), 2e6 * std::numbers::ln2 - std::log(3.0), 1e-8);  // no overflow
  EXPECT_NEAR(log_rate_with_growth(numbers(), 0.5) - log_rate(numbers()), log_depth_sum(4, 0.5) - std::log(4),
              64 * kEps * 10);
}

TEST(Convergence, RadiiAreTheirFormulas) {
  EXPECT_NEAR(std::exp(log_trajectory_radius(numbers(), std::log(1000))), 5 / (4 * 0.3 * 0.2 * std::sqrt(0.1 * 1000)),
              1e-13);
  EXPECT_NEAR(std::exp(log_radius_max(numbers())), 0.09 * 0.04 * 0.1 / (4 * 9), 1e-17);
  EXPECT_NEAR(kernel_drift_bound(numbers(), 0.02), 3 * 0.3 * std::sqrt(0.2), 1e-14);
}

// R_max is where the perturbation takes half of the smallest eigenvalue omega^2 lambda.
TEST(Convergence, AtTheLargestRadiusHalfTheEigenvalueIsLeft) {
  const auto c = numbers();
  EXPECT_NEAR(kernel_drift_bound(c, std::exp(log_radius_max(c))), 0.09 * 0.2 / 2, 64 * kEps);
}

// The width that makes R_traj = R_max is Definition 5.2's in N, omega, lambda and delta: their ratio depends on none.
TEST(Convergence, StabilityGivesTheWidthOfDefinition52) {
  numerics::RandomStream stream(2, "test/convergence");
  double first = 0;
  for (int trial = 0; trial < 100; ++trial) {
    ConvergenceNumbers c = numbers();
    c.n_layers = 1 + static_cast<double>(stream.below(100));
    c.log_branch_scale = 5 * stream.normal();
    c.lambda_min = std::exp(3 * stream.normal());
    c.failure_prob = stream.uniform();
    const double log_width = log_d_hidden_for_stability(c);
    EXPECT_NEAR(log_trajectory_radius(c, log_width), log_radius_max(c), 1e-12);
    const double definition = std::numbers::ln10 * log10_d_hidden_min({.n_data = c.n_data,
                                                                       .n_layers = c.n_layers,
                                                                       .log_branch_scale = c.log_branch_scale,
                                                                       .lambda_min = c.lambda_min,
                                                                       .failure_prob = c.failure_prob});
    if (trial == 0) first = log_width - definition;
    EXPECT_NEAR(log_width - definition, first, 1e-11);
    EXPECT_GT(log_trajectory_radius(c, log_width - 0.1), log_radius_max(c));
    EXPECT_LT(log_trajectory_radius(c, log_width + 0.1), log_radius_max(c));
  }
}

// R_traj with A = 2 G sqrt(n E0) bounds the path integral of the gradient: int (2/n)(omega G/sqrt m) ||r(t)|| dt at
// Loss(t) = exp(-alpha t) E0/delta. Here by quadrature.
TEST(Convergence, TrajectoryRadiusIsThePathLength) {
  ConvergenceNumbers c = numbers();
  const double gradient_bound = 1.7, initial = 0.8, m = 500;
  c.trajectory_constant = trajectory_constant(gradient_bound, c.n_data, initial);
  const double alpha = rate(c), end = 80 / alpha;
  constexpr int kSteps = 20000;
  double length = 0;
  for (int i = 0; i < kSteps; ++i) {  // midpoints: relative error (alpha h/2)^2/24 < 2e-7, and a tail of e^-40
    const double t = (i + 0.5) * end / kSteps;
    const double residual = std::sqrt(c.n_data * loss_bound(initial / c.failure_prob, alpha, t));
    length += 2 / c.n_data * 0.3 * gradient_bound / std::sqrt(m) * residual * end / kSteps;
  }
  EXPECT_NEAR(length / std::exp(log_trajectory_radius(c, std::log(m))), 1, 1e-6);
}

TEST(Convergence, InstabilitiesAreSeen) {
  using enum Instability;
  EXPECT_TRUE(instabilities({}).empty());
  EXPECT_TRUE(
      instabilities(
          {.radius = 1, .radius_max = 1, .kernel_drift = 1, .kernel_lambda_min = 2, .loss = 2, .initial_loss = 1})
          .empty());
  EXPECT_EQ(instabilities({.radius = 1.01, .radius_max = 1}), std::vector{weights_left_the_ball});
  EXPECT_EQ(instabilities({.kernel_drift = 1.01, .kernel_lambda_min = 2}), std::vector{kernel_drifted});
  EXPECT_EQ(instabilities({.loss = 2.01, .initial_loss = 1}), std::vector{loss_diverged});
  EXPECT_EQ(instabilities({.loss = base::kNaN}), std::vector{loss_diverged});
  EXPECT_EQ(
      instabilities({.radius = 2, .radius_max = 1, .kernel_drift = 3, .kernel_lambda_min = 2, .loss = INFINITY}).size(),
      3U);
  EXPECT_THROW((void)instabilities({.radius = base::kNaN, .radius_max = 1}), std::domain_error);
  EXPECT_THROW((void)instabilities({.divergence = 1}), std::domain_error);
  for (const auto sign : {weights_left_the_ball, kernel_drifted, loss_diverged}) EXPECT_NE(base::enum_name(sign), "?");
}

TEST(Convergence, DomainErrors) {
  for (const double bad : {0.0, -1.0, base::kNaN, double{INFINITY}}) {
    ConvergenceNumbers c = numbers();
    c.lambda_min = bad;
    EXPECT_THROW((void)rate(c), std::domain_error);
    c = numbers();
    c.trajectory_constant = bad;
    EXPECT_THROW((void)log_trajectory_radius(c, 1), std::domain_error);
    EXPECT_THROW((void)log_depth_sum(bad, 0), std::domain_error);
    EXPECT_THROW((void)trajectory_constant(1, bad, 1), std::domain_error);
  }
  EXPECT_THROW((void)log_depth_sum(2, -1), std::domain_error);
  EXPECT_THROW((void)loss_bound(1, -1, 1), std::domain_error);
  EXPECT_THROW((void)kernel_drift_bound(numbers(), base::kNaN), std::domain_error);
  EXPECT_EQ(loss_bound(3, 0.5, 0), 3);
}

}  // namespace
}  // namespace phaselaw::theory
