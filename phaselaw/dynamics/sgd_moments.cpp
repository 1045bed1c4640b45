// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/sgd_moments.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/dynamics/first_order.h"
#include "phaselaw/numerics/gemm.h"

namespace phaselaw::dynamics {

namespace {

using base::kInfinity;
using numerics::Index;
using numerics::Matrix;
using numerics::Op;
using numerics::Vector;
constexpr std::int64_t kMostPowerIterations = 1000, kMostFloorIterations = 10000;
constexpr double kPowerTolerance = 1e-8, kFloorTolerance = 1e-12;

// Probability that two rows are in one batch: rows of one sequence, and of two.
struct Weights {
  double same = 1, other = 1;
};
Weights weights(std::int64_t batch, std::int64_t n_data) {
  const auto b = static_cast<double>(batch), n = static_cast<double>(n_data);
  return {b / n, n_data > 1 ? b * (b - 1) / (n * (n - 1)) : 1};
}

// result = V D V^T, where D contains only the blocks of one sequence of V^T X V. 4 M^3 flop. `scratch`: M x M.
void same_sequence_part(const ClosedForm& problem, const Matrix<double>& x, Matrix<double>& scratch,
                        Matrix<double>& block, Matrix<double>& result) {
  const Matrix<double>& v = problem.vectors();
  const Index rows = v.rows(), width = rows / problem.n_data();
  numerics::gemm<double>(Op::none, Op::none, rows, rows, rows, 1.0, x.data(), rows, v.data(), rows, 0.0, scratch.data(),
                         rows);
  for (Index from = 0; from < rows; from += width) {
    numerics::gemm<double>(Op::transpose, Op::none, width, width, rows, 1.0, v.data() + from, rows,
                           scratch.data() + from, rows, 0.0, block.data(), width);
    numerics::gemm<double>(Op::none, Op::none, rows, width, width, 1.0, v.data() + from, rows, block.data(), width, 0.0,
                           scratch.data() + from, rows);
  }
  numerics::gemm<double>(Op::none, Op::transpose, rows, rows, rows, 1.0, scratch.data(), rows, v.data(), rows, 0.0,
                         result.data(), rows);
}

}  // namespace

void require_batch(std::int64_t batch, std::int64_t n_data) {
  if (batch < 1 || batch > n_data)
    throw base::InputError(fmt::format("batch: expected 1 to {}, the number of sequences, found {}", n_data, batch));
}

SgdStepLimit sgd_step_limit(const ClosedForm& problem, std::int64_t batch) {
  require_batch(batch, problem.n_data());
  SgdStepLimit limit;
  const Weights w = weights(batch, problem.n_data());
  if (problem.rank() == 0 || w.same == w.other) {
    limit.step = step_limit(problem);
    limit.converged = true;
    return limit;
  }
  const Index rows = problem.rows(), width = rows / problem.n_data();
  const Vector<double>& z = problem.scaled_eigenvalues();
  const auto root = [&](Index i, Index j) { return z[i] > 0 && z[j] > 0 ? std::sqrt(z[i] * z[j] / (z[i] + z[j])) : 0; };
  Matrix<double> at = Matrix<double>::Zero(rows, rows), scratch(rows, rows), block(width, width), next(rows, rows);
  for (Index i = 0; i < rows; ++i) at(i, i) = root(i, i);
  at /= at.norm();
  double rho = 0;
  while (limit.iterations < kMostPowerIterations && !limit.converged) {
    base::throw_if_interrupted();
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < rows; ++j) at(i, j) *= root(i, j);
    same_sequence_part(problem, at, scratch, block, next);
    double along = 0;
    for (Index i = 0; i < rows; ++i) {
      for (Index j = 0; j < rows; ++j) {
        const double weighted = w.other * at(i, j) + (w.same - w.other) * next(i, j);
        along += at(i, j) * weighted;  // <X, G^{1/2} o M>: `at` carries the factor G^{1/2}
        next(i, j) = root(i, j) * weighted;
      }
    }
    limit.relative_change = std::abs(along - rho) / along;
    limit.converged = limit.relative_change <= kPowerTolerance;
    rho = along;
    at = next / next.norm();
    ++limit.iterations;
  }
  const auto b = static_cast<double>(batch), n = static_cast<double>(problem.n_data());
  limit.step = b * b / (2 * n * rho) / problem.unit();
  return limit;
}

SgdMoments::SgdMoments(const ClosedForm& problem, const SgdOptions& options) : problem_(problem), options_(options) {
  require_batch(options.batch, problem.n_data());
  const Index rows = problem.rows(), width = rows / problem.n_data();
  const double bytes = 3.0 * sizeof(double) * static_cast<double>(rows) * static_cast<double>(rows);
  if (bytes > options.max_bytes)
    throw base::InputError(fmt::format(
        "the second moment of SGD on {} rows needs {} GB, but {} GB are allowed; use fewer sequences, or raise max_bytes",
        rows, base::format_number(bytes * 1e-9), base::format_number(options.max_bytes * 1e-9)));
  const double mean_limit = step_limit(problem);
  if (!(options.step > 0 && options.step < mean_limit))
    throw base::InputError(
        fmt::format("step: SGD on this kernel needs 0 < step < n/lambda_max = {} (less for small batches), found {}",
                    base::format_number(mean_limit, 6), options.step));
  if (options.check_stability) {
    const SgdStepLimit limit = sgd_step_limit(problem, options.batch);
    if (options.step >= limit.step)
      throw base::InputError(
          fmt::format("step: the mean square of SGD with batches of {} of {} sequences needs step < {}, found {}",
                      options.batch, problem.n_data(), base::format_number(limit.step, 6), options.step));
  }
  const Weights w = weights(options.batch, problem.n_data());
  same_ = w.same;
  other_ = w.other;
  mean_ = problem.start();
  moment_.noalias() = mean_ * mean_.transpose();
  product_.resize(rows, rows);
  parts_.resize(rows, rows);
  block_.resize(width, width);
}

void SgdMoments::advance(std::int64_t steps) {
  if (steps < 0) throw base::InputError(fmt::format("SGD steps: expected a number >= 0, found {}", steps));
  const Vector<double>& z = problem_.scaled_eigenvalues();
  const auto n = static_cast<double>(problem_.n_data());
  const double a = 2 * (options_.step / n) * problem_.unit();
  const double square = std::pow(a * n / static_cast<double>(options_.batch), 2);
  for (std::int64_t step = 0; step < steps; ++step, ++steps_) {
    base::throw_if_interrupted();
    if (same_ != other_) same_sequence_part(problem_, moment_, product_, block_, parts_);
    for (Index i = 0; i < moment_.rows(); ++i) {
      for (Index j = 0; j < moment_.cols(); ++j) {
        const double both = square * z[i] * z[j];
        moment_(i, j) *= 1 - a * (z[i] + z[j]) + both * other_;
        if (same_ != other_) moment_(i, j) += both * (same_ - other_) * parts_(i, j);
      }
    }
    mean_.array() *= 1 - a * z.array();
  }
}

double SgdMoments::expected_loss() const { return moment_.trace() / static_cast<double>(problem_.n_data()); }
double SgdMoments::loss_of_mean() const { return mean_.squaredNorm() / static_cast<double>(problem_.n_data()); }

double SgdMoments::expected_test_loss(const TestOutputs& test, std::span<const double> targets,
                                      std::int64_t n_test) const {
  if (static_cast<Index>(targets.size()) != test.rows() || n_test < 1)
    throw base::InputError(fmt::format("test targets: expected {} numbers and n_test >= 1, found {} and {}",
                                       test.rows(), targets.size(), n_test));
  PHASELAW_CHECK_EQ(test.projected().cols(), problem_.rows());
  // On the modes that are not null, a = (r_0 - r)/z, so the test error follows from r: e = fixed + K r, K = P/z.
  const Index rank = problem_.rank(), rows = problem_.rows();
  const Matrix<double> k =
      test.projected().leftCols(rank).array().rowwise() / problem_.scaled_eigenvalues().head(rank).transpose().array();
  const Eigen::Map<const Vector<double>> wanted(targets.data(), test.rows());
  const Vector<double> fixed = test.initial() - wanted - k * problem_.start().head(rank);
  const Vector<double> moved = k * mean_.head(rank);
  Matrix<double> spread(test.rows(), rank);
  numerics::gemm<double>(Op::none, Op::none, test.rows(), rank, rank, 1.0, k.data(), rank, moment_.data(), rows, 0.0,
                         spread.data(), rank);
  const double second = (spread.array() * k.array()).sum();
  return (fixed.squaredNorm() + 2 * fixed.dot(moved) + second) / static_cast<double>(n_test);
}

SgdFloor SgdMoments::floor() const {
  SgdFloor result;
  const Index rows = problem_.rows(), rank = problem_.rank(), null = rows - rank;
  const auto n = static_cast<double>(problem_.n_data());
  result.loss = result.null_loss = problem_.null_loss();
  if (same_ == other_ || result.null_loss == 0) {
    result.converged = true;
    result.reason = same_ == other_ ? "full batch: there is no sampling noise"
                                    : "the kernel can fit every label, so SGD interpolates";
    return result;
  }
  const Vector<double>& z = problem_.scaled_eigenvalues();
  const double a = 2 * (options_.step / n) * problem_.unit();
  const double square = std::pow(a * n / static_cast<double>(options_.batch), 2);
  // 0 = -a (z_i + z_j) S_ij + square z_i z_j (other S + (same - other) parts(S))_ij, solved for the left S_ij.
  Matrix<double> at = Matrix<double>::Zero(rows, rows), scratch(rows, rows), parts(rows, rows), block = block_;
  at.bottomRightCorner(null, null).noalias() = problem_.start().tail(null) * problem_.start().tail(null).transpose();
  double total = 0, change = 0;
  while (result.iterations < kMostFloorIterations && !result.converged) {
    base::throw_if_interrupted();
    same_sequence_part(problem_, at, scratch, block, parts);
    for (Index i = 0; i < rank; ++i)
      for (Index j = 0; j < rank; ++j)
        at(i, j) =
            square * (same_ - other_) * z[i] * z[j] * parts(i, j) / (a * (z[i] + z[j]) - square * other_ * z[i] * z[j]);
    const double next = at.topLeftCorner(rank, rank).trace(), last_change = change;
    change = next - total;
    total = next;
    ++result.iterations;
    if (!std::isfinite(total)) break;
    // A geometric tail of this ratio remains.
    const double ratio = last_change > 0 ? std::max(change / last_change, 0.0) : 0.5;
    result.converged = result.iterations > 1 && ratio < 1 &&
                       change * ratio / (1 - ratio) <= kFloorTolerance * (total + n * result.null_loss);
  }
  result.loss += total / n;
  result.reason = result.converged
                      ? fmt::format("fixed point after {} iterations", result.iterations)
                      : fmt::format("no fixed point in {} iterations: step is at or near its limit", result.iterations);
  return result;
}

namespace {

void require_spectrum(std::span<const double> eigenvalues, std::int64_t batch) {
  if (eigenvalues.empty()) throw base::InputError("eigenvalues: expected at least one");
  for (const double h : eigenvalues)
    if (!(h >= 0 && h < kInfinity))
      throw base::InputError(fmt::format("eigenvalues: expected finite numbers >= 0, found {}", h));
  if (batch < 1) throw base::InputError(fmt::format("batch: expected at least 1, found {}", batch));
}

// S of the header for eta in units of 1/lambda_max; infinity if one mode alone diverges.
double shaking(std::span<const double> eigenvalues, double largest, double eta, double batch) {
  double sum = 0;
  for (const double h : eigenvalues) {
    const double left = 2 - eta * (h / largest) * (1 + 1 / batch);
    if (!(left > 0)) return kInfinity;
    sum += h / largest / left;
  }
  return eta / batch * sum;
}

}  // namespace

double online_step_limit(std::span<const double> eigenvalues, std::int64_t batch) {
  require_spectrum(eigenvalues, batch);
  const double largest = *std::max_element(eigenvalues.begin(), eigenvalues.end());
  if (largest == 0) return kInfinity;
  double stable = 0, unstable = 2;
  while (true) {
    const double middle = (stable + unstable) / 2;
    if (middle <= stable || middle >= unstable) break;
    (shaking(eigenvalues, largest, middle, static_cast<double>(batch)) < 1 ? stable : unstable) = middle;
  }
  return unstable / 2 / largest;
}

OnlineSgdCurve online_sgd(const OnlineSgd& problem, std::span<const std::int64_t> counts) {
  OnlineSgdCurve curve;
  curve.step_limit = online_step_limit(problem.eigenvalues, problem.batch);
  if (problem.squared_coefficients.size() != problem.eigenvalues.size())
    throw base::InputError(fmt::format("squared coefficients: expected {}, one per eigenvalue, found {}",
                                       problem.eigenvalues.size(), problem.squared_coefficients.size()));
  for (const double m : problem.squared_coefficients)
    if (!(m >= 0 && m < kInfinity))
      throw base::InputError(fmt::format("squared coefficients: expected finite numbers >= 0, found {}", m));
  if (!(problem.noise >= 0 && problem.noise < kInfinity))
    throw base::InputError(fmt::format("noise: expected a finite number >= 0, found {}", problem.noise));
  if (!(problem.step > 0 && problem.step < curve.step_limit))
    throw base::InputError(
        fmt::format("step: online SGD on this spectrum with batches of {} needs 0 < step < {}, found {}", problem.batch,
                    base::format_number(curve.step_limit, 6), problem.step));
  require_counts(counts);
  const auto b = static_cast<double>(problem.batch);
  const double eta = 2 * problem.step, noise = problem.noise * problem.noise;
  const auto& h = problem.eigenvalues;
  std::vector<double> m = problem.squared_coefficients;
  const auto risk = [&] {
    double sum = 0;
    for (std::size_t i = 0; i < h.size(); ++i) sum += h[i] * m[i];
    return sum;
  };
  double now = risk();
  std::int64_t done = 0;
  for (const std::int64_t count : counts) {
    for (; done < count; ++done) {
      base::throw_if_interrupted();
      for (std::size_t i = 0; i < h.size(); ++i) {
        const double x = eta * h[i];
        m[i] = (1 - 2 * x + x * x * (1 + 1 / b)) * m[i] + eta * x / b * (now + noise);
      }
      now = risk();
    }
    curve.excess_risk.push_back(now);
  }
  const double largest = *std::max_element(h.begin(), h.end());
  const double s = largest > 0 ? shaking(h, largest, eta * largest, b) : 0;
  curve.floor = noise * s / (1 - s);
  return curve;
}

}  // namespace phaselaw::dynamics
