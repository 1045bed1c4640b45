// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include <Eigen/Eigenvalues>

#include "kernel/dense_cases.h"

// What a tangent kernel must satisfy whatever computed it.
namespace phaselaw::kernel {
namespace {

using testing::Case;

Case make_case(model::Activation activation, model::Mask mask, std::int64_t seq_len, std::int64_t n) {
  Case c;
  auto& o = c.options;
  o.n_layers = 3;
  o.d_model = 8;
  o.d_hidden = 32;
  o.seq_len = seq_len;
  o.n_heads = 2;
  o.d_head = 4;
  o.activation = activation;
  o.mask = mask;
  c.n = n;
  testing::fill_single(c, 17);
  return c;
}

// v^T H v = ||J^T v||^2, by one backward pass, for the total and for every layer.
TEST(DenseKernelProperties, QuadraticFormEqualsBackpropagation) {
  for (const auto activation : {model::Activation::relu, model::Activation::tanh})
    for (const auto mask : {model::Mask::causal, model::Mask::bidirectional}) {
      const Case c = make_case(activation, mask, 6, 4);
      const model::Transformer<double> model(c.options);
      KernelOptions options;
      options.detail = Detail::layers;
      const auto dense = dense_kernel<double>(model, c.theta, c.inputs(), options);
      std::vector<double> gradient(c.theta.size(), 0.0), outputs(c.cotangent.size());
      model::Transformer<double>::Workspace workspace(model, c.n);
      model.forward(c.theta, c.inputs(), workspace, outputs.data());
      model.backward(c.theta, c.inputs(), workspace, c.cotangent.data(), gradient);
      const Eigen::Map<const Eigen::VectorXd> v(c.cotangent.data(), static_cast<Eigen::Index>(c.cotangent.size()));
      double whole = 0;
      for (const auto& part : dense.parts) {
        double norm = 0;
        for (const auto& block : c.table.blocks())
          for (std::int64_t i = 0; i < block.size() && block.layer == part.layer; ++i)
            norm += std::pow(gradient[static_cast<std::size_t>(block.offset + i)], 2);
        EXPECT_NEAR(v.dot(part.values * v) / norm, 1, 1e-12) << part.name;
        whole += norm;
      }
      EXPECT_EQ(dense.parts.size(), 3U);
      EXPECT_NEAR(v.dot(dense.total * v) / whole, 1, 1e-12);
    }
}

// Positive semi-definite to rounding, lambda_min >= -4 n eps ||H||, also where rows outnumber parameters; there the
// rank is at most the number of parameters.
TEST(DenseKernelProperties, EigenvaluesAreNotNegative) {
  for (const bool singular : {false, true}) {
    Case c = make_case(model::Activation::gelu, model::Mask::causal, 6, 4);
    if (singular) {
      c.options.n_layers = 1;
      c.options.d_hidden = 5;
      c.options.trainable = {"mlp.up"};
      testing::fill_single(c, 3);
    }
    const auto check = [&](const auto& h) {
      using T = typename std::decay_t<decltype(h)>::Scalar;
      const Eigen::SelfAdjointEigenSolver<numerics::Matrix<double>> solver(h.template cast<double>());
      const auto& values = solver.eigenvalues();
      const double top = values(values.size() - 1);
      const double slack =
          4 * static_cast<double>(h.rows()) * static_cast<double>(std::numeric_limits<T>::epsilon()) * top;
      EXPECT_GE(values(0), -slack);
      const auto rank = (values.array() > slack).count();
      if (singular) {
        EXPECT_LE(rank, c.table.n_trainable());
      } else if (sizeof(T) == sizeof(double)) {
        EXPECT_EQ(rank, h.rows());
      }
    };
    const testing::Batch<float> single(c);
    check(dense_kernel<double>(model::Transformer<double>(c.options), c.theta, c.inputs()).total);
    check(dense_kernel<float>(model::Transformer<float>(c.options), single.theta, single.inputs()).total);
  }
}

// The kernel of sequences cut to L' tokens is the leading part of the kernel at L.
TEST(DenseKernelProperties, PrefixIsTheLeadingBlock) {
  const Case c = make_case(model::Activation::relu, model::Mask::causal, 6, 3);
  const auto whole = dense_kernel<double>(model::Transformer<double>(c.options), c.theta, c.inputs()).total;
  Case cut = c;
  cut.options.seq_len = 4;
  cut.vectors.clear();
  const std::int64_t d = c.options.d_model;
  for (std::int64_t a = 0; a < c.n; ++a)
    cut.vectors.insert(cut.vectors.end(), c.vectors.begin() + a * 6 * d, c.vectors.begin() + (a * 6 + 4) * d);
  const auto part = dense_kernel<double>(model::Transformer<double>(cut.options), c.theta, cut.inputs()).total;
  for (std::int64_t a = 0; a < c.n; ++a)
    for (std::int64_t b = 0; b < c.n; ++b) {
      const auto leading = whole.block(a * 6 * d, b * 6 * d, 4 * d, 4 * d);
      EXPECT_LE((part.block(a * 4 * d, b * 4 * d, 4 * d, 4 * d) - leading).norm(), 1e-13 * leading.norm());
    }
}

// Tokens after i of one sequence do not reach its rows up to i; they do reach the later ones.
TEST(DenseKernelProperties, LaterTokensDoNotMatter) {
  const Case c = make_case(model::Activation::relu, model::Mask::causal, 6, 3);
  const auto before = dense_kernel<double>(model::Transformer<double>(c.options), c.theta, c.inputs()).total;
  Case changed = c;
  const std::int64_t d = c.options.d_model, kept = 3;  // tokens 0 .. 2 of sequence 1 stay
  for (std::int64_t i = (6 + kept) * d; i < 12 * d; ++i) changed.vectors[static_cast<std::size_t>(i)] *= -0.5;
  const auto after = dense_kernel<double>(model::Transformer<double>(c.options), c.theta, changed.inputs()).total;
  const std::int64_t row = 6 * d, rows = kept * d;
  EXPECT_LE((after - before).middleRows(row, rows).leftCols(row + rows).norm(), 1e-14 * before.norm());
  EXPECT_LE((after - before).middleRows(row, rows).rightCols(6 * d).norm(), 1e-14 * before.norm());
  EXPECT_GE((after - before).middleRows(row + rows, rows).norm(), 1e-3 * before.norm());
}

// The mlp.up kernel of one layer is a mean over hidden units: over draws of W_up and W_down its spread falls as
// d_hidden^-1/2. 200 draws at seven widths give the log-log slope a standard error of at most
// (2 * 200)^-1/2 / sqrt(28 ln^2 2) = 0.014, so a right slope misses +-0.05 with probability below 4e-4.
TEST(DenseKernelProperties, ConcentratesWithWidth) {
  constexpr int kDraws = 200;
  std::vector<double> x, y;
  for (std::int64_t width = 64; width <= 4096; width *= 2) {
    Case c;
    c.options.n_layers = 1;
    c.options.seq_len = 2;
    c.options.d_model = 3;
    c.options.d_hidden = width;
    c.options.n_heads = 1;
    c.options.d_head = 2;
    c.options.trainable = {"mlp.up"};
    c.options.parametrisation = model::Parametrisation::ntk;
    testing::fill(c, 5);
    const model::Transformer<double> model(c.options);
    KernelOptions options;
    options.threads = 1;
    options.algorithm = Algorithm::sandwich;
    numerics::Matrix<double> sum = numerics::Matrix<double>::Zero(6, 6);
    double squares = 0;
    for (int draw = 0; draw < kDraws; ++draw) {
      const auto other = model::initialise<double>(c.table, 1000 + static_cast<std::uint64_t>(draw));
      for (const auto kind : {model::BlockKind::mlp_up, model::BlockKind::mlp_down}) {
        const auto& block = c.table.at(kind, 0);
        std::copy_n(other.begin() + block.offset, block.size(), c.theta.begin() + block.offset);
      }
      const auto h = dense_kernel<double>(model, c.theta, c.inputs(), options).total;
      sum += h;
      squares += h.squaredNorm();
    }
    const double mean = (sum / kDraws).squaredNorm();
    x.push_back(std::log(static_cast<double>(width)));
    y.push_back(0.5 * std::log((squares / kDraws - mean) / mean));
  }
  double mx = 0, my = 0, xy = 0, xx = 0;
  for (std::size_t i = 0; i < x.size(); ++i) mx += x[i] / 7, my += y[i] / 7;
  for (std::size_t i = 0; i < x.size(); ++i) xy += (x[i] - mx) * (y[i] - my), xx += (x[i] - mx) * (x[i] - mx);
  EXPECT_NEAR(xy / xx, -0.5, 0.05);
}

}  // namespace
}  // namespace phaselaw::kernel
