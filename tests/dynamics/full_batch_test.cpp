// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/full_batch.h"

#include <gtest/gtest.h>

#include "count_allocations.h"
#include "dynamics/flow_cases.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::dynamics {
namespace {

using testing::flow_case;
using testing::FlowCase;

// Twelve times 7 tokens: several passes and groups.
FlowCase large_case(bool tokens) {
  auto options = tokens ? testing::token_options() : testing::small_options();
  options.seq_len = 7;
  options.init_scale = 0.4;
  options.output_scale = 1.7;
  return flow_case(options, 40, 3);
}

TEST(FullBatch, GradientIsTheDerivativeOfTheLoss) {
  for (const bool tokens : {false, true}) {
    const FlowCase c = large_case(tokens);
    const model::Transformer<double> m(c.options);
    FullBatch batch(m, c.data(), c.theta);
    const auto parameters = static_cast<std::size_t>(batch.parameters());
    numerics::RandomStream stream(5, "test/direction");
    std::vector<double> theta = c.theta, gradient(parameters), direction(parameters), plus, minus;
    for (double& t : theta) t += 0.1 * stream.normal();
    for (double& v : direction) v = stream.normal();
    constexpr double kStep = 1e-5;
    plus = minus = theta;
    double slope = 0;
    const double loss = batch.gradient(theta, gradient);
    for (std::size_t i = 0; i < parameters; ++i) {
      plus[i] += kStep * direction[i];
      minus[i] -= kStep * direction[i];
      slope += gradient[i] * direction[i];
    }
    // Central differences: h^2 times a third derivative, and rounding eps loss / h.
    const double difference = (batch.loss(plus) - batch.loss(minus)) / (2 * kStep);
    EXPECT_NEAR(slope, difference, 1e-7 * (std::abs(slope) + loss)) << tokens;
    EXPECT_NEAR(batch.loss(theta), loss, 1e-14 * loss);
  }
}

TEST(FullBatch, LossIsItsDefinition) {
  FlowCase c = large_case(false);
  const model::Transformer<double> m(c.options);
  FullBatch batch(m, c.data(), c.theta);
  auto theta = c.theta;
  for (double& t : theta) t *= 1.1;
  const auto g = testing::outputs_of(c, theta), g_0 = testing::outputs_of(c, c.theta);
  std::vector<double> f(g.size());
  double sum = 0;
  const double loss = batch.loss(theta, f);
  for (std::size_t i = 0; i < g.size(); ++i) {
    EXPECT_NEAR(f[i], g[i] - (1 - 0.4) * g_0[i], 1e-13 * (std::abs(g[i]) + std::abs(g_0[i]) + 1));
    sum += std::pow(f[i] - c.targets[i], 2);
  }
  EXPECT_NEAR(loss, sum / 40, 1e-12 * loss);
}

TEST(FullBatch, ThreadsDoNotChangeTheResult) {
  for (const bool tokens : {false, true}) {
    const FlowCase c = large_case(tokens);
    const model::Transformer<double> m(c.options);
    std::vector<double> one(c.theta.size()), four = one;
    FullBatch a(m, c.data(), c.theta, 1), b(m, c.data(), c.theta, 4);
    const double loss = a.gradient(c.theta, one);
    EXPECT_EQ(loss, b.gradient(c.theta, four));
    EXPECT_EQ(one, four);
    EXPECT_EQ(a.loss(c.theta), b.loss(c.theta));
  }
}

TEST(FullBatch, GradientAtAndTangentAreTheKernel) {
  const FlowCase c = large_case(false);
  const model::Transformer<double> m(c.options);
  FullBatch batch(m, c.data(), c.theta, 0, true);
  const auto rows = static_cast<std::size_t>(batch.rows());
  std::vector<double> f(rows), residual(rows), velocity(c.theta.size()), change(rows);
  numerics::RandomStream stream(6, "test/f");
  for (double& v : f) v = stream.normal();
  const double loss = batch.gradient_at(c.theta, f, velocity);
  EXPECT_NEAR(loss, batch.loss_at(f, residual), 1e-13 * loss);
  batch.tangent(c.theta, velocity, change);
  const auto h = testing::kernel_of(c, c.theta);
  const numerics::Vector<double> expected =
      h * Eigen::Map<const numerics::Vector<double>>(residual.data(), static_cast<Eigen::Index>(rows));
  for (std::size_t i = 0; i < rows; ++i)
    EXPECT_NEAR(change[i], expected[static_cast<Eigen::Index>(i)], 1e-12 * expected.norm());
}

TEST(FullBatch, CallsAllocateNothing) {
  for (const bool tokens : {false, true}) {
    const FlowCase c = large_case(tokens);
    const model::Transformer<double> m(c.options);
    FullBatch batch(m, c.data(), c.theta, 2, true);
    std::vector<double> gradient(c.theta.size()), f(static_cast<std::size_t>(batch.rows()));
    const auto call = [&] {
      (void)batch.loss(c.theta, f);
      (void)batch.gradient(c.theta, gradient);
      (void)batch.gradient_at(c.theta, f, gradient);
      batch.tangent(c.theta, gradient, f);
    };
    call();
    const long before = allocations.load();
    ASSERT_GT(before, 0) << "the counter does not count";
    for (int i = 0; i < 5; ++i) call();
    EXPECT_EQ(allocations.load(), before);
  }
}

TEST(FullBatch, BadDataIsNamed) {
  FlowCase c = large_case(false);
  const auto expect = [](const FlowData& data, const model::ModelOptions& options, const char* words) {
    try {
      validate(data, options, "training data");
      FAIL() << words;
    } catch (const base::InputError& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
      EXPECT_EQ(std::string(error.what()).find("training data"), 0U) << error.what();
    }
  };
  EXPECT_NO_THROW(validate(c.data(), c.options, "training data"));
  expect({c.inputs(), {}, {}}, c.options, "both or neither");
  expect({c.inputs(), std::span(c.targets).first(7), {}}, c.options, "found 7");
  expect({{}, c.targets, {}}, c.options, "at least one sequence");
  c.targets[3] = std::nan("");
  expect(c.data(), c.options, "position 3");
  FlowCase t = large_case(true);
  t.next_tokens[2] = 5;
  expect(t.data(), t.options, "0 .. 4, found 5 at position 2");
}

}  // namespace
}  // namespace phaselaw::dynamics
