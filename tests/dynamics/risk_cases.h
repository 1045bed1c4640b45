// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <Eigen/Eigenvalues>

#include "phaselaw/base/errors.h"
#include "phaselaw/dynamics/sequence_problem.h"
#include "phaselaw/kernel/kernel.h"
#include "phaselaw/numerics/random.h"

// Regression problems on sequences for tests of risk estimators, and the plain fits they are compared with.
namespace phaselaw::testing {

using numerics::Matrix;
using numerics::Vector;
using Index = Eigen::Index;

inline std::span<const double> span_of(const Vector<double>& x) {
  return {x.data(), static_cast<std::size_t>(x.size())};
}

inline Matrix<double> random_matrix(Index rows, Index columns, std::uint64_t seed) {
  numerics::RandomStream stream(seed, "test/risk");
  Matrix<double> a(rows, columns);
  for (auto& x : a.reshaped()) x = stream.normal();
  return a;
}

struct RiskCase {
  Matrix<double> kernel;
  Vector<double> targets, outputs, clean;
  std::int64_t rows_per_sequence = 1;

  // H = X diag(k^-1) X^T with `rank` columns, y and f0 standard normal.
  RiskCase(std::int64_t n, std::int64_t rows, Index rank, std::uint64_t seed) : rows_per_sequence(rows) {
    const Matrix<double> x = random_matrix(n * rows, rank, seed);
    Vector<double> weights(rank);
    for (Index k = 0; k < rank; ++k) weights[k] = 1 / static_cast<double>(k + 1);
    kernel = x * weights.asDiagonal() * x.transpose();
    kernel.triangularView<Eigen::StrictlyLower>() = kernel.transpose();
    targets = random_matrix(n * rows, 1, seed + 1000);
    outputs = random_matrix(n * rows, 1, seed + 2000);
  }

  [[nodiscard]] dynamics::SequenceProblem problem() const {
    return {{kernel.data(), kernel.rows(), kernel.cols()},
            span_of(targets),
            span_of(outputs),
            span_of(clean),
            rows_per_sequence};
  }
  [[nodiscard]] double residual_rms() const {
    return (targets - outputs).norm() / std::sqrt(static_cast<double>(targets.size()));
  }
};

// Rows of the sequences that are not in `fold`.
inline std::vector<std::int64_t> rows_outside(const std::vector<std::int64_t>& fold, std::int64_t n,
                                              std::int64_t rows) {
  std::vector<std::int64_t> kept;
  for (std::int64_t a = 0; a < n; ++a)
    if (std::find(fold.begin(), fold.end(), a) == fold.end()) kept.push_back(a);
  return dynamics::rows_of(kept, rows);
}

// The prediction on `fold` of f0 + H_{a,-a} filter(H_{-a,-a}) r, by an eigendecomposition of its own; errors against y.
template <class Filter>
Vector<double> refit_errors(const RiskCase& c, const std::vector<std::int64_t>& fold, Filter&& filter) {
  const auto rows = dynamics::rows_of(fold, c.rows_per_sequence);
  const auto kept = rows_outside(fold, c.kernel.rows() / c.rows_per_sequence, c.rows_per_sequence);
  const Vector<double> r = c.targets - c.outputs;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(Eigen::MatrixXd(c.kernel(kept, kept)));
  const double floor = static_cast<double>(kept.size()) * 2.3e-16 * solver.eigenvalues().maxCoeff();
  const Eigen::VectorXd weights = solver.eigenvalues().unaryExpr([&](double h) { return filter(h, floor); });
  const Eigen::VectorXd along = solver.eigenvectors().transpose() * r(kept);
  const Eigen::VectorXd inner = solver.eigenvectors() * (weights.array() * along.array()).matrix();
  return r(rows) - c.kernel(rows, kept) * inner;
}

// Errors per sequence, averaged over its rows.
inline std::vector<double> per_sequence(const Vector<double>& errors, std::int64_t rows) {
  std::vector<double> result;
  for (Index first = 0; first < errors.size(); first += rows)
    result.push_back(errors.segment(first, rows).squaredNorm() / static_cast<double>(rows));
  return result;
}

// A teacher and a student of one shape, on random sequences of vectors: the tangent kernel at the student's
// initialisation, y = teacher's outputs, f0 = student's.
inline RiskCase transformer_case(std::int64_t n, std::int64_t hidden, std::uint64_t seed) {
  model::ModelOptions options;
  options.n_layers = 2;
  options.seq_len = 6;
  options.d_model = 8;
  options.d_hidden = hidden;
  options.n_heads = 2;
  options.d_head = 4;
  const model::Transformer<double> model(options);
  const auto student = model::initialise<double>(model.table(), 2 * seed),
             teacher = model::initialise<double>(model.table(), 2 * seed + 1);
  Matrix<double> x = random_matrix(n * options.seq_len, options.d_model, seed + 77);
  x = (x.array().colwise() * (std::sqrt(8.0) / x.rowwise().norm().array())).matrix().eval();
  model::Inputs<double> inputs;
  inputs.n = n;
  inputs.vectors = x.data();
  RiskCase c(1, 1, 1, seed);
  c.rows_per_sequence = model.outputs_per_sequence();
  c.kernel = kernel::dense_kernel<double>(model, student, inputs).total;
  model::Transformer<double>::Workspace workspace(model, n);
  c.outputs.resize(n * c.rows_per_sequence);
  c.targets.resize(n * c.rows_per_sequence);
  model.forward(student, inputs, workspace, c.outputs.data());
  model.forward(teacher, inputs, workspace, c.targets.data());
  return c;
}

// Rows i.i.d. Gaussian with power laws: lambda_k = k^-1.5, w_k^2 = k^-1.8, sigma^2 = 0.01 (docs/dynamics.md, Risk estimates).
struct PowerLawFeatures {
  static constexpr Index kFeatures = 500, kRows = 120;
  static constexpr double kNoise = 0.01;
  Vector<double> lambda{kFeatures}, w{kFeatures};
  PowerLawFeatures() {
    for (Index k = 0; k < kFeatures; ++k) {
      lambda[k] = std::pow(static_cast<double>(k + 1), -1.5);
      w[k] = std::pow(static_cast<double>(k + 1), -0.9);
    }
  }
  // Coordinates of n rows in the eigenfunctions, and their noisy targets.
  struct Sample {
    Matrix<double> phi;
    Vector<double> y;
  };
  [[nodiscard]] Sample draw(std::uint64_t trial, Index rows = kRows) const {
    Sample s;
    s.phi = random_matrix(rows, kFeatures, 5000 + trial);
    s.y = s.phi * w + std::sqrt(kNoise) * random_matrix(rows, 1, 900000 + trial);
    return s;
  }
};

template <class Error, class Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace phaselaw::testing
