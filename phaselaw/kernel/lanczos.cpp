// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/lanczos.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <Spectra/SymEigsSolver.h>
#include <Eigen/Eigenvalues>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::kernel {

namespace {

using Vector = numerics::Vector<double>;
using ColumnMatrix = Eigen::MatrixXd;

constexpr std::int64_t kDenseSize = 64;

struct NotFinite {};

// scale A + shift I: Lanczos on it sees the same Krylov space, and the wanted end of the spectrum is always the top.
class Shifted {
 public:
  using Scalar = double;
  Shifted(const SymmetricOperator& op, double scale, double shift) : op_(op), scale_(scale), shift_(shift) {}

  [[nodiscard]] Eigen::Index rows() const { return op_.size; }
  [[nodiscard]] Eigen::Index cols() const { return op_.size; }

  void perform_op(const double* x, double* y) const {
    const auto size = static_cast<std::size_t>(op_.size);
    op_.apply({x, size}, {y, size});
    double sum = 0;
    for (std::size_t i = 0; i < size; ++i) sum += y[i] = scale_ * y[i] + shift_ * x[i];
    if (!std::isfinite(sum)) throw NotFinite{};
  }

 private:
  const SymmetricOperator& op_;
  double scale_, shift_;
};

// Hands out what Spectra keeps when it stops early: the basis V and the small matrix V^T A V.
class StoppedEarly : public Spectra::SymEigsSolver<Shifted> {
 public:
  using Spectra::SymEigsSolver<Shifted>::SymEigsSolver;
  [[nodiscard]] ColumnMatrix basis() const { return m_fac.matrix_V(); }
  [[nodiscard]] ColumnMatrix projected() const { return m_fac.matrix_H(); }
};

// Ritz pairs, top first, from a basis and the projected matrix.
void ritz_pairs(const ColumnMatrix& basis, const ColumnMatrix& projected, std::int64_t count, ColumnMatrix& vectors) {
  const Eigen::SelfAdjointEigenSolver<ColumnMatrix> small(projected);
  vectors = basis * small.eigenvectors().rightCols(count).rowwise().reverse();
}

// The top of a small operator, from its matrix.
void solve_densely(const Shifted& shifted, std::int64_t count, ColumnMatrix& vectors, ExtremeEigenvalues& result) {
  const Eigen::Index size = shifted.rows();
  ColumnMatrix matrix(size, size);
  const ColumnMatrix unit = ColumnMatrix::Identity(size, size);
  for (Eigen::Index i = 0; i < size; ++i) shifted.perform_op(unit.col(i).data(), matrix.col(i).data());
  ritz_pairs(unit, (matrix + matrix.transpose()) / 2, count, vectors);
  result.products = size;
}

// False when the iteration limit came before the estimates of the residuals were within tolerance.
bool iterate(Shifted& shifted, const LanczosOptions& options, std::int64_t count, ColumnMatrix& vectors,
             ExtremeEigenvalues& result) {
  const std::int64_t size = shifted.rows();
  const std::int64_t wanted = options.subspace > 0 ? options.subspace : std::max<std::int64_t>(2 * count + 10, 30);
  StoppedEarly solver(shifted, count, std::min(size, std::max(wanted, count + 1)));
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
void measure_pairs(const SymmetricOperator& op, const ColumnMatrix& vectors, ExtremeEigenvalues& result) {
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

void judge(const LanczosOptions& options, double shift, bool estimates_converged, ExtremeEigenvalues& result) {
  double largest = std::abs(shift);
  for (const double value : result.values) largest = std::max(largest, std::abs(value));
  const double worst = *std::max_element(result.residuals.begin(), result.residuals.end());
  if (worst <= options.tolerance * largest) {
    result.status = LanczosStatus::converged;
    result.reason = fmt::format("all {} residuals within {:.1e} of the largest eigenvalue", result.values.size(),
                                options.tolerance);
  } else if (estimates_converged) {
    result.status = LanczosStatus::limited_by_rounding;
    result.reason = fmt::format(
        "residual {:.1e} of the largest eigenvalue, tolerance {:.1e}: the products are not "
        "accurate enough; use double, or a tolerance above this residual",
        worst / largest, options.tolerance);
  } else {
    result.status = LanczosStatus::iteration_limit;
    result.reason = fmt::format(
        "residual {:.1e} of the largest eigenvalue after {} restarts, tolerance {:.1e}; raise "
        "restarts or subspace",
        worst / largest, result.restarts, options.tolerance);
  }
}

ExtremeEigenvalues run(const SymmetricOperator& op, const LanczosOptions& options, double scale, double shift) {
  ExtremeEigenvalues result;
  Shifted shifted(op, scale, shift);
  const std::int64_t count = std::min(options.count, op.size);
  ColumnMatrix vectors;
  bool estimates_converged = true;
  if (op.size <= kDenseSize || count >= op.size)
    solve_densely(shifted, count, vectors, result);
  else
    estimates_converged = iterate(shifted, options, count, vectors, result);
  measure_pairs(op, vectors, result);
  judge(options, shift, estimates_converged, result);
  return result;
}

ExtremeEigenvalues guarded(const SymmetricOperator& op, const LanczosOptions& options, bool largest) {
  if (op.size < 1 || options.count < 1) throw std::domain_error("Lanczos needs a non-empty operator and count >= 1");
  try {
    if (largest) return run(op, options, 1, 0);
    LanczosOptions rough = options;
    rough.count = 1;
    rough.tolerance = 1e-2;
    const ExtremeEigenvalues top = run(op, rough, 1, 0);
    ExtremeEigenvalues result = run(op, options, -1, std::abs(top.values[0]));
    result.products += top.products;
    return result;
  } catch (const NotFinite&) {
    ExtremeEigenvalues failed;
    failed.status = LanczosStatus::not_finite;
    failed.reason = "a product with the operator was NaN or infinite; check weights and inputs";
    return failed;
  }
}

}  // namespace

ExtremeEigenvalues largest_eigenvalues(const SymmetricOperator& op, const LanczosOptions& options) {
  return guarded(op, options, true);
}

ExtremeEigenvalues smallest_eigenvalues(const SymmetricOperator& op, const LanczosOptions& options) {
  return guarded(op, options, false);
}

}  // namespace phaselaw::kernel
