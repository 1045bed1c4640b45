// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/lanczos.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <Spectra/SymEigsSolver.h>
#include <Eigen/Eigenvalues>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::kernel {

namespace {

using Vector = numerics::Vector<double>;
using ColumnMatrix = Eigen::MatrixXd;

constexpr std::int64_t kDenseSize = 64;

struct NotFinite {};

// The operator in the form that Spectra asks for.
class Products {
 public:
  using Scalar = double;
  explicit Products(const SymmetricOperator& op) : op_(op) {}

  [[nodiscard]] Eigen::Index rows() const { return op_.size; }
  [[nodiscard]] Eigen::Index cols() const { return op_.size; }

  void perform_op(const double* x, double* y) const {
    const auto size = static_cast<std::size_t>(op_.size);
    base::throw_if_interrupted();
    op_.apply({x, size}, {y, size});
    double sum = 0;
    for (std::size_t i = 0; i < size; ++i) sum += y[i];
    if (!std::isfinite(sum)) throw NotFinite{};
  }

 private:
  const SymmetricOperator& op_;
};

// Hands out what Spectra keeps when it stops early: the basis V and the small matrix V^T A V.
class StoppedEarly : public Spectra::SymEigsSolver<Products> {
 public:
  using Spectra::SymEigsSolver<Products>::SymEigsSolver;
  [[nodiscard]] ColumnMatrix basis() const { return m_fac.matrix_V(); }
  [[nodiscard]] ColumnMatrix projected() const { return m_fac.matrix_H(); }
};

// Ritz pairs, top first, from a basis and the projected matrix.
void ritz_pairs(const ColumnMatrix& basis, const ColumnMatrix& projected, std::int64_t count, ColumnMatrix& vectors) {
  const Eigen::SelfAdjointEigenSolver<ColumnMatrix> small(projected);
  vectors = basis * small.eigenvectors().rightCols(count).rowwise().reverse();
}

// The top of a small operator, from its matrix.
void solve_densely(const Products& products, std::int64_t count, ColumnMatrix& vectors, LargestEigenvalues& result) {
  const Eigen::Index size = products.rows();
  ColumnMatrix matrix(size, size);
  const ColumnMatrix unit = ColumnMatrix::Identity(size, size);
  for (Eigen::Index i = 0; i < size; ++i) products.perform_op(unit.col(i).data(), matrix.col(i).data());
  ritz_pairs(unit, (matrix + matrix.transpose()) / 2, count, vectors);
  result.products = size;
}

// False when the iteration limit came before the estimates of the residuals were within tolerance.
bool iterate(Products& products, const LanczosOptions& options, std::int64_t count, ColumnMatrix& vectors,
             LargestEigenvalues& result) {
  const std::int64_t size = products.rows();
  StoppedEarly solver(products, count, std::min(size, std::max<std::int64_t>(2 * count + 10, 30)));
  numerics::RandomStream stream(options.seed, "kernel/lanczos");
  Vector start(size);
  for (auto& x : start) x = stream.normal();
  solver.init(start.data());
  static_cast<void>(solver.compute(Spectra::SortRule::LargestAlge, options.restarts, options.tolerance));
  ritz_pairs(solver.basis(), solver.projected(), count, vectors);
  result.products = solver.num_operations();
  result.restarts = solver.num_iterations();
  return solver.info() == Spectra::CompInfo::Successful;
}

// Values and residuals by their definitions.
void measure_pairs(const SymmetricOperator& op, const ColumnMatrix& vectors, LargestEigenvalues& result) {
  Vector product(op.size);
  const auto size = static_cast<std::size_t>(op.size);
  result.vectors.resize(vectors.cols(), op.size);
  for (Eigen::Index i = 0; i < vectors.cols(); ++i) {
    const auto v = vectors.col(i).normalized().eval();
    op.apply({v.data(), size}, {product.data(), size});
    const double value = v.dot(product);
    result.values.push_back(value);
    result.residuals.push_back((product - value * v).norm());
    result.vectors.row(i) = v.transpose();
  }
  result.products += vectors.cols();
}

void judge(const LanczosOptions& options, bool estimates_converged, LargestEigenvalues& result) {
  double largest = 0;
  for (const double value : result.values) largest = std::max(largest, std::abs(value));
  const double worst = *std::max_element(result.residuals.begin(), result.residuals.end());
  if (worst <= options.tolerance * largest) {
    result.status = LanczosStatus::converged;
    result.reason = fmt::format("all {} residuals within {} of the largest eigenvalue", result.values.size(),
                                base::format_number(options.tolerance, 2, base::Notation::power));
  } else if (estimates_converged) {
    result.status = LanczosStatus::limited_by_rounding;
    result.reason = fmt::format(
        "residual {} of the largest eigenvalue, tolerance {}: the products are not "
        "accurate enough; use double, or a tolerance above this residual",
        base::format_number(worst / largest, 2, base::Notation::power),
        base::format_number(options.tolerance, 2, base::Notation::power));
  } else {
    result.status = LanczosStatus::iteration_limit;
    result.reason = fmt::format(
        "residual {} of the largest eigenvalue after {} restarts, tolerance {}; raise "
        "restarts",
        base::format_number(worst / largest, 2, base::Notation::power), result.restarts,
        base::format_number(options.tolerance, 2, base::Notation::power));
  }
}

}  // namespace

LargestEigenvalues largest_eigenvalues(const SymmetricOperator& op, const LanczosOptions& options) {
  if (op.size < 1 || options.count < 1) throw std::domain_error("Lanczos needs a non-empty operator and count >= 1");
  LargestEigenvalues result;
  Products products(op);
  const std::int64_t count = std::min(options.count, op.size);
  ColumnMatrix vectors;
  bool estimates_converged = true;
  try {
    if (op.size <= kDenseSize || count >= op.size)
      solve_densely(products, count, vectors, result);
    else
      estimates_converged = iterate(products, options, count, vectors, result);
    measure_pairs(op, vectors, result);
    judge(options, estimates_converged, result);
    return result;
  } catch (const NotFinite&) {
    LargestEigenvalues failed;
    failed.status = LanczosStatus::not_finite;
    failed.reason = "a product with the operator was NaN or infinite; check weights and inputs";
    return failed;
  }
}

}  // namespace phaselaw::kernel
