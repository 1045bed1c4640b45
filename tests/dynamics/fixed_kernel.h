// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "phaselaw/dynamics/closed_form.h"
#include "phaselaw/numerics/matrix.h"
#include "phaselaw/numerics/random.h"

// Random kernels with training and test rows of one positive semi-definite matrix, and the plain routes that the fast
// ones are tested against.
namespace phaselaw::testing {

using Doubles = std::vector<double>;

inline std::span<const double> view(const numerics::Vector<double>& x) {
  return {x.data(), static_cast<std::size_t>(x.size())};
}

inline numerics::Matrix<double> normal_matrix(Eigen::Index rows, Eigen::Index cols, std::uint64_t seed,
                                              std::string_view purpose) {
  numerics::RandomStream stream(seed, purpose);
  numerics::Matrix<double> m(rows, cols);
  for (double& x : m.reshaped<Eigen::RowMajor>()) x = stream.normal();
  return m;
}

struct FixedKernel {
  std::int64_t n = 0;                    // sequences
  numerics::Matrix<double> train, test;  // M x M, Q x M
  numerics::Vector<double> targets, initial, test_targets, test_initial;
};

// H = J J^T / P over M + Q rows: of rank min(P, M). P = 3 M has a condition number of about 14.
inline FixedKernel fixed_kernel(std::int64_t n, std::int64_t per_sequence, std::int64_t parameters,
                                std::uint64_t seed = 1, std::int64_t test_rows = 5) {
  const Eigen::Index rows = n * per_sequence;
  const auto j = normal_matrix(rows + test_rows, parameters, seed, "test/jacobian");
  FixedKernel k;
  k.n = n;
  const numerics::Matrix<double> all = j * j.transpose() / static_cast<double>(parameters);
  k.train = all.topLeftCorner(rows, rows);
  k.test = all.bottomLeftCorner(test_rows, rows);
  k.targets = normal_matrix(rows, 1, seed, "test/targets");
  k.initial = normal_matrix(rows, 1, seed, "test/initial");
  k.test_targets = normal_matrix(test_rows, 1, seed, "test/test targets");
  k.test_initial = normal_matrix(test_rows, 1, seed, "test/test initial");
  return k;
}

inline dynamics::ClosedForm solved(const FixedKernel& k) { return {k.train, k.n, view(k.targets), view(k.initial)}; }

// exp(A) by Taylor with scaling and squaring: relative error about 2^s eps, 2^s = 4 ||A||.
inline numerics::Matrix<double> matrix_exponential(const numerics::Matrix<double>& a) {
  const int squarings = std::max(0, std::ilogb(a.norm() + 1e-300) + 3);
  const numerics::Matrix<double> small = std::ldexp(1.0, -squarings) * a;
  numerics::Matrix<double> term = numerics::Matrix<double>::Identity(a.rows(), a.cols()), sum = term;
  for (int k = 1; k <= 18; ++k) {
    term = term * small / k;
    sum += term;
  }
  for (int k = 0; k < squarings; ++k) sum = sum * sum;
  return sum;
}

// (f(t) - y on training rows, f(x, t) on test rows) of d(r, f_x)/dt = -(2/n) (H r, H_x r).
inline std::pair<numerics::Vector<double>, numerics::Vector<double>> flow_by_exponential(const FixedKernel& k,
                                                                                         double t) {
  const Eigen::Index rows = k.train.rows(), all = rows + k.test.rows();
  numerics::Matrix<double> generator = numerics::Matrix<double>::Zero(all, all);
  generator.topLeftCorner(rows, rows) = k.train;
  generator.bottomLeftCorner(k.test.rows(), rows) = k.test;
  numerics::Vector<double> start(all);
  start << k.initial - k.targets, k.test_initial;
  const numerics::Vector<double> end = matrix_exponential(generator * (-2 * t / static_cast<double>(k.n))) * start;
  return {end.head(rows), end.tail(k.test.rows())};
}

}  // namespace phaselaw::testing
