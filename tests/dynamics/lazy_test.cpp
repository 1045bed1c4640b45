// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/lazy.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <Eigen/Eigenvalues>

#include "dynamics/flow_cases.h"
#include "kernel/matrix_free_cases.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::dynamics {
namespace {

using testing::flow_case;
using testing::FlowCase;
using Matrix = numerics::Matrix<double>;
using Vector = numerics::Vector<double>;

FlowCase moved_case(std::vector<double>& theta, bool tokens = false) {
  FlowCase c = flow_case(tokens ? testing::token_options() : testing::small_options(), 3, 8);
  theta = c.theta;
  numerics::RandomStream stream(9, "test/move");
  for (double& t : theta) t += 0.1 * stream.normal();
  return c;
}

// J_nu of one layer, or of everything for layer = -1, from one VJP a row.
Matrix jacobian_of(const FlowCase& c, const std::vector<double>& theta, std::int64_t layer) {
  FlowCase at = c;
  at.theta = theta;
  Matrix j = testing::explicit_jacobian(at);
  for (const auto& block : c.table.blocks())
    if (layer >= 0 && block.layer != layer) j.middleCols(block.offset, block.size()).setZero();
  return j;
}

// Every figure by its definition, from explicit Jacobians.
TEST(LazyRecorder, DenseFiguresAreTheirDefinitions) {
  std::vector<double> theta;
  const FlowCase c = moved_case(theta);
  LazyRecorder recorder(c.options, c.theta, c.data(), c.data());
  ASSERT_TRUE(recorder.is_dense());
  ASSERT_EQ(recorder.parts().size(), 2U);
  const LazyRecord record = recorder.record(1.5, theta);
  EXPECT_EQ(record.time, 1.5);
  const Vector y = Eigen::Map<const Vector>(c.targets.data(), static_cast<Eigen::Index>(c.targets.size()));
  for (const std::int64_t layer : {-1, 0, 1}) {
    const Matrix j_0 = jacobian_of(c, c.theta, layer), j = jacobian_of(c, theta, layer);
    const Matrix h_0 = j_0 * j_0.transpose(), h = j * j.transpose(), d = h - h_0;
    const Laziness& found = layer < 0 ? record.total : record.parts[static_cast<std::size_t>(layer)];
    const LazyStart& start = layer < 0 ? recorder.total() : recorder.parts()[static_cast<std::size_t>(layer)];
    EXPECT_EQ(found.name, layer < 0 ? "total" : "layers." + std::to_string(layer));
    EXPECT_EQ(found.name, start.name);
    EXPECT_NEAR(found.drift, d.norm() / h_0.norm(), 1e-12);
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> of_d(d), of_h_0(h_0);
    EXPECT_NEAR(found.drift_norm, of_d.eigenvalues().cwiseAbs().maxCoeff(), 1e-4 * found.drift_norm);
    EXPECT_NEAR(start.lambda_min, of_h_0.eigenvalues().minCoeff(), 1e-12 * start.lambda_max);
    EXPECT_NEAR(start.kernel_norm, h_0.norm(), 1e-12 * h_0.norm());
    EXPECT_NEAR(found.alignment, y.dot(h * y) / (y.squaredNorm() * h.norm()), 1e-12);
    double squares = 0;
    for (const auto& block : c.table.blocks())
      for (std::int64_t k = block.offset; k < block.offset + block.size(); ++k)
        if (layer < 0 || block.layer == layer)
          squares += std::pow(theta[static_cast<std::size_t>(k)] - c.theta[static_cast<std::size_t>(k)], 2);
    EXPECT_NEAR(found.radius, std::sqrt(squares), 1e-12);
  }
  const auto f_0 = testing::outputs_of(c, c.theta), f = testing::outputs_of(c, theta);
  const Vector move = Eigen::Map<const Vector>(theta.data(), static_cast<Eigen::Index>(theta.size())) -
                      Eigen::Map<const Vector>(c.theta.data(), static_cast<Eigen::Index>(theta.size()));
  const Vector moved = Eigen::Map<const Vector>(f.data(), y.size()) - Eigen::Map<const Vector>(f_0.data(), y.size());
  const Vector error = moved - jacobian_of(c, c.theta, -1) * move;
  const double residual = (Eigen::Map<const Vector>(f_0.data(), y.size()) - y).norm();
  EXPECT_NEAR(record.linearisation, error.norm() / residual, 1e-12);
  EXPECT_NEAR(record.linearisation_of_move, error.norm() / moved.norm(), 1e-12);
  EXPECT_EQ(record.test_linearisation, record.linearisation);  // the same data
}

TEST(LazyRecorder, TheStartIsLazy) {
  std::vector<double> theta;
  const FlowCase c = moved_case(theta);
  for (const std::int64_t dense_rows : {0, 2048}) {
    LazyOptions options;
    options.dense_rows = dense_rows;
    LazyRecorder recorder(c.options, c.theta, c.data(), std::nullopt, options);
    const LazyRecord record = recorder.record(0, c.theta);
    for (const auto& part : record.parts) {
      EXPECT_LE(part.drift, 1e-14);
      EXPECT_EQ(part.radius, 0);
    }
    EXPECT_EQ(record.total.drift, 0);
    EXPECT_EQ(record.total.drift_norm, 0);
    EXPECT_EQ(record.linearisation, 0);
    EXPECT_TRUE(std::isnan(record.linearisation_of_move));
    EXPECT_TRUE(std::isnan(record.test_linearisation));
  }
}

// The linearisation error is quadratic in the displacement and the drift linear.
TEST(LazyRecorder, OrdersInTheDisplacement) {
  std::vector<double> theta;
  const FlowCase c = moved_case(theta);
  LazyRecorder recorder(c.options, c.theta, c.data());
  const auto at = [&](double part) {
    auto point = c.theta;
    for (std::size_t i = 0; i < point.size(); ++i) point[i] += part * (theta[i] - c.theta[i]);
    return recorder.record(part, point);
  };
  const auto one = at(2e-3), half = at(1e-3);
  EXPECT_NEAR(std::log2(one.linearisation / half.linearisation), 2, 0.05);
  EXPECT_NEAR(std::log2(one.linearisation_of_move / half.linearisation_of_move), 1, 0.05);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(std::log2(one.parts[i].drift / half.parts[i].drift), 1, 0.05);
  EXPECT_NEAR(std::log2(one.total.drift_norm / half.total.drift_norm), 1, 0.05);
  EXPECT_EQ(recorder.records().size(), 2U);
}

// Matrix-free: ||D||_2 to its tolerance, the estimates within their errors. Of 3 parts x 40 seeds, more than 4 standard
// errors (jackknife of 16, heavier than normal) would be rare: none of 6.
TEST(LazyRecorder, MatrixFreeAgreesWithDense) {
  for (const bool tokens : {false, true}) {
    std::vector<double> theta;
    const FlowCase c = moved_case(theta, tokens);
    LazyRecorder dense(c.options, c.theta, c.data());
    const LazyRecord exact = dense.record(0, theta);
    double mean = 0, within_two = 0, count = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      LazyOptions options;
      options.dense_rows = 0;
      options.seed = seed;
      options.drift_norm = seed == 0;
      LazyRecorder recorder(c.options, c.theta, c.data(), std::nullopt, options);
      ASSERT_FALSE(recorder.is_dense());
      const LazyRecord found = recorder.record(0, theta);
      ASSERT_EQ(found.parts.size(), exact.parts.size());
      EXPECT_TRUE(std::isnan(recorder.total().lambda_min));
      if (seed == 0) {
        EXPECT_NEAR(found.total.drift_norm, exact.total.drift_norm, 2e-4 * exact.total.drift_norm);
      }
      for (std::size_t i = 0; i <= exact.parts.size(); ++i) {
        const Laziness &a = i == 0 ? found.total : found.parts[i - 1], &b = i == 0 ? exact.total : exact.parts[i - 1];
        EXPECT_EQ(a.name, b.name);
        EXPECT_EQ(a.radius, b.radius);
        EXPECT_LE(std::abs(a.drift - b.drift), 6 * a.drift_error) << a.name << " seed " << seed;
        within_two += std::abs(a.drift - b.drift) <= 2 * a.drift_error ? 1 : 0;
        ++count;
        EXPECT_GT(a.drift_error, 0);
        // ||H||_F from 16 probes is good to a third.
        EXPECT_NEAR(a.alignment, b.alignment, 0.5 * b.alignment);
      }
      mean += found.total.drift / 40;
      EXPECT_EQ(found.linearisation, exact.linearisation);
    }
    EXPECT_GE(within_two / count, 0.85);
    // The mean of 40 has an error of some per cent; the bias of a root of a ratio of 16 is of the order 1/16 of the
    // squared relative error of one probe.
    EXPECT_NEAR(mean, exact.total.drift, 0.1 * exact.total.drift) << tokens;
  }
}

TEST(LazyRecorder, FloatsAndFrozenBlocks) {
  auto options = testing::small_options(2, 16);
  options.trainable = {"mlp.up"};
  FlowCase c = flow_case(options, 2, 3);
  for (double& t : c.theta) t = static_cast<float>(t);
  std::vector<float> narrow(c.theta.begin(), c.theta.end());
  for (float& t : narrow) t *= 1.5F;
  const std::vector<double> wide(narrow.begin(), narrow.end());
  LazyRecorder recorder(c.options, c.theta, c.data());
  const LazyRecord a = recorder.record(1, std::span<const float>(narrow));
  const LazyRecord b = recorder.record(2, std::span<const double>(wide));
  EXPECT_EQ(a.total.drift, b.total.drift);
  EXPECT_EQ(a.linearisation, b.linearisation);
  // Only trained blocks count in the radius.
  double squares = 0;
  for (const std::int64_t layer : {0, 1}) {
    const auto& up = c.table.at(model::BlockKind::mlp_up, layer);
    for (std::int64_t k = up.offset; k < up.offset + up.size(); ++k)
      squares += std::pow(0.5 * c.theta[static_cast<std::size_t>(k)], 2);
  }
  EXPECT_NEAR(a.total.radius, std::sqrt(squares), 1e-6 * std::sqrt(squares));
  EXPECT_THROW(LazyRecorder(c.options, std::span(c.theta).first(2), c.data()), base::InputError);
  LazyOptions one_probe;
  one_probe.probes = 1;
  EXPECT_THROW(LazyRecorder(c.options, c.theta, c.data(), std::nullopt, one_probe), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::dynamics
