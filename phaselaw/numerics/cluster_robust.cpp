// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/cluster_robust.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include <Eigen/Eigenvalues>

namespace phaselaw::numerics {

namespace {

using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Solver = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>;

constexpr double kEps = std::numeric_limits<double>::epsilon();
// A Gram matrix of unit columns is rounded by about sqrt(n) eps at most in practice; below this it is singular.
constexpr double kSingular = 1e-13;
// An eigenvalue of H_g within this distance of 1 is taken for 1. What is left of the residual in that direction has a
// relative error of eps/kUnit.
constexpr double kUnit = 1e-10;

Eigen::Index index(std::size_t i) { return static_cast<Eigen::Index>(i); }

// The sums over clusters from which all results follow.
struct Sums {
  double cr2 = 0, cr3 = 0;
  double trace = 0, square = 0;  // of M, and of its diagonal's squares less those of the rank-q part
};

// One direction p of a cluster: s = |p|^2 is the eigenvalue of H_g; pa = p'a, pw = p'w for the contrast a and w = Q_g'e.
// (1-s)^(-1/2) = 1 + s k2 and (1-s)^(-1) = 1 + s k3, so that the factors s of s k (u'a)(u'w), u = p/sqrt(s), cancel.
struct Direction {
  explicit Direction(double s) {
    if (1 - s < kUnit) return;
    const double root = std::sqrt(1 - s);
    f2 = 1 / root;
    k2 = 1 / (root * (1 + root));
    k3 = 1 / (1 - s);
    kept = true;
  }
  double f2 = 0, k2 = -1, k3 = -1;  // pseudo-inverse: 0 = 1 + s k at s = 1
  bool kept = false;
};

}  // namespace

ClusterRobust::ClusterRobust(std::span<const double> design, std::size_t n, std::size_t q,
                             const std::vector<std::vector<std::size_t>>& clusters)
    : n_(n), q_(q) {
  if (design.size() != n * q || q == 0) throw std::domain_error("cluster-robust: design of wrong size");
  if (!std::all_of(design.begin(), design.end(), [](double x) { return std::isfinite(x); }))
    throw std::domain_error("cluster-robust: design with values that are not finite");
  if (!clusters.empty()) {
    std::vector<bool> seen(n, false);
    std::size_t total = 0;
    for (const std::vector<std::size_t>& cluster : clusters)
      for (const std::size_t row : cluster) {
        if (row >= n || seen[row]) throw std::domain_error("cluster-robust: clusters must contain every row once");
        seen[row] = true;
        ++total;
      }
    if (total != n) throw std::domain_error("cluster-robust: clusters must contain every row once");
  }
  orthonormalise(design);
  if (!singular_ && !clusters.empty()) factor_clusters(clusters);
}

// X scaled = Q R twice: Q = X V L^(-1/2) of the Gram matrix V L V' loses orthogonality by eps/smallest eigenvalue, and the
// second time repairs that.
void ClusterRobust::orthonormalise(std::span<const double> design) {
  singular_ = true;
  // Copies begin on an aligned address, so sums do not depend on where the caller's numbers are in memory.
  const RowMatrix x = Eigen::Map<const RowMatrix>(design.data(), index(n_), index(q_));
  Eigen::VectorXd scale(index(q_));
  for (Eigen::Index j = 0; j < x.cols(); ++j) {
    const double length = n_ == 0 ? 0 : x.col(j).stableNorm();
    if (!(length > 0)) return;
    scale[j] = 1 / length;
  }
  RowMatrix basis = x * scale.asDiagonal();
  Eigen::MatrixXd transform = scale.asDiagonal();
  for (int pass = 0; pass < 2; ++pass) {
    const Solver solver(basis.transpose() * basis);
    const double smallest = solver.eigenvalues()[0];
    if (pass == 0) {
      smallest_ = std::clamp(smallest, 0.0, 1.0);
      if (!(smallest > kSingular)) return;
    }
    const Eigen::MatrixXd step = solver.eigenvectors() * solver.eigenvalues().cwiseSqrt().cwiseInverse().asDiagonal();
    basis = (basis * step).eval();
    transform = (transform * step).eval();
  }
  basis_.assign(basis.data(), basis.data() + basis.size());
  transform_.resize(q_ * q_);
  Eigen::Map<RowMatrix>(transform_.data(), index(q_), index(q_)) = transform;
  singular_ = false;
}

void ClusterRobust::factor_clusters(const std::vector<std::vector<std::size_t>>& clusters) {
  offset_.push_back(0);
  factor_offset_.push_back(0);
  RowMatrix rows;
  const auto basis = Eigen::Map<const RowMatrix>(basis_.data(), index(n_), index(q_));
  for (const std::vector<std::size_t>& cluster : clusters) {
    if (cluster.empty()) continue;
    rows_.insert(rows_.end(), cluster.begin(), cluster.end());
    offset_.push_back(rows_.size());
    rows.resize(index(cluster.size()), index(q_));
    for (std::size_t i = 0; i < cluster.size(); ++i) rows.row(index(i)) = basis.row(index(cluster[i]));
    RowMatrix factor;
    if (cluster.size() == 1) {
      factor = rows;
    } else if (cluster.size() <= q_) {
      factor = Solver(rows * rows.transpose()).eigenvectors().transpose() * rows;
    } else {
      const Solver solver(rows.transpose() * rows);
      factor = solver.eigenvalues().cwiseMax(0).cwiseSqrt().asDiagonal() * solver.eigenvectors().transpose();
    }
    factor_.insert(factor_.end(), factor.data(), factor.data() + factor.size());
    factor_offset_.push_back(factor_.size() / q_);
  }
}

ClusterRobust::Contrast ClusterRobust::contrast(std::span<const double> c, std::span<const double> residuals) const {
  if (c.size() != q_ || residuals.size() != n_) throw std::domain_error("cluster-robust: contrast of wrong size");
  if (singular_) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    return {nan, nan, nan, nan};
  }
  // c'b = a'Q'y.
  const RowMatrix transform = Eigen::Map<const RowMatrix>(transform_.data(), index(q_), index(q_));
  const Eigen::VectorXd wanted = Eigen::Map<const Eigen::VectorXd>(c.data(), index(q_));
  const Eigen::VectorXd a = transform.transpose() * wanted;
  const auto basis = Eigen::Map<const RowMatrix>(basis_.data(), index(n_), index(q_));
  Sums sums;
  Eigen::MatrixXd shared = Eigen::MatrixXd::Zero(index(q_), index(q_));  // sum_g z_g z_g'; M = diag(d) - Z'Z
  Eigen::VectorXd w(index(q_)), z(index(q_)), p(index(q_));
  const std::size_t n_clusters = offset_.empty() ? n_ : offset_.size() - 1;
  for (std::size_t g = 0; g < n_clusters; ++g) {
    if (offset_.empty()) {
      w = basis.row(index(g)).transpose() * residuals[g];
    } else {
      w.setZero();
      for (std::size_t k = offset_[g]; k < offset_[g + 1]; ++k)
        w += basis.row(index(rows_[k])).transpose() * residuals[rows_[k]];
    }
    const std::size_t first = offset_.empty() ? g : factor_offset_[g];
    const std::size_t last = offset_.empty() ? g + 1 : factor_offset_[g + 1];
    double score2 = a.dot(w), score3 = score2, diagonal = 0;
    z.setZero();
    for (std::size_t j = first; j < last; ++j) {
      const double* values = (offset_.empty() ? basis_ : factor_).data() + j * q_;
      p = Eigen::Map<const Eigen::VectorXd>(values, index(q_));
      const Direction direction(p.squaredNorm());
      const double pa = p.dot(a), pw = p.dot(w);
      score2 += direction.k2 * pa * pw;
      score3 += direction.k3 * pa * pw;
      z += direction.f2 * pa * p;
      if (direction.kept) diagonal += pa * pa;
    }
    sums.cr2 += score2 * score2;
    sums.cr3 += score3 * score3;
    sums.trace += diagonal;
    const double length = z.squaredNorm();
    sums.square += diagonal * diagonal - length * length;
    for (Eigen::Index j = 0; j < z.size(); ++j) shared.col(j).tail(z.size() - j) += z[j] * z.tail(z.size() - j);
  }
  const Eigen::MatrixXd full = shared.selfadjointView<Eigen::Lower>();
  const double square = sums.square + full.squaredNorm();
  // Below the rounding of its terms, M is 0.
  const bool judged = sums.trace > static_cast<double>(q_) * kEps * a.squaredNorm() && square > 0;
  return {a.squaredNorm(), sums.cr2, sums.cr3, judged ? sums.trace * sums.trace / square : 0};
}

}  // namespace phaselaw::numerics
