// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/leave_one_out.h"

#include <cmath>
#include <limits>

#include <Eigen/Cholesky>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"

// LAPACK, from OpenBLAS: Cholesky factor and inverse of a symmetric positive definite matrix (column-major).
extern "C" {
void dpotrf_(const char* triangle, const int* n, double* a, const int* lda, int* info);
void dpotri_(const char* triangle, const int* n, double* a, const int* lda, int* info);
}

namespace phaselaw::dynamics {

namespace {

using numerics::Matrix;
using numerics::Vector;

// (H + ridge I)^-1, both triangles.
Matrix<double> regularised_inverse(numerics::ConstMatrixView<double> kernel, double ridge) {
  Matrix<double> a = kernel;
  const double mean_diagonal = a.diagonal().mean(), largest = a.diagonal().maxCoeff() + ridge;
  a.diagonal().array() += ridge;
  const int size = static_cast<int>(a.rows());
  int info = 0;
  dpotrf_("L", &size, a.data(), &size, &info);
  const double floor = static_cast<double>(size) * std::numeric_limits<double>::epsilon() * largest;
  // A pivot is at least the smallest eigenvalue: at the level of rounding the matrix counts as singular.
  const bool singular = info != 0 || a.diagonal().array().square().minCoeff() <= floor;
  if (singular)
    throw base::InputError(fmt::format(
        "leave-one-out: the kernel plus ridge {} is singular to rounding ({} rows); use a ridge of {} or more", ridge,
        size, base::format_number(1e-6 * (mean_diagonal > 0 ? mean_diagonal : 1.0), 2, base::Notation::power)));
  dpotri_("L", &size, a.data(), &size, &info);
  PHASELAW_CHECK_EQ(info, 0);
  a.triangularView<Eigen::StrictlyLower>() = a.transpose();  // LAPACK's lower triangle is this matrix's upper one
  return a;
}

}  // namespace

HeldOutRisk leave_out_ridge(const SequenceProblem& problem, double ridge, const Folds& folds) {
  validate(problem);
  validate(folds, problem.n_sequences());
  if (!(ridge >= 0) || !std::isfinite(ridge))
    throw base::InputError(fmt::format("ridge: expected a finite number >= 0, found {}", ridge));
  const Matrix<double> inverse = regularised_inverse(problem.kernel, ridge);
  const Vector<double> alpha = inverse * problem.residual();
  Vector<double> errors = -problem.noise();
  for (const auto& fold : folds) {
    base::throw_if_interrupted();
    const auto rows = rows_of(fold, problem.rows_per_sequence);
    const Matrix<double> block = inverse(rows, rows);
    errors(rows) += block.llt().solve(Vector<double>(alpha(rows)));
  }
  return held_out_risk({errors.data(), static_cast<std::size_t>(errors.size())}, problem.rows_per_sequence);
}

HeldOutRisk leave_one_out_ridge(const SequenceProblem& problem, double ridge) {
  validate(problem);
  return leave_out_ridge(problem, ridge, leave_one_out_folds(problem.n_sequences()));
}

}  // namespace phaselaw::dynamics
