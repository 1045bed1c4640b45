// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/l1_fit.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/QR>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"

namespace phaselaw::numerics {

namespace {

using Vec = Eigen::VectorXd;
using Mat = Eigen::MatrixXd;
using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr double kZero = 1e-9;  // of the mean residual: 0 to rounding
constexpr double kCertifiedGap = 1e-10, kCertifiedSlope = 1e-6;
constexpr double kLeastDecrease = 1e-15;  // of F: rounding
constexpr double kCertifiedRadius = 1e-6;
constexpr double kLeastRadius = 1e-13;
constexpr double kDifference = 1e-5;  // step of finite differences, in units of the parameters (below)

Vec vector_of(std::span<const double> x) {
  return Eigen::Map<const Vec>(x.data(), static_cast<Eigen::Index>(x.size()));
}

class L1Fit {
 public:
  L1Fit(const LeastSquaresProblem& problem, std::span<const double> start)
      : problem_(problem), n_(problem.n_residuals), k_(problem.n_parameters) {
    here_.p = trial_.p = vector_of(start);
    for (Point* point : {&here_, &trial_}) {
      point->residual.resize(n_);
      point->jacobian.resize(n_ * k_);
    }
    defined_ = evaluate(here_);
    if (defined_) set_units();
  }

  bool defined() const { return defined_; }

  // One linear problem and, where the box stops it, one step within its zero residuals. False: no further decrease.
  bool step() {
    const LinearL1Result linear = solve_linear(radius_);
    const double promised = here_.cost - linear.cost;
    if (!(promised > kLeastDecrease * here_.cost)) return false;
    const double before = here_.cost;
    double longest = 0;
    for (std::size_t j = 0; j < k_; ++j) longest = std::max(longest, std::abs(linear.step[j]) / unit_[index(j)]);
    const bool stopped = longest >= radius_ * (1 - 1e-9);
    trial_.p = here_.p + vector_of(linear.step);
    const bool lower = evaluate(trial_) && trial_.cost < here_.cost;
    const double share = lower ? (here_.cost - trial_.cost) / promised : 0;
    // The linear problem describes F badly here, or knows no end: the curvature within the zero residuals decides.
    if (stopped || share < 0.25)
      (void)newton_step(linear, lower);
    else
      std::swap(here_, trial_);
    if (share < 0.25)
      radius_ = 0.25 * std::min(longest, radius_);
    else if (share > 0.75 && stopped)
      radius_ = std::min(1.0, 2 * radius_);
    if (radius_ < kLeastRadius) return false;
    return here_.cost < before || share < 0.25;
  }

  L1Result result(int iterations) {
    L1Result out;
    out.iterations = iterations;
    out.parameters.assign(here_.p.begin(), here_.p.end());
    out.cost = here_.cost;
    set_units();
    const double zero = zero_residual();
    for (double& r : here_.residual) {
      if (!(std::abs(r) <= zero)) continue;
      r = 0;
      ++out.n_zero;
    }
    certify(out);
    return out;
  }

 private:
  struct Point {
    Vec p;
    std::vector<double> residual, jacobian;
    double cost = 0;
  };

  static Eigen::Index index(std::size_t i) { return static_cast<Eigen::Index>(i); }
  double weight(std::size_t i) const { return problem_.weights.empty() ? 1 : problem_.weights[i]; }
  double lower(std::size_t j) const { return problem_.lower.empty() ? -HUGE_VAL : problem_.lower[j]; }
  double upper(std::size_t j) const { return problem_.upper.empty() ? HUGE_VAL : problem_.upper[j]; }
  // A copy, because sums over mapped memory depend on its alignment in the last digits.
  Rows jacobian(const Point& point) const {
    return Eigen::Map<const Rows>(point.jacobian.data(), index(n_), index(k_));
  }

  bool evaluate(Point& point) const {
    for (std::size_t j = 0; j < k_; ++j) point.p[index(j)] = std::clamp(point.p[index(j)], lower(j), upper(j));
    if (!problem_.evaluate({point.p.data(), k_}, point.residual, point.jacobian)) return false;
    point.cost = 0;
    for (std::size_t i = 0; i < n_; ++i) point.cost += weight(i) * std::abs(point.residual[i]);
    return std::isfinite(point.cost);
  }

  // The change of each parameter that would change F by its own size.
  void set_units() {
    norm_ = Vec::Zero(index(k_));
    for (std::size_t i = 0; i < n_; ++i)
      for (std::size_t j = 0; j < k_; ++j) norm_[index(j)] += weight(i) * std::abs(here_.jacobian[i * k_ + j]);
    unit_ = Vec::Ones(index(k_));
    for (std::size_t j = 0; j < k_; ++j)
      if (norm_[index(j)] > 0 && here_.cost > 0) unit_[index(j)] = here_.cost / norm_[index(j)];
  }

  // A typical residual, times kZero.
  double zero_residual() const {
    double total = 0;
    for (std::size_t i = 0; i < n_; ++i) total += weight(i);
    return total > 0 ? kZero * here_.cost / total : 0;
  }

  LinearL1Result solve_linear(double radius) const {
    LinearL1Problem linear;
    linear.n_parameters = k_;
    linear.residuals = here_.residual;
    linear.jacobian = here_.jacobian;
    linear.weights = problem_.weights;
    for (std::size_t j = 0; j < k_; ++j) {
      const double room = radius * unit_[index(j)], p = here_.p[index(j)];
      linear.lower.push_back(std::min(0.0, std::max(-room, lower(j) - p)));
      linear.upper.push_back(std::max(0.0, std::min(room, upper(j) - p)));
    }
    return minimise_linear_l1(linear);
  }

  // Whether parameter j is at a bound after the step, so that Newton steps leave it there.
  bool at_bound(std::size_t j, double step) const {
    const double p = here_.p[index(j)] + step;
    return p <= lower(j) || p >= upper(j);
  }

  // sum_i m_i grad r_i at p; empty where the residuals are not defined.
  Vec weighted_gradient(const Vec& p, const Vec& multipliers) {
    probe_.p = p;
    probe_.residual.resize(n_);
    probe_.jacobian.resize(n_ * k_);
    if (!problem_.evaluate({probe_.p.data(), k_}, probe_.residual, probe_.jacobian)) return {};
    return jacobian(probe_).transpose() * multipliers;
  }

  // Newton's method for the stationary point of sum_i m_i r_i where the residuals of the linear problem's vertex are 0.
  // Takes the better of its end and the linear step (`lower`: whether that lowers F), or none.
  bool newton_step(const LinearL1Result& linear, bool lower) {
    const auto decided = [&] {
      if (lower) std::swap(here_, trial_);
      return lower;
    };
    const Rows rows = jacobian(here_);
    Mat normals(index(k_), index(linear.active.size() + k_));
    Vec right(normals.cols());
    Eigen::Index m = 0;
    for (const std::size_t i : linear.active) {
      normals.col(m) = rows.row(index(i)).transpose().cwiseProduct(unit_);
      right[m++] = -here_.residual[i];
    }
    for (std::size_t j = 0; j < k_; ++j) {
      if (!at_bound(j, linear.step[j])) continue;
      normals.col(m) = Vec::Unit(index(k_), index(j));
      right[m++] = linear.step[j] / unit_[index(j)];
    }
    if (m >= index(k_)) return decided();
    normals.conservativeResize(Eigen::NoChange, m);
    Mat q = Mat::Identity(index(k_), index(k_));
    Vec normal_part = Vec::Zero(index(k_));
    if (m > 0) {
      const Eigen::HouseholderQR<Mat> qr(normals);
      q = qr.householderQ() * q;
      const Mat triangle = qr.matrixQR().topRows(m).triangularView<Eigen::Upper>();
      if (!(triangle.diagonal().array().abs() > 0).all()) return decided();
      normal_part = q.leftCols(m) * triangle.transpose().triangularView<Eigen::Lower>().solve(right.head(m)).eval();
    }
    const Mat null_space = q.rightCols(index(k_) - m);
    const Vec multipliers = vector_of(linear.multipliers), base = here_.p + unit_.cwiseProduct(normal_part);
    const Vec slope = weighted_gradient(base, multipliers);
    if (slope.size() == 0) return decided();
    Mat curvature(null_space.cols(), null_space.cols());
    for (Eigen::Index c = 0; c < null_space.cols(); ++c) {
      const Vec move = kDifference * unit_.cwiseProduct(null_space.col(c));
      const Vec after = weighted_gradient(base + move, multipliers),
                before = weighted_gradient(base - move, multipliers);
      if (after.size() == 0 || before.size() == 0) return decided();
      curvature.col(c) = null_space.transpose() * unit_.cwiseProduct(after - before) / (2 * kDifference);
    }
    const Eigen::LLT<Mat> factor(0.5 * (curvature + curvature.transpose()));
    if (factor.info() != Eigen::Success) return decided();
    const Vec move = null_space * factor.solve(-(null_space.transpose() * unit_.cwiseProduct(slope)));
    Point best = trial_;
    trial_.p = base + unit_.cwiseProduct(move);
    const double limit = lower ? best.cost : here_.cost;
    if (evaluate(trial_) && trial_.cost < limit) {
      std::swap(here_, trial_);
      return true;
    }
    trial_ = std::move(best);
    return decided();
  }

  // Multipliers of the linear problem in a box of the size that counts as rounding.
  void certify(L1Result& out) const {
    const LinearL1Result linear = solve_linear(kCertifiedRadius);
    double below = 0;
    for (std::size_t i = 0; i < n_; ++i)
      below += std::clamp(linear.multipliers[i], -weight(i), weight(i)) * here_.residual[i];
    out.gap = here_.cost > 0 ? (here_.cost - below) / here_.cost : 0;
    Vec multipliers(index(n_));
    for (std::size_t i = 0; i < n_; ++i)
      multipliers[index(i)] = std::clamp(linear.multipliers[i], -weight(i), weight(i));
    const Vec slope = jacobian(here_).transpose() * multipliers;
    out.stationarity = 0;
    for (std::size_t j = 0; j < k_; ++j) {
      const double share = norm_[index(j)] > 0 ? slope[index(j)] / norm_[index(j)] : 0;
      if ((here_.p[index(j)] <= lower(j) && share >= 0) || (here_.p[index(j)] >= upper(j) && share <= 0)) continue;
      out.stationarity = std::max(out.stationarity, std::abs(share));
    }
    out.certified = out.gap <= kCertifiedGap && out.stationarity <= kCertifiedSlope;
  }

  const LeastSquaresProblem& problem_;
  std::size_t n_, k_;
  Point here_, trial_, probe_;
  Vec unit_, norm_;
  double radius_ = 1;
  bool defined_ = false;
};

}  // namespace

L1Result minimise_l1(const LeastSquaresProblem& problem, std::span<const double> start, int max_iterations) {
  PHASELAW_CHECK(problem.n_parameters >= 1 && problem.n_parameters <= kMaxSmallParameters);
  PHASELAW_CHECK_EQ(start.size(), problem.n_parameters);
  PHASELAW_CHECK_EQ(problem.n_plain, 0U);
  L1Fit fit(problem, start);
  if (!fit.defined()) {
    L1Result failed;
    failed.parameters.assign(start.begin(), start.end());
    return failed;
  }
  int iteration = 0;
  while (iteration < max_iterations && fit.step()) {
    base::throw_if_interrupted();
    ++iteration;
  }
  return fit.result(iteration);
}

}  // namespace phaselaw::numerics
