// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/least_squares_qr.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/interrupt.h"

namespace phaselaw::numerics {

namespace {

// The least damping of a unit column keeps the step finite where the Jacobian is singular to double precision.
constexpr double kLeastDamping = 1e-15;
constexpr double kLeastFactor = 1e-40;  // of mu, far below kLeastDamping: the longest column may have been much longer

}  // namespace

QrDescent::QrDescent(const FoldedResiduals& folded, const LeastSquaresOptions& options)
    : folded_(folded),
      problem_(folded.problem()),
      options_(options),
      k_(static_cast<Index>(problem_.n_parameters)),
      p_(problem_.n_parameters),
      next_(p_),
      held_(p_.size()),
      fixed_(p_.size()),
      scale_(k_),
      longest_(Vector<double>::Zero(k_)),
      c_(k_),
      y_(k_),
      model_(k_),
      stacked_(2 * k_, k_ + 1),
      triangle_(k_, k_),
      stacked_qr_(2 * k_, k_ + 1) {
  const auto n = static_cast<Index>(problem_.n_residuals);
  u_.resize(n);
  next_u_.resize(n);
  jacobian_.resize(n, k_);
  next_jacobian_.resize(n, k_);
  tall_.resize(n, k_ + 1);
  tall_qr_ = Eigen::HouseholderQR<Eigen::MatrixXd>(n, k_ + 1);
}

bool QrDescent::evaluate(std::span<const double> p, Vector<double>& u, Matrix<double>& jacobian) const {
  return folded_.evaluate(p, {u.data(), length(u.size())}, {jacobian.data(), length(jacobian.size())}) &&
         std::isfinite(u.squaredNorm()) && std::isfinite(jacobian.squaredNorm());
}

bool QrDescent::start(std::span<const double> start) {
  for (std::size_t j = 0; j < p_.size(); ++j) {
    p_[j] = start[j];
    if (!problem_.lower.empty()) p_[j] = std::max(p_[j], problem_.lower[j]);
    if (!problem_.upper.empty()) p_[j] = std::min(p_[j], problem_.upper[j]);
  }
  if (!evaluate(p_, u_, jacobian_)) return false;
  cost_ = 0.5 * u_.squaredNorm();
  return true;
}

// R, c and the scale at p, and the coordinates that a bound holds.
void QrDescent::linearise() {
  for (Index j = 0; j < k_; ++j) {
    const double norm = jacobian_.col(j).norm();
    longest_[j] = std::max(longest_[j], norm);
    scale_[j] = norm > 0 ? norm : longest_[j] > 0 ? longest_[j] : 1;
    tall_.col(j) = jacobian_.col(j) / scale_[j];
  }
  tall_.col(k_) = u_;
  tall_qr_.compute(tall_);
  const Index rank = std::min(u_.size(), k_);
  triangle_.setZero();
  c_.setZero();
  for (Index j = 0; j < k_; ++j) {
    const Index rows = std::min(j + 1, rank);
    triangle_.col(j).head(rows) = tall_qr_.matrixQR().col(j).head(rows);
  }
  c_.head(rank) = tall_qr_.matrixQR().col(k_).head(rank);
  for (Index j = 0; j < k_; ++j) {
    const double slope = triangle_.col(j).head(j + 1).dot(c_.head(j + 1));
    const auto at = static_cast<std::size_t>(j);
    held_[at] = (!problem_.lower.empty() && p_[at] <= problem_.lower[at] && slope >= 0) ||
                (!problem_.upper.empty() && p_[at] >= problem_.upper[at] && slope <= 0);
  }
}

// y of the coordinates that are not fixed; those that are keep theirs.
void QrDescent::solve(double damping) {
  stacked_.setZero();
  stacked_.col(k_).head(k_) = -c_;
  for (Index j = 0; j < k_; ++j) {
    if (fixed_[static_cast<std::size_t>(j)]) {
      stacked_.col(k_).head(k_) -= triangle_.col(j) * y_[j];
      stacked_(k_ + j, j) = 1;
    } else {
      stacked_.col(j).head(k_) = triangle_.col(j);
      const double ratio = longest_[j] / scale_[j];
      stacked_(k_ + j, j) = std::sqrt(std::max(kLeastDamping, damping * ratio * ratio));
    }
  }
  stacked_qr_.compute(stacked_);
  const Eigen::MatrixXd& qr = stacked_qr_.matrixQR();
  for (Index j = k_; j-- > 0;) {
    if (fixed_[static_cast<std::size_t>(j)]) continue;
    double rest = qr(j, k_);
    for (Index i = j + 1; i < k_; ++i)
      if (!fixed_[static_cast<std::size_t>(i)]) rest -= qr(j, i) * y_[i];
    y_[j] = rest / qr(j, j);
  }
}

// next_ from y, within the bounds. Returns the decrease of F that the linear model predicts.
double QrDescent::propose(double damping) {
  fixed_ = held_;
  y_.setZero();
  next_ = p_;
  for (bool crossed = true; crossed;) {
    solve(damping);
    crossed = false;
    for (std::size_t j = 0; j < p_.size(); ++j) {
      if (fixed_[j]) continue;
      double& y = y_[static_cast<Index>(j)];
      const double scale = scale_[static_cast<Index>(j)];
      next_[j] = p_[j] + y / scale;
      const double lower = problem_.lower.empty() ? -base::kInfinity : problem_.lower[j];
      const double upper = problem_.upper.empty() ? base::kInfinity : problem_.upper[j];
      if (next_[j] >= lower && next_[j] <= upper) continue;
      next_[j] = next_[j] < lower ? lower : upper;
      y = (next_[j] - p_[j]) * scale;
      fixed_[j] = true;
      crossed = true;
    }
  }
  model_.noalias() = triangle_ * y_;
  return -(model_.dot(c_) + 0.5 * model_.squaredNorm());
}

void QrDescent::accept() {
  p_.swap(next_);
  u_.swap(next_u_);
  jacobian_.swap(next_jacobian_);
}

QrDescent::End QrDescent::descend() {
  double damping = std::max(options_.first_damping, kLeastFactor), growth = 2;
  bool defined = false;  // at any point that was tried since the last accepted one
  linearise();
  while (iterations_ < options_.max_iterations) {
    base::throw_if_interrupted();
    ++iterations_;
    const double predicted = propose(damping);
    double step = 0, size = 0;
    for (std::size_t j = 0; j < p_.size(); ++j) {
      const double scale = scale_[static_cast<Index>(j)];
      step = std::hypot(step, (next_[j] - p_[j]) * scale);
      size = std::hypot(size, p_[j] * scale);
    }
    const bool evaluated = std::isfinite(step) && evaluate(next_, next_u_, next_jacobian_);
    defined = defined || evaluated;
    // F - F_next without cancellation.
    const double decrease = evaluated ? 0.5 * (u_ - next_u_).dot(u_ + next_u_) : -base::kInfinity;
    const double little = options_.function_tolerance * cost_;
    if (decrease > 0) {
      const double t = 2 * decrease / predicted - 1;
      damping = std::max(kLeastFactor, damping * (predicted > 0 ? std::clamp(1 - t * t * t, 0.1, 2.0) : 2.0));
      growth = 2;
      accept();
      cost_ = 0.5 * u_.squaredNorm();
      linearise();
    } else {
      damping *= growth;
      growth *= 2;
    }
    // A damped step promises little also where much is left, so the last word has the step without damping.
    if (evaluated && std::abs(decrease) <= little && predicted <= little && propose(0) <= 10 * little) return End::flat;
    if (decrease > 0) {
      defined = false;
    } else if (step <= options_.step_tolerance * size || step == 0) {
      return defined ? End::short_step : End::undefined_around;
    }
  }
  return End::out_of_iterations;
}

std::string_view reason(QrDescent::End end) {
  switch (end) {
    case QrDescent::End::flat:
      return "no step lowers F by more than the function tolerance";
    case QrDescent::End::short_step:
      return "no step that is longer than the step tolerance lowers F";
    case QrDescent::End::out_of_iterations:
      return "the iterations were used up";
    case QrDescent::End::undefined_around:
      return "the residuals are not defined beside the best parameters";
  }
  return "";
}

}  // namespace phaselaw::numerics
