// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/gram.h"

#include <cmath>

#include <Eigen/Eigenvalues>

namespace phaselaw::fitting {

namespace {
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::Map<const Eigen::VectorXd>;
constexpr double kRankTolerance = 1e-14;  // of the eigenvalues with unit columns: the rounding of their sums
}  // namespace

Gram::Gram(const Refitter& refitter, std::span<const double> theta) : k_(theta.size()) {
  const std::size_t n = refitter.form().n_rows();
  residuals_.resize(n);
  design_.resize(n * k_);
  refitter.residuals(theta, residuals_, design_);
  const auto rows = static_cast<Eigen::Index>(n), columns = static_cast<Eigen::Index>(k_);
  Eigen::Map<RowMajor> x(design_.data(), rows, columns);
  for (Eigen::Index i = 0; i < rows; ++i) x.row(i) *= std::sqrt(refitter.weights()[static_cast<std::size_t>(i)]);
  const Eigen::VectorXd length = x.colwise().norm();
  if (!length.allFinite() || !(length.minCoeff() > 0)) return;
  const Eigen::VectorXd unit = length.cwiseInverse();
  const Eigen::MatrixXd gram = unit.asDiagonal() * Eigen::MatrixXd(x.transpose() * x) * unit.asDiagonal();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(gram);
  if (!(eigen.eigenvalues()[0] > kRankTolerance)) return;
  smallest_ = eigen.eigenvalues()[0];
  const Eigen::MatrixXd half = unit.asDiagonal() * eigen.eigenvectors();
  const RowMajor inverse = half * eigen.eigenvalues().cwiseInverse().asDiagonal() * half.transpose();
  inverse_.assign(inverse.data(), inverse.data() + inverse.size());
}

double Gram::variance(std::span<const double> c) const {
  const auto k = static_cast<Eigen::Index>(k_);
  const Vector v(c.data(), k);
  return v.dot(Eigen::Map<const RowMajor>(inverse_.data(), k, k) * v);
}

std::vector<double> Gram::direction(std::span<const double> c) const {
  const auto k = static_cast<Eigen::Index>(k_);
  const Vector v(c.data(), k);
  const Eigen::VectorXd move = Eigen::Map<const RowMajor>(inverse_.data(), k, k) * v;
  const Eigen::VectorXd scaled = move / v.dot(move);
  return {scaled.begin(), scaled.end()};
}

std::vector<double> Gram::leverages() const {
  std::vector<double> h(n_rows());
  for (std::size_t i = 0; i < h.size(); ++i) h[i] = variance({design_.data() + i * k_, k_});
  return h;
}

}  // namespace phaselaw::fitting
