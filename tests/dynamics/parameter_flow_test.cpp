// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/parameter_flow.h"

#include <gtest/gtest.h>

#include "dynamics/flow_cases.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/dynamics/function_flow.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::dynamics {
namespace {

using testing::flow_case;
using testing::FlowCase;

ParameterFlowOptions tolerances(double tolerance) {
  ParameterFlowOptions options;
  options.ode.relative_tolerance = options.ode.absolute_tolerance = tolerance;
  return options;
}

ParameterFlowResult run(const FlowCase& c, std::span<const double> times, const ParameterFlowOptions& options,
                        const FlowObserver& observer = {}) {
  const model::Transformer<double> m(c.options);
  return parameter_flow(m, c.theta, c.data(), std::nullopt, times, options, observer);
}

// dLoss/dt = -||grad Loss||^2, integrated by Simpson's rule over s = ln t in 150 panels of width 0.09; the integrand
// t ||grad Loss||^2 moves on the scale 1 in s (decays exp(-rate e^s)), so the rule's error is of the order 0.09^4.
TEST(ParameterFlow, EnergyIdentity) {
  for (const bool tokens : {false, true}) {
    const FlowCase c = flow_case(tokens ? testing::token_options() : testing::small_options(), 3, 1);
    constexpr std::size_t kPanels = 150;
    std::vector<double> times = numerics::log_spaced(1e-6, 1, 2 * kPanels + 1);
    const double width = std::log(times[2] / times[0]);
    const auto flow = run(c, times, tolerances(1e-9));
    ASSERT_EQ(flow.status, numerics::OdeStatus::finished) << flow.reason;
    ASSERT_EQ(flow.records.size(), times.size());
    double dissipated = 0;
    for (std::size_t i = 0; i < times.size(); ++i) {
      const double weight = i == 0 || i + 1 == times.size() ? 1 : i % 2 == 1 ? 4 : 2;
      dissipated += weight * times[i] * std::pow(flow.records[i].gradient_norm, 2) * width / 6;
      if (i > 0) {
        EXPECT_LT(flow.records[i].train_loss, flow.records[i - 1].train_loss);
      }
    }
    const double lost = flow.records.front().train_loss - flow.records.back().train_loss;
    EXPECT_NEAR(dissipated, lost, 1e-4 * lost) << tokens;
    EXPECT_GT(lost, 0.1 * flow.records.front().train_loss);
  }
}

TEST(ParameterFlow, HalvingTheTolerancesReducesTheError) {
  const FlowCase c = flow_case(testing::small_options(), 3, 2);
  const std::vector<double> times{0.2, 0.5};
  // The reference uses another method, of order 4, with a tenth of the steps that FixedStepsConvergeToIt measures.
  ParameterFlowOptions reference;
  reference.fixed.emplace();
  reference.fixed->step = 0.5 / 4000;
  const auto exact = run(c, times, reference);
  std::vector<double> errors;
  for (const double tolerance : {1e-5, 1e-5 / 16, 1e-5 / 256}) {
    auto options = tolerances(tolerance);
    errors.push_back(testing::distance(run(c, times, options).theta, exact.theta) /
                     std::sqrt(static_cast<double>(c.theta.size())));
    EXPECT_LE(errors.back(), 200 * tolerance);
  }
  EXPECT_LE(errors[1], errors[0] / 2);
  EXPECT_LE(errors[2], errors[1] / 2);
}

// Euler with step eta is gradient descent: at t = eta k the flow is within O(eta) of it, and extrapolating two step
// sizes removes that.
TEST(ParameterFlow, IsTheLimitOfGradientDescent) {
  const FlowCase c = flow_case(testing::small_options(), 2, 3);
  const model::Transformer<double> m(c.options);
  FullBatch batch(m, c.data(), c.theta);
  const auto descend = [&](int steps) {
    auto theta = c.theta;
    std::vector<double> gradient(theta.size());
    for (int k = 0; k < steps; ++k) {
      (void)batch.gradient(theta, gradient);
      for (std::size_t i = 0; i < theta.size(); ++i) theta[i] -= 0.5 / steps * gradient[i];
    }
    return theta;
  };
  const std::vector<double> times{0.5};
  const auto flow = run(c, times, tolerances(1e-11));
  const auto coarse = descend(400), fine = descend(800), finest = descend(1600);
  std::vector<double> limit(fine), finer(fine);
  for (std::size_t i = 0; i < limit.size(); ++i) {
    limit[i] = 2 * fine[i] - coarse[i];
    finer[i] = 2 * finest[i] - fine[i];
  }
  const double first = testing::distance(fine, flow.theta), second = testing::distance(limit, flow.theta),
               third = testing::distance(finer, flow.theta);
  EXPECT_LE(second, first / 20);
  EXPECT_NEAR(std::log2(second / third), 2, 0.3);  // what is left is O(eta^2)
}

// f = a b x with a = b at the start: p = a b follows dp/dt = 2 x^2 p (s - p) (n = 1, Loss = (p x - s x)^2, time in
// units where df/dt = -K (f - y)); K = 2 x^2 p.
TEST(ParameterFlow, ToyOfTwoParametersInClosedForm) {
  constexpr double kX = 1.3, kS = 2, kP0 = 0.05;
  const std::vector<double> start{std::sqrt(kP0), std::sqrt(kP0)};
  const auto times = numerics::log_spaced(0.01, 3, 30);
  const numerics::OdeProblem toy{[&](double, std::span<const double> w, std::span<double> d) {
                                   const double residual = kX * (w[0] * w[1] - kS);
                                   d[0] = -residual * kX * w[1];
                                   d[1] = -residual * kX * w[0];
                                 },
                                 start, 0};
  numerics::FixedStepOptions options;
  options.step = 1e-3;
  const auto flow = numerics::integrate_fixed(toy, times, options);
  ASSERT_EQ(flow.status, numerics::OdeStatus::finished) << flow.reason;
  for (std::size_t k = 0; k < times.size(); ++k) {
    const double a = flow.values(static_cast<Eigen::Index>(k), 0), b = flow.values(static_cast<Eigen::Index>(k), 1);
    const double p = kS / (1 + (kS / kP0 - 1) * std::exp(-2 * kX * kX * kS * times[k]));
    EXPECT_NEAR(a * b, p, 1e-10);
    EXPECT_NEAR(kX * kX * (a * a + b * b), 2 * kX * kX * p, 1e-10);
  }
}

// Equal steps of order 4 come to the same flow: halving them divides the distance by 16 within the order's 0.2.
TEST(ParameterFlow, FixedStepsConvergeToIt) {
  const FlowCase c = flow_case(testing::small_options(), 2, 3);
  const std::vector<double> times{0.25, 0.5};
  const auto flow = run(c, times, tolerances(1e-13));
  const auto distance = [&](int steps) {
    ParameterFlowOptions options;
    options.fixed.emplace();
    options.fixed->step = 0.5 / steps;
    const auto fixed = run(c, times, options);
    EXPECT_EQ(fixed.rhs_calls, 4 * steps);
    return testing::distance(fixed.theta, flow.theta);
  };
  EXPECT_NEAR(std::log2(distance(200) / distance(400)), 4, 0.2);
}

TEST(ParameterFlow, RecordsWhatIsAskedFor) {
  auto options = testing::small_options();
  options.init_scale = 0;
  const FlowCase train = flow_case(options, 3, 4), test = flow_case(options, 5, 5);
  const model::Transformer<double> m(options);
  auto wanted = tolerances(1e-8);
  wanted.train_outputs = wanted.test_outputs = true;
  const std::vector<double> times{0, 1, 2};
  std::vector<double> last;
  const auto flow = parameter_flow(m, train.theta, train.data(), test.data(), times, wanted,
                                   [&](const FlowRecord& record, std::span<const double> theta) {
                                     last.assign(theta.begin(), theta.end());
                                     return record.time < 1;
                                   });
  EXPECT_EQ(flow.status, numerics::OdeStatus::stopped);
  ASSERT_EQ(flow.records.size(), 2U);
  EXPECT_EQ(flow.theta, last);
  // The start is zero on both sets, so the loss is that of the targets.
  double y_squared = 0;
  for (const double y : test.targets) y_squared += y * y / 5;
  for (const double f : flow.records[0].test_outputs) EXPECT_EQ(f, 0);
  EXPECT_NEAR(flow.records[0].test_loss, y_squared, 1e-13 * y_squared);
  FullBatch batch(m, test.data(), train.theta);
  // The offset is that of theta_0, not of the last theta.
  EXPECT_EQ(flow.records[1].test_loss, batch.loss(last));
  EXPECT_EQ(flow.records[1].train_outputs.size(), train.targets.size());
  EXPECT_LT(flow.records[1].train_loss, flow.records[0].train_loss);
}

TEST(ParameterFlow, ABudgetLeavesWhatWasIntegrated) {
  const FlowCase c = flow_case(testing::small_options(), 3, 6);
  auto options = tolerances(1e-9);
  options.ode.budget.max_rhs = 200;
  const auto times = numerics::log_spaced(0.01, 1e5, 40);
  const auto flow = run(c, times, options);
  EXPECT_EQ(flow.status, numerics::OdeStatus::budget);
  EXPECT_GE(flow.records.size(), 2U);
  EXPECT_LT(flow.records.size(), times.size());
  EXPECT_GE(flow.time, flow.records.back().time);
  EXPECT_NE(flow.reason.find("200 right-hand sides"), std::string::npos) << flow.reason;
  for (const auto& record : flow.records) EXPECT_TRUE(std::isnan(record.test_loss));
  const model::Transformer<double> m(c.options);
  EXPECT_THROW((void)parameter_flow(m, std::span(c.theta).first(3), c.data(), std::nullopt, times), base::InputError);
}

}  // namespace
}  // namespace phaselaw::dynamics
