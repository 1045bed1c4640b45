// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/function_flow.h"

#include <gtest/gtest.h>
#include <Eigen/Eigenvalues>

#include "dynamics/flow_cases.h"
#include "phaselaw/dynamics/parameter_flow.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::dynamics {
namespace {

using testing::flow_case;
using testing::FlowCase;
using Vector = numerics::Vector<double>;

Vector vector_of(const std::vector<double>& v) {
  return Eigen::Map<const Vector>(v.data(), static_cast<Eigen::Index>(v.size()));
}

// f(t) = y + exp(-2 H t/n)(f_0 - y) by eigendecomposition, against the integrator.
TEST(HeldKernelFlow, AgreesWithTheEigendecomposition) {
  const FlowCase c = flow_case(testing::small_options(), 4, 1);
  const auto h = testing::kernel_of(c, c.theta);
  const auto f_0 = testing::outputs_of(c, c.theta);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(h);
  const auto times = numerics::log_spaced(1e-3, 100 / eigen.eigenvalues().maxCoeff(), 25);
  numerics::OdeOptions options;
  options.relative_tolerance = options.absolute_tolerance = 1e-12;
  const auto flow = held_kernel_flow(kernel::symmetric_operator(h), f_0, c.targets, c.n, times, options);
  ASSERT_EQ(flow.status, numerics::OdeStatus::finished) << flow.reason;
  const Vector r_0 = vector_of(f_0) - vector_of(c.targets);
  for (std::size_t k = 0; k < times.size(); ++k) {
    const Vector decay = (-2 * times[k] / static_cast<double>(c.n) * eigen.eigenvalues()).array().exp();
    const Vector f =
        vector_of(c.targets) + eigen.eigenvectors() * (decay.asDiagonal() * (eigen.eigenvectors().transpose() * r_0));
    EXPECT_LE((flow.values.row(static_cast<Eigen::Index>(k)).transpose() - f).norm(), 1e-9 * r_0.norm());
  }
}

TEST(HeldKernelFlow, CrossEntropy) {
  const FlowCase c = flow_case(testing::token_options(), 3, 2);
  const auto h = testing::kernel_of(c, c.theta);
  const auto f_0 = testing::outputs_of(c, c.theta);
  const model::Transformer<double> m(c.options);
  FullBatch batch(m, c.data(), c.theta);
  numerics::OdeOptions options;
  options.relative_tolerance = options.absolute_tolerance = 1e-11;
  // First step by hand: df/dt at 0 is -H (softmax - e_y)/(n L).
  constexpr double kShort = 1e-5;
  const std::vector<double> times{kShort, 5, 50};
  const auto flow = held_kernel_cross_entropy_flow(kernel::symmetric_operator(h), f_0, c.next_tokens, times, options);
  ASSERT_EQ(flow.status, numerics::OdeStatus::finished) << flow.reason;
  Vector residual(h.rows());
  for (Eigen::Index token = 0; token < 9; ++token) {
    double sum = 0;
    for (Eigen::Index k = 0; k < 5; ++k) sum += std::exp(f_0[static_cast<std::size_t>(5 * token + k)]);
    for (Eigen::Index k = 0; k < 5; ++k)
      residual[5 * token + k] = (std::exp(f_0[static_cast<std::size_t>(5 * token + k)]) / sum -
                                 (c.next_tokens[static_cast<std::size_t>(token)] == k ? 1 : 0)) /
                                9;
  }
  const Vector change = (flow.values.row(0).transpose() - vector_of(f_0)) / kShort;
  EXPECT_LE((change + h * residual).norm(), 1e-3 * (h * residual).norm());  // O(t)
  // The loss falls, and where H is positive definite it falls to nothing.
  std::vector<double> losses;
  for (Eigen::Index k = 0; k < 3; ++k) losses.push_back(batch.loss_at({flow.values.row(k).data(), f_0.size()}, {}));
  EXPECT_LT(losses[1], losses[0]);
  EXPECT_LT(losses[2], losses[1]);
}

// The same flow twice: theta alone, and theta with f, through VJP and through JVP.
TEST(MovingKernelFlow, EqualsTheParameterFlow) {
  for (const bool tokens : {false, true}) {
    auto options = tokens ? testing::token_options() : testing::small_options();
    options.init_scale = 0.5;
    options.output_scale = 1.5;
    const FlowCase c = flow_case(options, 3, 4);
    const model::Transformer<double> m(c.options);
    const auto times = numerics::log_spaced(0.01, 0.6, 12);
    ParameterFlowOptions wanted;
    wanted.ode.relative_tolerance = wanted.ode.absolute_tolerance = 1e-11;
    wanted.train_outputs = true;
    const auto parameters = parameter_flow(m, c.theta, c.data(), std::nullopt, times, wanted);
    const auto joint = moving_kernel_flow(m, c.theta, c.data(), times, wanted.ode);
    ASSERT_EQ(joint.status, numerics::OdeStatus::finished) << joint.reason;
    ASSERT_EQ(parameters.records.size(), times.size());
    const auto p = static_cast<Eigen::Index>(c.theta.size());
    for (std::size_t k = 0; k < times.size(); ++k) {
      const Vector f = joint.values.row(static_cast<Eigen::Index>(k)).tail(joint.values.cols() - p).transpose();
      const Vector expected = vector_of(parameters.records[k].train_outputs);
      // 100 tolerances an entry of theta, times the norm of the Jacobian, about 10.
      EXPECT_LE((f - expected).norm() / std::sqrt(static_cast<double>(f.size())), 1e-8) << times[k];
    }
    EXPECT_LE((joint.values.row(11).head(p).transpose() - vector_of(parameters.theta)).norm(), 1e-7);
    // Rich, not lazy: a held kernel would not do.
    const auto f_0 = parameters.records.front().train_outputs;
    EXPECT_GT((vector_of(parameters.theta) - vector_of(c.theta)).norm(), 0.1);
  }
}

// Linear in the parameters (only W_down of one layer trains): the kernel cannot move, so the flow is the closed form.
TEST(MovingKernelFlow, ALinearModelKeepsItsKernel) {
  auto options = testing::small_options(1, 16);
  options.trainable = {"mlp.down"};
  const FlowCase c = flow_case(options, 3, 5);
  const model::Transformer<double> m(c.options);
  const auto h = testing::kernel_of(c, c.theta);
  const auto f_0 = testing::outputs_of(c, c.theta);
  const auto times = numerics::log_spaced(0.01, 10, 8);
  numerics::OdeOptions ode;
  ode.relative_tolerance = ode.absolute_tolerance = 1e-11;
  const auto held = held_kernel_flow(kernel::symmetric_operator(h), f_0, c.targets, c.n, times, ode);
  const auto moving = moving_kernel_flow(m, c.theta, c.data(), times, ode);
  const auto p = static_cast<Eigen::Index>(c.theta.size());
  EXPECT_LE((moving.values.rightCols(moving.values.cols() - p) - held.values).cwiseAbs().maxCoeff(), 1e-8);
}

}  // namespace
}  // namespace phaselaw::dynamics
