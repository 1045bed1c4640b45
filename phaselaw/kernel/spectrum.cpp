// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/spectrum.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "phaselaw/base/errors.h"
#include "phaselaw/kernel/symmetric_eigen.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/statistics.h"

// LAPACK's own names and conventions (column-major, 32-bit integers), from OpenBLAS.
extern "C" {
void ssyevd_(const char* job, const char* triangle, const int* n, float* a, const int* lda, float* values, float* work,
             const int* lwork, int* iwork, const int* liwork, int* info);
void dsyevd_(const char* job, const char* triangle, const int* n, double* a, const int* lda, double* values,
             double* work, const int* lwork, int* iwork, const int* liwork, int* info);
}

namespace phaselaw::kernel {

namespace {

constexpr std::int64_t kPanel = 512;

void syevd(int n, float* a, float* values, float* work, int lwork, int* iwork, int liwork, int* info) {
  ssyevd_("N", "U", &n, a, &n, values, work, &lwork, iwork, &liwork, info);
}
void syevd(int n, double* a, double* values, double* work, int lwork, int* iwork, int liwork, int* info) {
  dsyevd_("N", "U", &n, a, &n, values, work, &lwork, iwork, &liwork, info);
}

// Destroys a. Returns LAPACK's info.
template <class T>
int eigenvalues_only(int n, T* a, T* values) {
  T wanted = 0;
  int wanted_integers = 0, info = 0;
  syevd(n, a, values, &wanted, -1, &wanted_integers, -1, &info);
  // The size is returned in T, which may have rounded it down.
  const int work_size = std::max(2 * n + 1, static_cast<int>(wanted));
  std::vector<T> work(static_cast<std::size_t>(work_size));
  std::vector<int> integers(static_cast<std::size_t>(wanted_integers));
  syevd(n, a, values, work.data(), work_size, integers.data(), wanted_integers, &info);
  return info;
}

// Restores the diagonal and the lower triangle, which the eigenvalues overwrite, however the scope is left.
template <class T>
class Restored {
 public:
  explicit Restored(numerics::MatrixView<T> matrix)
      : matrix_(matrix), diagonal_(matrix.diagonal().begin(), matrix.diagonal().end()) {}
  ~Restored() {
    const auto n = static_cast<std::int64_t>(diagonal_.size());
    for (std::int64_t i = 0; i < n; ++i) matrix_(i, i) = diagonal_[static_cast<std::size_t>(i)];
    for (std::int64_t rows = 0; rows < n; rows += kTile)  // tiles, so that columns are read from the cache
      for (std::int64_t cols = 0; cols <= rows; cols += kTile)
        for (std::int64_t i = rows; i < std::min(rows + kTile, n); ++i)
          for (std::int64_t j = cols; j < std::min(cols + kTile, i); ++j) matrix_(i, j) = matrix_(j, i);
  }
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;

 private:
  static constexpr std::int64_t kTile = 64;
  numerics::MatrixView<T> matrix_;
  std::vector<T> diagonal_;
};

}  // namespace

Spectrum summarise(std::vector<double> eigenvalues, double eps) {
  if (eigenvalues.empty()) throw std::domain_error("a spectrum needs at least one eigenvalue");
  std::sort(eigenvalues.begin(), eigenvalues.end(), std::greater<>());
  Spectrum s;
  s.lambda_max = eigenvalues.front();
  s.lambda_min = eigenvalues.back();
  const double size = static_cast<double>(eigenvalues.size());
  s.noise_floor = size * eps * std::max(std::abs(s.lambda_max), std::abs(s.lambda_min));
  s.condition_number =
      s.lambda_min > s.noise_floor ? s.lambda_max / s.lambda_min : std::numeric_limits<double>::infinity();
  s.trace = numerics::sum(eigenvalues);
  for (const double h : eigenvalues) {
    s.trace_of_square += h * h;
    s.numerical_rank += h > s.noise_floor ? 1 : 0;
  }
  s.effective_rank = s.trace_of_square > 0 ? s.trace * s.trace / s.trace_of_square : 0;
  s.intrinsic_dimension = s.lambda_max > 0 ? s.trace / s.lambda_max : 0;
  s.eigenvalues = std::move(eigenvalues);
  return s;
}

template <class T>
Spectrum spectrum_in_place(numerics::MatrixView<T> matrix, bool vectors) {
  if (matrix.rows() < 1 || matrix.rows() != matrix.cols())
    throw std::domain_error(
        fmt::format("a spectrum needs a square matrix, found {} x {}", matrix.rows(), matrix.cols()));
  if (vectors && matrix.rows() > kMostRowsWithVectors)
    throw std::domain_error(
        fmt::format("{} rows: LAPACK finds the eigenvectors of at most {}; use lanczos.h, or request eigenvalues only",
                    matrix.rows(), kMostRowsWithVectors));
  if (!matrix.allFinite()) throw std::domain_error("a spectrum needs finite entries, found NaN or infinity");
  const int n = static_cast<int>(matrix.rows());
  std::vector<T> values(static_cast<std::size_t>(n));
  const int info =
      vectors ? symmetric_eigen(n, matrix.data(), values.data()) : eigenvalues_only(n, matrix.data(), values.data());
  if (info != 0) throw base::RunError(fmt::format("LAPACK failed with info = {} on {} rows", info, n));
  // Column i of LAPACK is our row i, in ascending order.
  if (vectors)
    for (Eigen::Index i = 0; i < n / 2; ++i) matrix.row(i).swap(matrix.row(n - 1 - i));
  return summarise({values.begin(), values.end()}, static_cast<double>(std::numeric_limits<T>::epsilon()));
}

template <class T>
Spectrum spectrum(numerics::MatrixView<T> matrix) {
  const Restored<T> restored(matrix);
  return spectrum_in_place<T>(matrix);
}

template <class T>
numerics::Matrix<double> dual_matrix(TangentOperator<T>& op) {
  const std::int64_t size = op.selected_parameters(), rows = op.model().outputs_per_sequence();
  numerics::Matrix<double> dual = numerics::Matrix<double>::Zero(size, size);
  numerics::Matrix<T> jacobian(rows, size);
  numerics::Matrix<double> j;
  for (std::int64_t sequence = 0; sequence < op.rows() / rows; ++sequence) {
    op.jacobian_rows(sequence, {jacobian.data(), rows, size});
    j = jacobian.template cast<double>();
    for (std::int64_t from = 0; from < size; from += kPanel)  // the upper triangle, by panels of rows
      numerics::gemm<double>(numerics::Op::transpose, numerics::Op::none, std::min(kPanel, size - from), size - from,
                             rows, 1.0, j.data() + from, size, j.data() + from, size, 1.0,
                             dual.data() + from * size + from, size);
  }
  dual.template triangularView<Eigen::StrictlyLower>() = dual.transpose();
  return dual;
}

template <class T>
Spectrum dual_spectrum(TangentOperator<T>& op) {
  numerics::Matrix<double> dual = dual_matrix(op);
  Spectrum small = spectrum_in_place<double>({dual.data(), dual.rows(), dual.cols()});
  small.eigenvalues.resize(static_cast<std::size_t>(op.rows()), 0.0);
  return summarise(std::move(small.eigenvalues), static_cast<double>(std::numeric_limits<T>::epsilon()));
}

std::vector<double> target_coefficients(const numerics::Matrix<double>& vectors, std::span<const double> y) {
  PHASELAW_CHECK_EQ(vectors.cols(), static_cast<Eigen::Index>(y.size()));
  const numerics::Vector<double> along =
      vectors * Eigen::Map<const numerics::Vector<double>>(y.data(), static_cast<Eigen::Index>(y.size()));
  std::vector<double> squares(along.begin(), along.end());
  for (double& c : squares) c *= c;
  return squares;
}

template Spectrum spectrum_in_place<float>(numerics::MatrixView<float>, bool);
template Spectrum spectrum_in_place<double>(numerics::MatrixView<double>, bool);
template Spectrum spectrum<float>(numerics::MatrixView<float>);
template Spectrum spectrum<double>(numerics::MatrixView<double>);
template numerics::Matrix<double> dual_matrix<float>(TangentOperator<float>&);
template numerics::Matrix<double> dual_matrix<double>(TangentOperator<double>&);
template Spectrum dual_spectrum<float>(TangentOperator<float>&);
template Spectrum dual_spectrum<double>(TangentOperator<double>&);

}  // namespace phaselaw::kernel
