// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/tangent_space.h"

#include <algorithm>
#include <cmath>

#include <Eigen/Eigenvalues>

#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/law_form.h"
#include "phaselaw/fitting/refit.h"
#include "phaselaw/laws/law.h"

namespace phaselaw::fitting {

namespace {

using TangentMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Eigenvalues of the Gram matrix of unit columns that rounding cannot tell from 0.
constexpr double kZeroEigenvalue = 1e-12;

Eigen::Index eigen_index(std::size_t i) { return static_cast<Eigen::Index>(i); }

std::vector<std::size_t> free_coordinates(const Refitter& refitter, const std::vector<double>& theta) {
  std::vector<std::size_t> free;
  for (std::size_t j = 0; j < theta.size(); ++j)
    if (theta[j] > refitter.lower()[j] + 1e-9 && theta[j] < refitter.upper()[j] - 1e-9) free.push_back(j);
  return free;
}

// Orthonormal columns with the span of x; twice, because the first time loses digits to a nearly singular x.
TangentMatrix orthonormal_span(TangentMatrix x) {
  for (Eigen::Index j = 0; j < x.cols(); ++j)
    if (const double length = x.col(j).stableNorm(); length > 0) x.col(j) /= length;
  for (int pass = 0; pass < 2 && x.cols() > 0; ++pass) {
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(x.transpose() * x);
    const Eigen::VectorXd& values = solver.eigenvalues();  // ascending
    const Eigen::Index kept = (values.array() > kZeroEigenvalue).count();
    const Eigen::MatrixXd step =
        solver.eigenvectors().rightCols(kept) * values.tail(kept).cwiseSqrt().cwiseInverse().asDiagonal();
    x = (x * step).eval();
  }
  return x;
}

// f_i of every row: the objective's weights and scales, and the law itself if residuals are of the loss.
std::vector<double> row_factors(const Refitter& refitter, const FitOptions& options,
                                const std::vector<double>& log_residual) {
  const LawForm& form = refitter.form();
  std::vector<double> factor(form.n_rows());
  double mean_scale = 0;
  for (const double sd : options.sd) mean_scale += 1 / sd / static_cast<double>(options.sd.size());
  for (std::size_t i = 0; i < factor.size(); ++i) {
    factor[i] = std::sqrt(refitter.weights()[i]);
    if (!options.sd.empty()) factor[i] /= options.sd[i] * mean_scale;
    if (is_raw(options.objective)) factor[i] *= std::exp(form.log_output()[i] - log_residual[i]);
  }
  return factor;
}

}  // namespace

double TangentSpace::leverage(std::size_t i) const {
  double sum = 0;
  for (std::size_t j = 0; j < rank; ++j) sum += basis[i * rank + j] * basis[i * rank + j];
  return sum;
}

void TangentSpace::project_out(std::vector<double>& column) const {
  PHASELAW_CHECK_EQ(column.size(), n_rows());
  if (rank == 0) return;
  // Plain loops, because sums over mapped memory depend on its alignment in the last digits.
  std::vector<double> along(rank);
  for (int pass = 0; pass < 2; ++pass) {
    std::fill(along.begin(), along.end(), 0.0);
    for (std::size_t i = 0; i < column.size(); ++i)
      for (std::size_t j = 0; j < rank; ++j) along[j] += basis[i * rank + j] * column[i];
    for (std::size_t i = 0; i < column.size(); ++i)
      for (std::size_t j = 0; j < rank; ++j) column[i] -= basis[i * rank + j] * along[j];
  }
}

std::optional<TangentSpace> tangent_space(const Fit& fit, const tables::Measurements& data, const FitOptions& options) {
  if (fit.value.empty()) return std::nullopt;
  FitOptions squares = options;
  squares.objective = is_raw(options.objective) ? Objective::l2_raw : Objective::l2;
  const LawForm form(fit.law, data, fit.fixed, {}, options.room_above(data.output));
  Refitter refitter(form, squares);
  const numerics::LeastSquaresResult optimum = refitter.solve(form.theta(fit.value));
  if (optimum.status == numerics::LeastSquaresStatus::failed) return std::nullopt;
  const std::vector<double>& theta = optimum.parameters;
  const std::size_t n = form.n_rows(), k = theta.size();
  std::vector<double> residual(n), jacobian(n * k);
  refitter.residuals(theta, residual, jacobian);
  const std::vector<double> factor = row_factors(refitter, squares, refitter.log_residuals(theta));

  TangentSpace space;
  for (std::size_t i = 0; i < n; ++i)
    if (refitter.weights()[i] > 0) space.rows.push_back(i);
  const std::vector<std::size_t> free = free_coordinates(refitter, theta);
  TangentMatrix x(eigen_index(space.n_rows()), eigen_index(free.size()));
  for (std::size_t i = 0; i < space.n_rows(); ++i) {
    const std::size_t row = space.rows[i];
    const double weight = std::sqrt(refitter.weights()[row]);
    space.factor.push_back(factor[row]);
    space.residual.push_back(weight * residual[row]);
    for (std::size_t j = 0; j < free.size(); ++j)
      x(eigen_index(i), eigen_index(j)) = weight * jacobian[row * k + free[j]];
  }
  if (!x.allFinite()) return std::nullopt;
  x = orthonormal_span(std::move(x));
  space.rank = static_cast<std::size_t>(x.cols());
  space.basis.assign(x.data(), x.data() + x.size());
  space.project_out(space.residual);
  for (const double e : space.residual) space.squares += e * e;
  return space;
}

}  // namespace phaselaw::fitting
