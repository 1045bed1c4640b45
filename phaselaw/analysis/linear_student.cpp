// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/analysis/linear_student.h"

#include <cmath>
#include <limits>

#include "phaselaw/base/errors.h"
#include "phaselaw/kernel/matrix_free.h"
#include "phaselaw/kernel/spectrum.h"

namespace phaselaw::analysis {

namespace {

double null_limit(const kernel::Spectrum& spectrum) {
  return static_cast<double>(spectrum.eigenvalues.size()) * std::numeric_limits<double>::epsilon() *
         spectrum.lambda_max;
}

// (1 - exp(-2 h t/n))/h, and its limit for h = 0.
double filter(double h, double time_over_n) { return h > 0 ? -std::expm1(-2 * h * time_over_n) / h : 2 * time_over_n; }

}  // namespace

LinearSet linear_set(const PreparedExperiment& prepared, const data::Dataset& set, std::int64_t first,
                     std::int64_t count) {
  const auto& options = prepared.experiment.model;
  if (prepared.cross_entropy())
    throw base::InputError({"model.readout"}, "a linearised student needs the squared loss; found tokens");
  PHASELAW_CHECK(first >= 0 && count >= 1 && first + count <= set.n);
  PHASELAW_CHECK(!set.clean.empty());
  const auto width = static_cast<std::size_t>(set.seq_len * set.d_in);
  const auto out = static_cast<std::size_t>(prepared.rows_per_sequence());
  data::Dataset part;
  part.n = count;
  part.seq_len = set.seq_len;
  part.d_in = set.d_in;
  part.d_out = set.d_out;
  const auto from = static_cast<std::size_t>(first), size = static_cast<std::size_t>(count);
  part.x.assign(set.x.begin() + static_cast<std::ptrdiff_t>(from * width),
                set.x.begin() + static_cast<std::ptrdiff_t>((from + size) * width));
  part.y.assign(set.clean.begin() + static_cast<std::ptrdiff_t>(from * out),
                set.clean.begin() + static_cast<std::ptrdiff_t>((from + size) * out));
  std::vector<double> residual = prepared.outputs(part, prepared.theta_0);
  LinearSet linear;
  linear.n = count;
  linear.rows = static_cast<std::int64_t>(residual.size());
  for (std::size_t i = 0; i < residual.size(); ++i) {
    residual[i] = part.y[i] - residual[i];
    linear.square += residual[i] * residual[i];
  }
  model::Inputs<double> inputs;
  inputs.n = count;
  inputs.vectors = part.x.data();
  kernel::TangentOperator<double> tangent(options, prepared.theta_0, inputs, {.threads = 1});
  if (tangent.selected_parameters() != tangent.parameters())
    throw base::InputError({"model.trainable"}, "a linearised student trains all blocks; found frozen ones");
  linear.gram = kernel::dual_matrix(tangent);
  linear.pull.resize(static_cast<std::size_t>(tangent.parameters()));
  tangent.apply_adjoint(residual, linear.pull);
  return linear;
}

LinearSet joined(const LinearSet& a, const LinearSet& b) {
  if (b.n == 0) return a;
  LinearSet both = a;
  both.gram += b.gram;
  for (std::size_t i = 0; i < both.pull.size(); ++i) both.pull[i] += b.pull[i];
  both.square += b.square;
  both.n += b.n;
  both.rows += b.rows;
  return both;
}

std::vector<double> kernel_spectrum(const LinearSet& set) {
  numerics::Matrix<double> gram = set.gram;
  const auto spectrum = kernel::spectrum_in_place<double>({gram.data(), gram.rows(), gram.cols()});
  const double least = null_limit(spectrum);
  std::vector<double> values;
  for (const double h : spectrum.eigenvalues)
    if (h > least) values.push_back(h);
  return values;
}

double effective_dimension(std::span<const double> eigenvalues, double n, double time) {
  double sum = 0;
  for (const double h : eigenvalues) {
    const double learned = -std::expm1(-2 * h * time / n);
    sum += learned * learned;
  }
  return sum;
}

std::vector<LinearErrors> linear_errors(const LinearSet& clean, const LinearSet& added, const LinearSet& test,
                                        std::span<const double> times) {
  using Matrix = numerics::Matrix<double>;
  using Vector = numerics::Vector<double>;
  const LinearSet train = joined(clean, added);
  Matrix vectors = train.gram;  // row i becomes v_i
  const auto spectrum = kernel::spectrum_in_place<double>({vectors.data(), vectors.rows(), vectors.cols()}, true);
  const double least = null_limit(spectrum);
  const Eigen::Index size = vectors.rows();
  const auto rotated = [&](const Matrix& gram) -> Matrix { return vectors * gram * vectors.transpose(); };
  const auto turned = [&](const std::vector<double>& pull) -> Vector {
    return vectors * Eigen::Map<const Vector>(pull.data(), size);
  };
  const double rows = static_cast<double>(test.rows);
  const Matrix on_test = rotated(test.gram) / rows;
  const Matrix of_clean = on_test.cwiseProduct(rotated(clean.gram));
  const Matrix of_added = added.n > 0 ? Matrix(on_test.cwiseProduct(rotated(added.gram))) : Matrix::Zero(size, size);
  const Vector pull = turned(train.pull), test_pull = turned(test.pull) / rows;
  std::vector<LinearErrors> errors;
  Vector g(size);
  for (const double time : times) {
    for (Eigen::Index i = 0; i < size; ++i) {
      const double h = spectrum.eigenvalues[static_cast<std::size_t>(i)];
      g[i] = filter(h > least ? h : 0, time / static_cast<double>(train.n));
    }
    const Vector moved = g.cwiseProduct(pull);
    errors.push_back({moved.dot(on_test * moved) - 2 * moved.dot(test_pull) + test.square / rows, g.dot(of_clean * g),
                      g.dot(of_added * g)});
  }
  return errors;
}

}  // namespace phaselaw::analysis
