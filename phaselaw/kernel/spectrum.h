// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phaselaw/kernel/matrix_free.h"
#include "phaselaw/numerics/matrix.h"

// The spectrum of a kernel given as a matrix: H = sum_i h_i v_i v_i^T, h_1 >= h_2 >= ...
//
// Method: LAPACK's divide and conquer (eigenvalues: ?syevd; with vectors: symmetric_eigen.h). |computed - exact| <= c M
// eps ||H||_2, c about 1 [T]. In float, eigenvalues below 1e-7 M lambda_max are noise, so positive definiteness needs
// double. Cost: (4/3) M^3 flop for eigenvalues, about 4 M^3 with eigenvectors; memory 2 M^2 more with eigenvectors,
// O(M) without. Source: [T].
namespace phaselaw::kernel {

// LAPACK counts its workspace, 2 M^2 with eigenvectors, in 32-bit integers.
inline constexpr std::int64_t kMostRowsWithVectors = 32766;

struct Spectrum {
  std::vector<double> eigenvalues;  // descending; null space of a dual included
  double lambda_min = 0, lambda_max = 0;
  double condition_number = 0;  // lambda_max / lambda_min; infinite if lambda_min <= 0 or below noise_floor
  double trace = 0, trace_of_square = 0;
  double effective_rank = 0;       // participation ratio (tr H)^2 / tr H^2: 1 for rank one, M for the identity
  double intrinsic_dimension = 0;  // tr H / lambda_max: 1 .. rank
  double noise_floor = 0;  // M eps lambda_max in the precision of the matrix: smaller eigenvalues are rounding errors
  std::int64_t numerical_rank = 0;  // eigenvalues above noise_floor
};

// Overwrites the matrix (row-major; its lower triangle is read): with `vectors`, row i becomes v_i, in the order of the
// eigenvalues; otherwise it is destroyed. std::domain_error if it is empty, not square, has more than
// kMostRowsWithVectors rows and `vectors`, or contains NaN or infinity.
template <class T>
[[nodiscard]] Spectrum spectrum_in_place(numerics::MatrixView<T> matrix, bool vectors = false);

// Eigenvalues of a matrix that is symmetric to the bit, and is unchanged afterwards, bit for bit: LAPACK destroys one
// triangle and the diagonal, which are restored from the other triangle and a copy of M numbers. Errors as above.
template <class T>
[[nodiscard]] Spectrum spectrum(numerics::MatrixView<T> matrix);

// The statistics of a list of eigenvalues (any order) of a matrix with unit roundoff `eps`.
[[nodiscard]] Spectrum summarise(std::vector<double> eigenvalues, double eps);

// The P x P dual G = J^T J over the selected parameters, P < rows: the same non-zero eigenvalues as H = J J^T.
// rows * P^2 flop (SYRK over sequences) + one VJP per row. Works in double. Memory P^2 doubles.
template <class T>
[[nodiscard]] numerics::Matrix<double> dual_matrix(TangentOperator<T>& op);

// The spectrum of H from that of its dual: rows - P zeros are appended.
template <class T>
[[nodiscard]] Spectrum dual_spectrum(TangentOperator<T>& op);

// (v_i^T y)^2 for row vectors v_i.
[[nodiscard]] std::vector<double> target_coefficients(const numerics::Matrix<double>& vectors,
                                                      std::span<const double> y);

extern template Spectrum spectrum_in_place<float>(numerics::MatrixView<float>, bool);
extern template Spectrum spectrum_in_place<double>(numerics::MatrixView<double>, bool);
extern template Spectrum spectrum<float>(numerics::MatrixView<float>);
extern template Spectrum spectrum<double>(numerics::MatrixView<double>);
extern template numerics::Matrix<double> dual_matrix<float>(TangentOperator<float>&);
extern template numerics::Matrix<double> dual_matrix<double>(TangentOperator<double>&);
extern template Spectrum dual_spectrum<float>(TangentOperator<float>&);
extern template Spectrum dual_spectrum<double>(TangentOperator<double>&);

}  // namespace phaselaw::kernel
