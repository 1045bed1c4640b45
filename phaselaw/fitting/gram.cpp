// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/gram.h"

#include <algorithm>
#include <cmath>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>

namespace phaselaw::fitting {

namespace {
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
constexpr double kLeastEigenvalue = 1e-12;  // with unit columns; below it, rounding decides

// Of a Gram matrix with unit diagonal.
double invariant_eigenvalue(const Eigen::MatrixXd& gram, const LawForm& form) {
  const Eigen::Index k = gram.rows();
  std::vector<Eigen::Index> amplitudes, others;  // floors are neither
  for (Eigen::Index j = 0; j < k; ++j) {
    const auto coordinate = static_cast<std::size_t>(j);
    if (form.is_amplitude(coordinate))
      amplitudes.push_back(j);
    else if (form.coordinates()[coordinate].logarithmic)
      others.push_back(j);
  }
  Eigen::MatrixXd change = Eigen::MatrixXd::Identity(k, k);
  if (!amplitudes.empty()) {
    const Eigen::LDLT<Eigen::MatrixXd> own(gram(amplitudes, amplitudes));
    for (const Eigen::Index j : others) {
      const Eigen::VectorXd share = own.solve(gram(amplitudes, std::vector<Eigen::Index>{j}));
      for (std::size_t a = 0; a < amplitudes.size(); ++a)
        change(amplitudes[a], j) = -share[static_cast<Eigen::Index>(a)];
    }
  }
  Eigen::MatrixXd centred = change.transpose() * gram * change;
  const Eigen::VectorXd unit = centred.diagonal().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
  centred = unit.asDiagonal() * Eigen::MatrixXd(centred) * unit.asDiagonal();
  return std::max(0.0, Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(centred).eigenvalues()[0]);
}

}  // namespace

// Sums over rows are plain loops in their order: those of Eigen depend on the alignment of the memory in the last digits.
Gram::Gram(const Refitter& refitter, std::span<const double> theta) : k_(theta.size()) {
  const std::size_t n = refitter.form().n_rows();
  residuals_.resize(n);
  design_.resize(n * k_);
  refitter.residuals(theta, residuals_, design_);
  const auto columns = static_cast<Eigen::Index>(k_);
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(columns, columns);
  for (std::size_t i = 0; i < n; ++i) {
    double* row = design_.data() + i * k_;
    const double root = std::sqrt(refitter.weights()[i]);
    for (std::size_t a = 0; a < k_; ++a) row[a] *= root;
    for (std::size_t a = 0; a < k_; ++a)
      for (std::size_t b = 0; b <= a; ++b)
        gram(static_cast<Eigen::Index>(a), static_cast<Eigen::Index>(b)) += row[a] * row[b];
  }
  const Eigen::VectorXd length = gram.diagonal().cwiseSqrt();
  if (!gram.allFinite() || !(length.minCoeff() > 0)) return;
  const Eigen::VectorXd unit = length.cwiseInverse();
  gram.triangularView<Eigen::StrictlyUpper>() = gram.transpose();
  gram = unit.asDiagonal() * Eigen::MatrixXd(gram) * unit.asDiagonal();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(gram);
  smallest_ = invariant_eigenvalue(gram, refitter.form());
  const Eigen::MatrixXd half = unit.asDiagonal() * eigen.eigenvectors();
  const RowMajor inverse =
      half * eigen.eigenvalues().cwiseMax(kLeastEigenvalue).cwiseInverse().asDiagonal() * half.transpose();
  inverse_.assign(inverse.data(), inverse.data() + inverse.size());
}

double Gram::variance(std::span<const double> c) const {
  double total = 0;
  for (std::size_t a = 0; a < k_; ++a) {
    double along = 0;
    for (std::size_t b = 0; b < k_; ++b) along += inverse_[a * k_ + b] * c[b];
    total += c[a] * along;
  }
  return total;
}

std::vector<double> Gram::direction(std::span<const double> c) const {
  const double scale = variance(c);
  std::vector<double> move(k_, 0.0);
  for (std::size_t a = 0; a < k_; ++a)
    for (std::size_t b = 0; b < k_; ++b) move[a] += inverse_[a * k_ + b] * c[b] / scale;
  return move;
}

std::vector<double> Gram::leverages() const {
  std::vector<double> h(n_rows());
  for (std::size_t i = 0; i < h.size(); ++i) h[i] = variance({design_.data() + i * k_, k_});
  return h;
}

}  // namespace phaselaw::fitting
