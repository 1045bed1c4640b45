// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/krylov.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Eigenvalues>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/dynamics/closed_form.h"
#include "phaselaw/numerics/gemm.h"

namespace phaselaw::dynamics {

namespace {

using numerics::Index;
using numerics::Matrix;
using numerics::Vector;

constexpr std::int64_t kDefaultSteps = 1000, kFirstCheck = 8;
constexpr double kEps = std::numeric_limits<double>::epsilon();

// (1 - exp(-x))/x and (x - 1 + exp(-x))/x^2: the first and second integral of exp(-x), over x and x^2; 1 and 1/2 at 0.
double first_integral(double x) { return x > 0 ? -std::expm1(-x) / x : 1; }
double second_integral(double x) {
  if (x > 0.5) return (x + std::expm1(-x)) / (x * x);
  // sum_k (-x)^k/(k+2)!: 14 terms leave 0.5^14/16! < eps.
  double term = 0.5, sum = 0.5;
  for (int k = 1; k < 14; ++k) sum += term *= -x / (k + 2);
  return sum;
}

class Run {
 public:
  Run(const kernel::SymmetricOperator& op, std::span<const double> v, std::span<const double> taus,
      const KrylovOptions& options)
      : op_(op), taus_(taus), options_(options), v_(Eigen::Map<const Vector<double>>(v.data(), op.size)) {}

  KrylovExponential solve() {
    const auto times = taus_.size();
    result_.errors.assign(times, 0);
    result_.integrated_errors.assign(times, 0);
    norm_ = v_.stableNorm();
    if (!v_.allFinite() || !std::isfinite(norm_)) {
      fail(KrylovStatus::not_finite, "the start vector holds NaN or infinity, or its norm overflows");
    } else if (norm_ == 0) {
      result_.decayed = result_.integrated = Matrix<double>::Zero(static_cast<Index>(times), op_.size);
      result_.invariant = true;
      stop(KrylovStatus::converged, "the start vector is zero");
    } else {
      iterate();
    }
    return std::move(result_);
  }

 private:
  void iterate() {
    const std::int64_t limit = std::min(op_.size, options_.max_steps > 0 ? options_.max_steps : kDefaultSteps);
    reserve(std::min<std::int64_t>(limit, 64));
    diagonal_.resize(limit);
    beside_.resize(limit);
    overlap_.resize(limit);
    basis_.row(0) = (v_ / norm_).transpose();
    Vector<double> product(op_.size);
    std::int64_t next_check = kFirstCheck;
    while (steps_ < limit) {
      base::throw_if_interrupted();
      if (!extend(product)) return;
      result_.invariant = steps_ == op_.size || beside_[steps_ - 1] <= rounding();
      const bool last = result_.invariant || steps_ == limit;
      if (last || steps_ == next_check) {
        next_check = steps_ + std::max<std::int64_t>(4, steps_ / 5);
        decompose();
        if (result_.status == KrylovStatus::indefinite) return;
        const bool met = estimate();
        if (met || last) return finish(met);
      }
      if (steps_ == basis_.rows()) reserve(std::min(limit, 2 * steps_));
      basis_.row(steps_) = product.transpose() / beside_[steps_ - 1];
    }
  }

  // Adds a column of T. Leaves the direction that is not yet in the basis in `product`, and its norm in beside_.
  bool extend(Vector<double>& product) {
    const auto size = static_cast<std::size_t>(op_.size);
    op_.apply({basis_.row(steps_).data(), size}, {product.data(), size});
    ++result_.products;
    if (!product.allFinite()) {
      fail(KrylovStatus::not_finite, "a product with the operator was NaN or infinite; check weights and inputs");
      return false;
    }
    diagonal_[steps_] = basis_.row(steps_).dot(product);
    // Two passes suffice (Kahan, Parlett): the basis is then orthogonal to rounding.
    for (int pass = 0; pass < 2; ++pass) {
      const auto known = basis_.topRows(steps_ + 1);
      overlap_.head(steps_ + 1).noalias() = known * product;
      product.noalias() -= known.transpose() * overlap_.head(steps_ + 1);
    }
    beside_[steps_] = product.stableNorm();
    scale_ = std::max({scale_, std::abs(diagonal_[steps_]), beside_[steps_]});
    ++steps_;
    return true;
  }

  [[nodiscard]] double rounding() const { return static_cast<double>(op_.size) * kEps * scale_; }

  // Eigenpairs of T in units of scale_; Ritz values within rounding count as 0, like eigenvalues in closed_form.h.
  void decompose() {
    const double unit = scale_ > 0 ? scale_ : 1;
    small_.computeFromTridiagonal(diagonal_.head(steps_) / unit, beside_.head(steps_ - 1) / unit);
    ritz_ = small_.eigenvalues();
    if (ritz_[0] * unit < -rounding()) {
      fail(KrylovStatus::indefinite,
           fmt::format(
               "the operator has an eigenvalue at or below {} and one of {}, so it is not positive semi-definite",
               base::format_number(ritz_[0] * unit, 2, base::Notation::power),
               base::format_number(ritz_[steps_ - 1] * unit, 2, base::Notation::power)));
      return;
    }
    ritz_ = (ritz_.array() * unit <= rounding()).select(0.0, ritz_);
  }

  // Fills the bounds; true if all meet the tolerance.
  bool estimate() {
    bool met = true;
    const auto& s = small_.eigenvectors();
    for (std::size_t k = 0; k < taus_.size(); ++k) {
      const double tau = taus_[k], unit = scale_ > 0 ? scale_ : 1, span = tau * unit;
      double once = 0, twice = 0, length = 0;
      for (Index j = 0; j < steps_; ++j) {
        const double x = span * ritz_[j], both = s(steps_ - 1, j) * s(0, j);
        once += both * first_integral(x);
        twice += both * second_integral(x);
        length += std::pow(s(0, j) * first_integral(x), 2);
      }
      const double beta = result_.invariant ? 0 : beside_[steps_ - 1] / unit;
      result_.errors[k] = beta * span * std::abs(once);
      result_.integrated_errors[k] = beta * span * std::abs(twice) / std::sqrt(length);
      met = met && result_.errors[k] <= options_.tolerance && result_.integrated_errors[k] <= options_.tolerance;
    }
    return met;
  }

  void finish(bool met) {
    const auto times = static_cast<Index>(taus_.size());
    const double unit = scale_ > 0 ? scale_ : 1;
    Matrix<double> decayed(times, steps_), integrated(times, steps_);
    for (Index k = 0; k < times; ++k) {
      const double tau = taus_[static_cast<std::size_t>(k)], span = tau * unit;
      for (Index j = 0; j < steps_; ++j) {
        const double x = span * ritz_[j], along = norm_ * small_.eigenvectors()(0, j);
        decayed(k, j) = std::exp(-x) * along;
        integrated(k, j) = tau * first_integral(x) * along;
      }
    }
    result_.decayed = in_full(decayed);
    result_.integrated = in_full(integrated);
    if (result_.invariant)
      stop(KrylovStatus::converged, fmt::format("the Krylov space is invariant after {} products", steps_));
    else if (met)
      stop(KrylovStatus::converged,
           fmt::format("all bounds within {} after {} products",
                       base::format_number(options_.tolerance, 2, base::Notation::power), steps_));
    else
      stop(KrylovStatus::iteration_limit,
           fmt::format("bounds up to {} after {} products, tolerance {}; raise max_steps or the tolerance",
                       base::format_number(std::max(*std::max_element(result_.errors.begin(), result_.errors.end()),
                                                    *std::max_element(result_.integrated_errors.begin(),
                                                                      result_.integrated_errors.end())),
                                           2, base::Notation::power),
                       steps_, base::format_number(options_.tolerance, 2, base::Notation::power)));
  }

  // Converts Ritz coordinates to those of the operator.
  [[nodiscard]] Matrix<double> in_full(const Matrix<double>& ritz_coordinates) const {
    const Matrix<double> coordinates = ritz_coordinates * small_.eigenvectors().transpose();
    Matrix<double> full(coordinates.rows(), op_.size);
    numerics::gemm<double>(numerics::Op::none, numerics::Op::none, full.rows(), full.cols(), steps_, 1.0,
                           coordinates.data(), steps_, basis_.data(), op_.size, 0.0, full.data(), op_.size);
    return full;
  }

  void reserve(std::int64_t steps) { basis_.conservativeResize(steps, op_.size); }

  void stop(KrylovStatus status, std::string reason) {
    result_.status = status;
    result_.reason = std::move(reason);
  }
  void fail(KrylovStatus status, std::string reason) {
    result_.decayed.resize(0, 0);
    result_.integrated.resize(0, 0);
    result_.errors.clear();
    result_.integrated_errors.clear();
    result_.invariant = false;
    stop(status, std::move(reason));
  }

  const kernel::SymmetricOperator& op_;
  std::span<const double> taus_;
  const KrylovOptions& options_;
  Vector<double> v_, diagonal_, beside_, ritz_, overlap_;
  double norm_ = 0, scale_ = 0;
  std::int64_t steps_ = 0;
  Matrix<double> basis_;  // row j is the j-th Lanczos vector
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> small_;
  KrylovExponential result_;
};

}  // namespace

KrylovExponential krylov_exponential(const kernel::SymmetricOperator& op, std::span<const double> v,
                                     std::span<const double> taus, const KrylovOptions& options) {
  require_times(taus);
  if (!taus.empty() && std::isinf(taus.back()))
    throw base::InputError(
        "times: infinity cannot be used with a Krylov exponential; use the closed form, or conjugate gradients");
  if (op.size < 1 || static_cast<std::int64_t>(v.size()) != op.size)
    throw base::InputError(
        fmt::format("start vector: expected {} numbers, one per row of the kernel, found {}", op.size, v.size()));
  if (!(options.tolerance > 0))
    throw base::InputError(fmt::format("tolerance: expected a number > 0, found {}", options.tolerance));
  if (options.max_steps < 0)
    throw base::InputError(fmt::format("max_steps: expected a number >= 0, found {}", options.max_steps));
  return Run(op, v, taus, options).solve();
}

KrylovFlow krylov_flow(const kernel::SymmetricOperator& op, std::int64_t n_data, std::span<const double> targets,
                       std::span<const double> initial, std::span<const double> times, const KrylovOptions& options) {
  require_times(times);
  if (n_data < 1) throw base::InputError(fmt::format("n_data: expected at least 1, found {}", n_data));
  if (static_cast<std::int64_t>(targets.size()) != op.size || (!initial.empty() && initial.size() != targets.size()))
    throw base::InputError(
        fmt::format("targets and initial outputs: expected {} numbers each, one per row of the kernel, found {} and {}",
                    op.size, targets.size(), initial.size()));
  const auto n = static_cast<double>(n_data);
  std::vector<double> start(targets.size()), taus;
  for (std::size_t i = 0; i < start.size(); ++i) start[i] = (initial.empty() ? 0 : initial[i]) - targets[i];
  for (const double t : times) taus.push_back(2 * (t / n));
  KrylovExponential found = krylov_exponential(op, start, taus, options);
  KrylovFlow flow;
  flow.outputs = std::move(found.decayed);
  flow.coefficients = std::move(found.integrated);
  flow.errors = std::move(found.errors);
  flow.coefficient_errors = std::move(found.integrated_errors);
  flow.products = found.products;
  flow.status = found.status;
  flow.reason = std::move(found.reason);
  const Eigen::Map<const Vector<double>> wanted(targets.data(), op.size);
  for (Index k = 0; k < flow.outputs.rows(); ++k) {
    flow.losses.push_back(flow.outputs.row(k).squaredNorm() / n);
    flow.outputs.row(k) += wanted.transpose();
  }
  return flow;
}

}  // namespace phaselaw::dynamics
