// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/least_squares.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ceres/cost_function.h>
#include <ceres/problem.h>
#include <ceres/solver.h>
#include <glog/logging.h>
#include <Eigen/Core>
#include <Eigen/QR>
#include <Eigen/SVD>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"
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

// The problem with the robust loss folded in: u_i = sign(r_i) sqrt(w_i rho(r_i^2)), du_i/dp = sqrt(w_i / rho) rho'
// |r_i| dr_i/dp. Against Ceres' own loss functions, which take one residual block a row, this is one block, and its
// Gauss-Newton matrix is closer to the true Hessian where rho is concave.
class FoldedCost final : public ceres::CostFunction {
 public:
  FoldedCost(const LeastSquaresProblem& problem, const LeastSquaresOptions& options)
      : problem_(problem), options_(options) {
    set_num_residuals(static_cast<int>(problem.n_residuals));
    mutable_parameter_block_sizes()->push_back(static_cast<int>(problem.n_parameters));
  }

  bool Evaluate(double const* const* parameters, double* residuals, double** jacobians) const override {
    if (base::interrupted()) return false;  // Ceres then ends
    const std::size_t rows = problem_.n_residuals, columns = problem_.n_parameters;
    double* jacobian = jacobians != nullptr ? jacobians[0] : nullptr;
    if (!problem_.evaluate({parameters[0], columns}, {residuals, rows},
                           jacobian != nullptr ? std::span<double>{jacobian, rows * columns} : std::span<double>{}))
      return false;
    for (std::size_t i = 0; i < rows; ++i) {
      const double r = residuals[i];
      const double weight = problem_.weights.empty() ? 1 : std::sqrt(problem_.weights[i]);
      const RobustLoss loss = i < rows - problem_.n_plain ? options_.loss : RobustLoss::none;
      const RobustValue rho = robust_value(r * r, loss, options_.delta);
      if (!std::isfinite(rho.value)) return false;
      const double root = std::sqrt(rho.value);
      residuals[i] = weight * std::copysign(root, r);
      if (jacobian == nullptr) continue;
      const double factor = weight * (root > 0 ? rho.derivative * std::abs(r) / root : 1);
      for (std::size_t j = 0; j < columns; ++j) jacobian[i * columns + j] *= factor;
    }
    return true;
  }

 private:
  const LeastSquaresProblem& problem_;
  const LeastSquaresOptions& options_;
};

bool held_by_bound(const LeastSquaresProblem& problem, std::size_t j, double p, double gradient) {
  const double room = 1e-9 * std::max(1.0, std::abs(p));
  if (!problem.lower.empty() && p <= problem.lower[j] + room && gradient >= 0) return true;
  return !problem.upper.empty() && p >= problem.upper[j] - room && gradient <= 0;
}

// Fills gradient_norm and jacobian_condition at result.parameters.
void measure_optimum(const LeastSquaresProblem& problem, const FoldedCost& cost, LeastSquaresResult& result) {
  const auto rows = static_cast<Index>(problem.n_residuals), columns = static_cast<Index>(problem.n_parameters);
  Vector<double> u(rows);
  Matrix<double> jacobian(rows, columns);
  const double* parameters = result.parameters.data();
  double* jacobian_data = jacobian.data();
  if (!cost.Evaluate(&parameters, u.data(), &jacobian_data)) {
    base::throw_if_interrupted();
    result.gradient_norm = 1;
    result.jacobian_condition = kInfinity;
    return;
  }
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

std::vector<double> inside_bounds(const LeastSquaresProblem& problem, std::span<const double> start) {
  std::vector<double> parameters(start.begin(), start.end());
  for (std::size_t j = 0; j < start.size(); ++j) {
    if (!problem.lower.empty()) parameters[j] = std::max(parameters[j], problem.lower[j]);
    if (!problem.upper.empty()) parameters[j] = std::min(parameters[j], problem.upper[j]);
  }
  return parameters;
}

void mark_failed(LeastSquaresResult& result) {
  result.gradient_norm = 1;
  result.jacobian_condition = kInfinity;
}

// Ceres from `parameters`, which it moves to the best that it finds.
ceres::Solver::Summary solve_by_ceres(const LeastSquaresProblem& problem, const LeastSquaresOptions& options,
                                      FoldedCost& cost, std::vector<double>& parameters) {
  ceres::Problem::Options ownership;
  ownership.cost_function_ownership = ceres::DO_NOT_TAKE_OWNERSHIP;
  ownership.disable_all_safety_checks = true;
  ceres::Problem ceres_problem(ownership);
  ceres_problem.AddResidualBlock(&cost, nullptr, parameters.data());
  for (std::size_t j = 0; j < parameters.size(); ++j) {
    const int index = static_cast<int>(j);
    if (!problem.lower.empty() && problem.lower[j] > -kInfinity)
      ceres_problem.SetParameterLowerBound(parameters.data(), index, problem.lower[j]);
    if (!problem.upper.empty() && problem.upper[j] < kInfinity)
      ceres_problem.SetParameterUpperBound(parameters.data(), index, problem.upper[j]);
  }
  ceres::Solver::Options solver;
  solver.linear_solver_type = ceres::DENSE_QR;
  solver.num_threads = 1;
  solver.logging_type = ceres::SILENT;
  // Ceres logs a step to where residuals are not defined as an error of the program, whatever it is told above.
  [[maybe_unused]] static const int silenced = FLAGS_minloglevel = google::GLOG_FATAL;
  solver.minimizer_progress_to_stdout = false;
  solver.max_num_iterations = options.max_iterations;
  solver.function_tolerance = options.function_tolerance;
  solver.gradient_tolerance = 0;  // Ceres' is absolute; ours is scaled and measured by measure_optimum()
  solver.parameter_tolerance = options.step_tolerance;
  ceres::Solver::Summary summary;
  ceres::Solve(solver, &ceres_problem, &summary);
  return summary;
}

// Ceres projects unconstrained steps onto the box and may stall where a bound holds; an active set does not.
void polish(const LeastSquaresProblem& problem, const LeastSquaresOptions& options, const FoldedCost& cost,
            LeastSquaresResult& result) {
  LeastSquaresWorkspace workspace;
  LeastSquaresResult polished = minimise_small(problem, result.parameters, options, workspace);
  if (polished.status == LeastSquaresStatus::failed || !(polished.cost <= result.cost)) return;
  result.parameters = std::move(polished.parameters);
  result.iterations += polished.iterations;
  measure_optimum(problem, cost, result);
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
  LeastSquaresResult result;
  result.parameters.assign(parameters.begin(), parameters.end());
  measure_optimum(problem, FoldedCost(problem, options), result);
  if (std::isfinite(result.cost) && result.gradient_norm < 1) result.status = LeastSquaresStatus::converged;
  return result;
}

LeastSquaresResult minimise(const LeastSquaresProblem& problem, std::span<const double> start,
                            const LeastSquaresOptions& options) {
  check_problem(problem, start);
  LeastSquaresResult result;
  result.parameters = inside_bounds(problem, start);
  FoldedCost cost(problem, options);
  std::vector<double> first(problem.n_residuals), slopes(problem.n_residuals * problem.n_parameters);
  double* first_jacobian = slopes.data();
  if (const double* at = result.parameters.data(); !cost.Evaluate(&at, first.data(), &first_jacobian)) {
    base::throw_if_interrupted();
    mark_failed(result);
    result.message = "the residuals are not defined at the start";
    return result;
  }
  const ceres::Solver::Summary summary = solve_by_ceres(problem, options, cost, result.parameters);
  base::throw_if_interrupted();
  result.iterations = static_cast<int>(summary.iterations.size());
  result.message = summary.message;
  result.cost = summary.final_cost;
  if (summary.termination_type == ceres::FAILURE || !std::isfinite(summary.final_cost)) {
    mark_failed(result);
    return result;
  }
  measure_optimum(problem, cost, result);
  if (result.gradient_norm > options.gradient_tolerance && problem.n_parameters <= kMaxSmallParameters)
    polish(problem, options, cost, result);
  const bool stopped = summary.termination_type == ceres::CONVERGENCE;
  result.status = stopped || result.gradient_norm <= options.gradient_tolerance ? LeastSquaresStatus::converged
                                                                                : LeastSquaresStatus::max_iterations;
  return result;
}

}  // namespace phaselaw::numerics
