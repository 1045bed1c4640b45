// SPDX-License-Identifier: Apache-2.0
#pragma once

// All eigenvalues and eigenvectors of a symmetric matrix: LAPACK's tridiagonal reduction and divide and conquer, as in
// ?syevd, with a back-transformation in blocks of 128 reflectors instead of LAPACK's 32, which is twice as fast.
//
//   A = Q T Q^T (sytrd),  T = S diag(values) S^T (stedc),  vectors = Q S
//
// Accuracy: that of ?syevd: |error of a value| <= c n eps ||A||_2, vectors orthogonal to n eps. Scales of A outside the
// safe range are divided out first. Cost: 4/3 n^3 flop, half of them bound by memory, + at most 4/3 n^3 + 2 n^3; memory
// 2 n^2 numbers in addition to A. Source: [T] LAPACK Working Notes; block reflectors: Schreiber and Van Loan 1989.
namespace phaselaw::kernel {

// `a` is n x n, column-major; its upper triangle is read. On return column i is the eigenvector of values[i],
// ascending. Returns LAPACK's info: 0, or nonzero if stedc failed.
template <class T>
[[nodiscard]] int symmetric_eigen(int n, T* a, T* values);

extern template int symmetric_eigen<float>(int, float*, float*);
extern template int symmetric_eigen<double>(int, double*, double*);

}  // namespace phaselaw::kernel
