// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/conjugate_gradient.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"

namespace phaselaw::kernel {

namespace {

using Vector = numerics::Vector<double>;

// Number of iterations without a new smallest residual after which the system counts as stagnated; at least `size`.
constexpr std::int64_t kPatience = 50;

std::span<const double> view(const Vector& x) { return {x.data(), static_cast<std::size_t>(x.size())}; }
std::span<double> view(Vector& x) { return {x.data(), static_cast<std::size_t>(x.size())}; }

class Solver {
 public:
  Solver(const SymmetricOperator& op, std::span<const double> y, const ConjugateGradientOptions& options)
      : op_(op), options_(options), y_(Eigen::Map<const Vector>(y.data(), static_cast<Eigen::Index>(y.size()))) {}

  ConjugateGradientResult solve() {
    x_ = best_ = Vector::Zero(op_.size);
    y_norm_ = y_.norm();
    if (!std::isfinite(y_norm_)) {
      stop(SolveStatus::not_finite, "the right-hand side holds NaN or infinity, or its norm overflows");
    } else if (y_norm_ > 0) {
      iterate();
    } else {
      result_.residuals = {0};
      stop(SolveStatus::converged, "the right-hand side is zero");
    }
    if (y_norm_ > 0 && std::isfinite(y_norm_)) verify();
    result_.x.assign(best_.begin(), best_.end());
    return std::move(result_);
  }

 private:
  // Algorithm 9.1 of Saad, with the tests that make it safe.
  void iterate() {
    const auto size = static_cast<double>(op_.size);
    const std::int64_t limit =
        options_.max_iterations > 0 ? options_.max_iterations : std::max<std::int64_t>(100, 10 * op_.size);
    Vector r = y_, z(op_.size), p, ap(op_.size);
    result_.residuals = {1};
    double smallest = 1, largest_curvature = 0;
    std::int64_t since_best = 0;
    precondition(r, z);
    double rz = r.dot(z);
    p = z;
    for (std::int64_t k = 0; k < limit; ++k) {
      if (!std::isfinite(rz)) return stop(SolveStatus::not_finite, "the preconditioner returned NaN or infinity");
      if (rz <= 0) return stop(SolveStatus::indefinite, "the preconditioner is not positive definite");
      product(p, ap);
      const double curvature = p.dot(ap), p_squared = p.squaredNorm();
      if (!std::isfinite(curvature) || !ap.allFinite())
        return stop(SolveStatus::not_finite, "a product with the operator was NaN or infinite");
      // ||A|| is at least ||A p|| / ||p|| for every direction p.
      largest_curvature = std::max(largest_curvature, ap.norm() / std::sqrt(p_squared));
      const double rounding = size * std::numeric_limits<double>::epsilon() * largest_curvature * p_squared;
      if (std::abs(curvature) <= rounding)
        return stop(
            SolveStatus::singular,
            fmt::format(
                "a direction of zero curvature after {} iterations: the matrix is singular and the right-hand side is not in its range; add a ridge",
                k));
      if (curvature < 0)
        return stop(
            SolveStatus::indefinite,
            fmt::format(
                "negative curvature {} of the norm after {} iterations: the matrix is not positive semi-definite; "
                "add a ridge or compute it in double",
                base::format_number(curvature / (largest_curvature * p_squared), 2, base::Notation::power), k));
      const double step = rz / curvature;
      x_ += step * p;
      r -= step * ap;
      const double residual = r.norm() / y_norm_;
      if (!std::isfinite(residual) || !x_.allFinite())
        return stop(SolveStatus::not_finite, "the iteration overflowed; scale the problem");
      result_.residuals.push_back(residual);
      if (residual < smallest) {
        smallest = residual;
        best_ = x_;
        since_best = 0;
      } else if (++since_best > std::max(kPatience, op_.size)) {
        return stop(SolveStatus::stagnated,
                    fmt::format("no smaller residual than {} for {} iterations; add a ridge or a preconditioner",
                                base::format_number(smallest, 2, base::Notation::power), since_best));
      }
      if (residual <= options_.tolerance) return stop(SolveStatus::converged, "");
      precondition(r, z);
      const double next = r.dot(z);
      p = z + (next / rz) * p;
      rz = next;
    }
    stop(SolveStatus::iteration_limit,
         fmt::format("residual {} after {} iterations; raise max_iterations, or add a ridge or a preconditioner",
                     base::format_number(smallest, 2, base::Notation::power), limit));
  }

  // The residual of the answer by its definition. If the recurrence has deviated from it, the status is not converged.
  void verify() {
    Vector ax(op_.size);
    product(best_, ax);
    const double residual = (y_ - ax).norm() / y_norm_;
    result_.residual = std::isfinite(residual) ? residual : 1;
    if (result_.status != SolveStatus::converged) return;
    if (result_.residual <= 2 * options_.tolerance)
      result_.reason =
          fmt::format("residual {} after {} iterations", base::format_number(residual, 2, base::Notation::power),
                      result_.residuals.size() - 1);
    else
      stop(
          SolveStatus::stagnated,
          fmt::format(
              "the recurrence reached {} but the true residual is {}: rounding limits this system; add a ridge, or use a larger tolerance",
              base::format_number(options_.tolerance, 2, base::Notation::power),
              base::format_number(residual, 2, base::Notation::power)));
  }

  void product(const Vector& x, Vector& y) {
    base::throw_if_interrupted();
    op_.apply(view(x), view(y));
    if (options_.ridge > 0) y += options_.ridge * x;
    ++result_.products;
  }

  void precondition(const Vector& r, Vector& z) const {
    if (options_.preconditioner)
      options_.preconditioner(view(r), view(z));
    else
      z = r;
  }

  void stop(SolveStatus status, std::string reason) {
    result_.status = status;
    result_.reason = std::move(reason);
  }

  const SymmetricOperator& op_;
  const ConjugateGradientOptions& options_;
  Vector y_, x_, best_;
  double y_norm_ = 0;
  ConjugateGradientResult result_;
};

}  // namespace

ConjugateGradientResult conjugate_gradient(const SymmetricOperator& op, std::span<const double> y,
                                           const ConjugateGradientOptions& options) {
  if (static_cast<std::int64_t>(y.size()) != op.size)
    throw std::domain_error(
        fmt::format("conjugate_gradient: the right-hand side has {} entries, the operator {}", y.size(), op.size));
  if (!(options.tolerance > 0) || !(options.ridge >= 0))
    throw std::domain_error("conjugate_gradient needs tolerance > 0 and ridge >= 0");
  return Solver(op, y, options).solve();
}

}  // namespace phaselaw::kernel
