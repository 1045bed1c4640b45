// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/matrix_free.h"

#include <limits>

#include <gtest/gtest.h>

#include "kernel/matrix_free_cases.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::kernel {
namespace {

using testing::Case;
using testing::checked_model, testing::dot, testing::explicit_jacobian, testing::operator_of, testing::random_rows;
using Doubles = std::vector<double>;
using numerics::Matrix;

constexpr double kEps = 2.3e-16;
// Products of two chains of matrix products; see jvp_test.cpp.
constexpr double kTolerance = 4 * 200 * 9 * kEps;

Matrix<double> selected_columns(const Case& c, const Matrix<double>& j, const std::vector<bool>& blocks) {
  Matrix<double> part = Matrix<double>::Zero(j.rows(), j.cols());
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const auto& block = c.table.blocks()[b];
    if (blocks[b]) part.middleCols(block.offset, block.size()) = j.middleCols(block.offset, block.size());
  }
  return part;
}

std::vector<std::vector<bool>> selections(const Case& c) {
  std::vector<std::vector<bool>> all = {select_all(c.table)};
  for (std::int64_t layer = 0; layer < c.options.n_layers; ++layer) all.push_back(select_layer(c.table, layer));
  for (const auto* name : {"attn.q", "attn.k", "attn.v", "attn.o", "mlp.up", "mlp.down"}) {
    all.push_back(select_block(c.table, name));
    all.push_back(select_block(c.table, name, c.options.n_layers - 1));
  }
  if (c.options.reads_tokens()) all.push_back(select_block(c.table, "embed"));
  if (c.options.readout != model::Readout::identity) all.push_back(select_block(c.table, "out"));
  return all;
}

TEST(TangentOperator, OfEveryBlockIsTheExplicitJacobian) {
  for (std::uint64_t index = 0; index < 60; ++index) {
    Case c = testing::random_block_case(index);
    c.options.seq_len = std::min<std::int64_t>(c.options.seq_len, 4);
    c.options.vocab = 5;
    c.tokens.clear();
    fill(c, index);
    auto op = operator_of(c);
    const auto j = explicit_jacobian(c);
    const auto v = random_rows(op.rows(), index);
    std::vector<double> hv(v.size());
    op.apply(v, hv);
    const Eigen::VectorXd expected = j * (j.transpose() * Eigen::Map<const Eigen::VectorXd>(v.data(), j.rows()));
    const double error = (Eigen::Map<const Eigen::VectorXd>(hv.data(), j.rows()) - expected).norm();
    EXPECT_LE(error, 1e-12 * j.squaredNorm() * std::sqrt(dot(v, v))) << c.describe();
    EXPECT_GT(op.product_flop(), 0.0);
  }
}

TEST(MatrixFree, MatchesTheExplicitJacobianOnEverySelection) {
  std::uint64_t tried = 0;
  for (std::uint64_t i = 0; tried < 40; ++i) {
    const Case c = testing::random_case(i);
    const auto rows = c.n * c.options.seq_len * c.options.outputs();
    if (rows * c.table.size() > 2'000'000) continue;
    ++tried;
    const Matrix<double> j = explicit_jacobian(c);
    TangentOperator<double> op = operator_of(c);
    ASSERT_EQ(op.rows(), rows);
    const Doubles v = random_rows(rows, i);
    const Eigen::Map<const numerics::Vector<double>> v_map(v.data(), rows);
    for (const auto& blocks : selections(c)) {
      const Matrix<double> part = selected_columns(c, j, blocks);
      const numerics::Vector<double> g = part.transpose() * v_map, exact = part * g;
      op.select(blocks);
      Doubles hv(v.size()), gradient(c.theta.size());
      op.apply(v, hv);
      op.apply_adjoint(v, gradient);
      EXPECT_LE(testing::distance(hv, {exact.begin(), exact.end()}), kTolerance * part.squaredNorm() * testing::norm(v))
          << c.describe();
      EXPECT_LE(testing::distance(gradient, {g.begin(), g.end()}), kTolerance * part.norm() * testing::norm(v))
          << c.describe();
    }
  }
}

// docs/kernel.md, Checks: v^T H^(nu) v = ||grad_nu <v, F>||^2, and the layers add up.
TEST(MatrixFree, QuadraticFormIsTheGradientNorm) {
  for (const auto activation : {model::Activation::relu, model::Activation::tanh}) {
    const Case c = checked_model(activation);
    TangentOperator<double> op = operator_of(c);
    const Doubles v = random_rows(op.rows(), 1);
    Doubles sum(v.size(), 0.0), hv(v.size()), gradient(c.theta.size());
    for (std::int64_t layer = 0; layer < c.options.n_layers; ++layer) {
      op.select(select_layer(c.table, layer));
      op.apply(v, hv);
      op.apply_adjoint(v, gradient);
      EXPECT_NEAR(dot(v, hv) / dot(gradient, gradient), 1.0, 1e-12);
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += hv[i];
    }
    op.select(select_all(c.table));
    op.apply(v, hv);
    EXPECT_LE(testing::distance(hv, sum), 1e-13 * testing::norm(hv));
  }
}

// Check 1, second half: H v is the derivative of F along J^T v.
TEST(MatrixFree, IsTheDirectionalDerivativeAlongTheGradient) {
  const Case c = checked_model(model::Activation::tanh);
  TangentOperator<double> op = operator_of(c);
  const Doubles v = random_rows(op.rows(), 2);
  Doubles hv(v.size()), gradient(c.theta.size());
  op.apply(v, hv);
  op.apply_adjoint(v, gradient);
  const double h = 1e-6 / testing::norm(gradient);
  const auto outputs = [&](double step) {
    Case moved = c;
    for (std::size_t p = 0; p < moved.theta.size(); ++p) moved.theta[p] += step * gradient[p];
    TangentOperator<double> at = operator_of(moved);
    Doubles out(v.size());
    at.outputs(out);
    return out;
  };
  const Doubles plus = outputs(h), minus = outputs(-h);
  Doubles slope(v.size());
  for (std::size_t i = 0; i < slope.size(); ++i) slope[i] = (plus[i] - minus[i]) / (2 * h);
  // Rounding eps ||F|| / h' over a unit step of 1e-6, truncation h'^2.
  EXPECT_LE(testing::distance(slope, hv), 1e-7 * testing::norm(hv));
}

TEST(MatrixFree, ThreadsAndMemoryDoNotChangeABit) {
  Case c = checked_model(model::Activation::gelu);
  c.n = 13;
  testing::fill(c, 5);
  TangentOptions options;
  options.batch = 2;
  options.threads = 1;
  TangentOperator<double> op = operator_of(c, options);
  EXPECT_TRUE(op.keeps_activations());
  const Doubles v = random_rows(op.rows(), 3);
  Doubles one(v.size()), other(v.size());
  op.apply(v, one);
  for (const int threads : {2, 3, 7})
    for (const std::size_t limit : {std::size_t{0}, std::size_t{1} << 30}) {
      options.threads = threads;
      options.memory_limit = limit;
      TangentOperator<double> again = operator_of(c, options);
      EXPECT_EQ(again.keeps_activations(), limit > 0);
      again.apply(v, other);
      EXPECT_EQ(one, other) << threads << " threads, limit " << limit;
      again.apply(v, other);
      EXPECT_EQ(one, other) << "second call";
    }
}

TEST(MatrixFree, BatchesChangeOnlyRounding) {
  Case c = checked_model(model::Activation::relu);
  c.n = 7;
  testing::fill(c, 6);
  TangentOptions options;
  TangentOperator<double> op = operator_of(c, options);
  const Doubles v = random_rows(op.rows(), 4);
  Doubles all(v.size()), other(v.size());
  op.apply(v, all);
  for (const std::int64_t batch : {1, 2, 3, 7, 100})
    for (const int groups : {1, 3, 50}) {
      options.batch = batch;
      options.reduction_groups = groups;
      operator_of(c, options).apply(v, other);
      EXPECT_LE(testing::distance(all, other), kTolerance * testing::norm(all)) << batch;
    }
}

TEST(MatrixFree, FloatMatchesDouble) {
  const Case c = checked_model(model::Activation::tanh);
  TangentOperator<double> exact = operator_of(c);
  const std::vector<float> theta(c.theta.begin(), c.theta.end()), vectors(c.vectors.begin(), c.vectors.end());
  model::Inputs<float> in;
  in.n = c.n;
  in.vectors = vectors.data();
  TangentOperator<float> op(c.options, theta, in);
  const Doubles v = random_rows(op.rows(), 5);
  Doubles hv(v.size()), rough(v.size());
  exact.apply(v, hv);
  op.kernel().apply(v, rough);
  EXPECT_LE(testing::distance(hv, rough), 2e-5 * testing::norm(hv));
}

TEST(MatrixFree, DualIsTheTransposedProduct) {
  Case c = checked_model(model::Activation::silu);
  c.options.trainable = {"attn.v", "mlp.down"};
  testing::fill(c, 8);
  TangentOperator<double> op = operator_of(c);
  op.select(select_layer(c.table, 1));
  const std::int64_t columns = 8 * 8 + 8 * 32;
  ASSERT_EQ(op.selected_parameters(), columns);
  Matrix<double> j(op.rows(), columns);
  const std::int64_t per_sequence = op.rows() / c.n;
  for (std::int64_t s = 0; s < c.n; ++s)
    op.jacobian_rows(s, {j.data() + s * per_sequence * columns, per_sequence, columns});
  const Matrix<double> whole = explicit_jacobian(c);
  const auto &v = c.table.at(model::BlockKind::attn_v, 1), &down = c.table.at(model::BlockKind::mlp_down, 1);
  EXPECT_LE((j.leftCols(v.size()) - whole.middleCols(v.offset, v.size())).norm(), kTolerance * whole.norm());
  EXPECT_LE((j.rightCols(down.size()) - whole.middleCols(down.offset, down.size())).norm(), kTolerance * whole.norm());
  const Doubles g = random_rows(columns, 9);
  Doubles result(g.size());
  op.dual().apply(g, result);
  const numerics::Vector<double> exact =
      j.transpose() * (j * Eigen::Map<const numerics::Vector<double>>(g.data(), columns));
  EXPECT_LE(testing::distance(result, {exact.begin(), exact.end()}), kTolerance * j.squaredNorm() * testing::norm(g));
}

TEST(MatrixFree, CountsItsProducts) {
  const Case c = checked_model(model::Activation::relu);
  TangentOperator<double> op = operator_of(c);
  // All layers: VJP and JVP are 4 n L P each, but the first layer needs no cotangent of its input (3 products of W_Q,
  // W_K, W_V with 8 x 8) and its transpose.
  const double rows = 4 * 6, parameters = static_cast<double>(c.table.size());
  EXPECT_DOUBLE_EQ(op.product_flop(), 2 * rows * (4 * parameters - 2 * 3 * 64));
  // The top mlp.down alone: one product in each direction.
  op.select(select_block(c.table, "mlp.down", 2));
  EXPECT_DOUBLE_EQ(op.product_flop(), 2 * rows * 2 * 8 * 32);
  TangentOptions none;
  none.memory_limit = 0;
  EXPECT_DOUBLE_EQ(operator_of(c, none).product_flop(), 2 * rows * (6 * parameters - 2 * 3 * 64));
}

template <class Call>
std::string input_error(Call&& call) {
  try {
    call();
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(MatrixFree, BadInputIsOneClearLine) {
  Case c = checked_model(model::Activation::relu);
  auto wrong = c;
  wrong.theta.pop_back();
  EXPECT_NE(input_error([&] { (void)operator_of(wrong); }).find("expected"), std::string::npos);
  wrong = c;
  wrong.theta[17] = std::numeric_limits<double>::infinity();
  EXPECT_NE(input_error([&] { (void)operator_of(wrong); }).find("position 17"), std::string::npos);
  wrong = c;
  wrong.vectors[3] = std::nan("");
  EXPECT_NE(input_error([&] { (void)operator_of(wrong); }).find("position 3"), std::string::npos);
  wrong = c;
  wrong.n = 0;
  EXPECT_NE(input_error([&] { (void)operator_of(wrong); }).find("at least one sequence"), std::string::npos);
  EXPECT_NE(input_error([&] { (void)select_block(c.table, "mlp.upp"); }).find("mlp.up"), std::string::npos);
  EXPECT_NE(input_error([&] { (void)select_block(c.table, "mlp.up", 3); }), "no error");
  Case t;
  t.options.readout = model::Readout::tokens;
  t.options.vocab = 5;
  testing::fill(t, 1);
  t.tokens[2] = 5;
  EXPECT_NE(input_error([&] { (void)operator_of(t); }).find("0 .. 4"), std::string::npos);
}

}  // namespace
}  // namespace phaselaw::kernel
