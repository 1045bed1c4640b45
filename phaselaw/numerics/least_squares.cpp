// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/least_squares.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <Eigen/Core>
#include <Eigen/QR>
#include <Eigen/SVD>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/numerics/least_squares_folded.h"
#include "phaselaw/numerics/least_squares_qr.h"
#include "phaselaw/numerics/matrix.h"

namespace phaselaw::numerics {

namespace {

using base::kInfinity;

void check_problem(const LeastSquaresProblem& problem, std::span<const double> start) {
  PHASELAW_CHECK(problem.n_parameters >= 1 && problem.n_residuals >= 1);
  PHASELAW_CHECK_EQ(start.size(), problem.n_parameters);
  PHASELAW_CHECK(problem.lower.empty() || problem.lower.size() == problem.n_parameters);
  PHASELAW_CHECK(problem.upper.empty() || problem.upper.size() == problem.n_parameters);
  PHASELAW_CHECK(problem.weights.empty() || problem.weights.size() == problem.n_residuals);
  PHASELAW_CHECK(problem.n_plain <= problem.n_residuals);
}

bool held_by_bound(const LeastSquaresProblem& problem, std::size_t j, double p, double gradient) {
  const double room = 1e-9 * std::max(1.0, std::abs(p));
  if (!problem.lower.empty() && p <= problem.lower[j] + room && gradient >= 0) return true;
  return !problem.upper.empty() && p >= problem.upper[j] - room && gradient <= 0;
}

// Fills cost, gradient_norm and jacobian_condition from the residuals and the Jacobian at result.parameters. The columns
// of the Jacobian are then scaled to length 1.
void measure(const LeastSquaresProblem& problem, const Vector<double>& u, Matrix<double>& jacobian,
             LeastSquaresResult& result) {
  const Index rows = u.size(), columns = jacobian.cols();
  result.cost = 0.5 * u.squaredNorm();
  const double residual_norm = u.norm();
  // Residuals at the rounding level of their own evaluation have no meaningful direction: an exact fit.
  const bool exact =
      residual_norm <= 64 * std::numeric_limits<double>::epsilon() * std::sqrt(static_cast<double>(rows));
  bool singular = false;
  result.gradient_norm = 0;
  for (Index j = 0; j < columns; ++j) {
    const double norm = jacobian.col(j).norm();
    if (!(norm > 0)) {
      singular = true;
      continue;
    }
    const double gradient = jacobian.col(j).dot(u) / norm;
    jacobian.col(j) /= norm;
    if (!exact &&
        !held_by_bound(problem, static_cast<std::size_t>(j), result.parameters[static_cast<std::size_t>(j)], gradient))
      result.gradient_norm = std::max(result.gradient_norm, std::abs(gradient) / residual_norm);
  }
  if (rows < columns || singular) {
    result.jacobian_condition = kInfinity;
    return;
  }
  const Eigen::HouseholderQR<Eigen::Ref<Matrix<double>>> qr(jacobian);  // in place
  const Matrix<double> triangle = qr.matrixQR().topRows(columns).triangularView<Eigen::Upper>();
  const Vector<double> singular_values = Eigen::JacobiSVD<Matrix<double>>(triangle).singularValues();
  const double smallest = singular_values.minCoeff();
  result.jacobian_condition = smallest > 0 ? singular_values.maxCoeff() / smallest : kInfinity;
}

void mark_failed(LeastSquaresResult& result) {
  result.gradient_norm = 1;
  result.jacobian_condition = kInfinity;
}

// Where a robust loss is almost linear, the descent on the folded residuals is slow; minimise_small approaches it from
// wide delta.
void polish(const LeastSquaresProblem& problem, const LeastSquaresOptions& options, LeastSquaresResult& result) {
  LeastSquaresWorkspace workspace;
  LeastSquaresResult polished = minimise_small(problem, result.parameters, options, workspace);
  if (polished.status == LeastSquaresStatus::failed || !(polished.cost <= result.cost)) return;
  LeastSquaresResult measured = measure_optimum(problem, polished.parameters, options);
  result.iterations += polished.iterations;
  result.parameters = std::move(measured.parameters);
  result.cost = measured.cost;
  result.gradient_norm = measured.gradient_norm;
  result.jacobian_condition = measured.jacobian_condition;
}

}  // namespace

base::EnumNames<LeastSquaresStatus> enum_names(LeastSquaresStatus) {
  using enum LeastSquaresStatus;
  static constexpr std::pair<std::string_view, LeastSquaresStatus> kNames[] = {
      {"converged", converged}, {"max_iterations", max_iterations}, {"failed", failed}};
  return kNames;
}

RobustValue robust_value(double s, RobustLoss loss, double delta) {
  if (loss == RobustLoss::absolute)
    return s <= delta * delta ? RobustValue{s / delta + delta, 1 / delta}
                              : RobustValue{2 * std::sqrt(s), 1 / std::sqrt(s)};
  if (loss == RobustLoss::none || s <= delta * delta) return {s, 1};
  const double r = std::sqrt(s);
  return {2 * delta * r - delta * delta, delta / r};
}

double robust_loss(double residual, RobustLoss loss, double delta) {
  return robust_value(residual * residual, loss, delta).value;
}

LeastSquaresResult measure_optimum(const LeastSquaresProblem& problem, std::span<const double> parameters,
                                   const LeastSquaresOptions& options) {
  check_problem(problem, parameters);
  base::throw_if_interrupted();
  LeastSquaresResult result;
  result.parameters.assign(parameters.begin(), parameters.end());
  Vector<double> u(static_cast<Index>(problem.n_residuals));
  Matrix<double> jacobian(u.size(), static_cast<Index>(problem.n_parameters));
  if (!FoldedResiduals(problem, options)
           .evaluate(parameters, {u.data(), length(u.size())}, {jacobian.data(), length(jacobian.size())})) {
    mark_failed(result);
    return result;
  }
  measure(problem, u, jacobian, result);
  if (std::isfinite(result.cost) && result.gradient_norm < 1) result.status = LeastSquaresStatus::converged;
  return result;
}

LeastSquaresResult minimise(const LeastSquaresProblem& problem, std::span<const double> start,
                            const LeastSquaresOptions& options) {
  check_problem(problem, start);
  base::throw_if_interrupted();
  LeastSquaresResult result;
  const FoldedResiduals folded(problem, options);
  QrDescent descent(folded, options);
  if (!descent.start(start)) {
    result.parameters = descent.parameters();
    mark_failed(result);
    result.message = "the residuals are not defined at the start";
    return result;
  }
  const QrDescent::End end = descent.descend();
  result.parameters = descent.parameters();
  result.iterations = descent.iterations();
  result.message = reason(end);
  measure(problem, descent.residuals(), descent.jacobian(), result);
  const bool defined = end != QrDescent::End::undefined_around;
  if (defined && result.gradient_norm > options.gradient_tolerance && problem.n_parameters <= kMaxSmallParameters)
    polish(problem, options, result);
  if (result.gradient_norm <= options.gradient_tolerance || end == QrDescent::End::flat ||
      end == QrDescent::End::short_step)
    result.status = LeastSquaresStatus::converged;
  else if (defined)
    result.status = LeastSquaresStatus::max_iterations;
  return result;
}

}  // namespace phaselaw::numerics
