// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/symmetric_eigen.h"

#include <gtest/gtest.h>

#include <cmath>

#include <Eigen/Eigenvalues>

#include "phaselaw/numerics/matrix.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::kernel {
namespace {

template <class T>
using Columns = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor>;

template <class T>
Columns<T> random_symmetric(Eigen::Index n, std::uint64_t seed) {
  numerics::RandomStream stream(seed, "test/eigen");
  Columns<T> a(n, n);
  for (auto& x : a.reshaped()) x = static_cast<T>(stream.normal());
  return a + a.transpose().eval();
}

// A V = V D, V^T V = I and Eigen's own values, each to n eps ||A||; sizes about the blocks of 32, 64 and 128.
template <class T>
void expect_eigensystem(const Columns<T>& a) {
  const auto n = static_cast<int>(a.rows());
  Columns<T> v = a;
  Eigen::Matrix<T, Eigen::Dynamic, 1> values(n);
  ASSERT_EQ(symmetric_eigen(n, v.data(), values.data()), 0);
  const auto eps = std::numeric_limits<T>::epsilon();
  const T norm = a.norm(), bound = 10 * static_cast<T>(n) * eps;
  EXPECT_LE((a * v - v * values.asDiagonal()).norm(), bound * norm) << n;
  EXPECT_LE((v.transpose() * v - Columns<T>::Identity(n, n)).norm(), bound * std::sqrt(static_cast<T>(n))) << n;
  const Eigen::SelfAdjointEigenSolver<Columns<T>> plain(a, Eigen::EigenvaluesOnly);
  EXPECT_LE((values - plain.eigenvalues()).norm(), bound * norm) << n;
}

TEST(SymmetricEigen, SizesAboutTheBlocks) {
  for (const Eigen::Index n : {1, 2, 3, 7, 31, 32, 33, 64, 65, 127, 128, 129, 130, 257, 300}) {
    expect_eigensystem<double>(random_symmetric<double>(n, static_cast<std::uint64_t>(n)));
    expect_eigensystem<float>(random_symmetric<float>(n, static_cast<std::uint64_t>(n)));
  }
}

TEST(SymmetricEigen, DegenerateAndDiagonalMatrices) {
  expect_eigensystem<double>(Columns<double>::Zero(140, 140));
  expect_eigensystem<double>(Columns<double>::Identity(140, 140));
  expect_eigensystem<double>(Columns<double>::Ones(140, 140));
  const Columns<double> j = random_symmetric<double>(150, 1).leftCols(9);
  expect_eigensystem<double>(j * j.transpose());  // rank 9
}

TEST(SymmetricEigen, AnyScale) {
  const Columns<double> a = random_symmetric<double>(40, 3);
  Eigen::VectorXd plain(40);
  Columns<double> v = a;
  ASSERT_EQ(symmetric_eigen(40, v.data(), plain.data()), 0);
  for (const int power : {-1000, -600, 600, 1000}) {
    Columns<double> scaled = a * std::ldexp(1.0, power);
    Eigen::VectorXd values(40);
    ASSERT_EQ(symmetric_eigen(40, scaled.data(), values.data()), 0);
    const Eigen::VectorXd back = values * std::ldexp(1.0, -power);
    EXPECT_LE((back - plain).norm(), 400 * std::numeric_limits<double>::epsilon() * plain.norm()) << power;
  }
  // Entries of denormal size are rounded to 2^-1074, here 2^-34.
  Columns<double> denormal = a * 0x1p-1000 * 0x1p-40;
  Eigen::VectorXd values(40);
  ASSERT_EQ(symmetric_eigen(40, denormal.data(), values.data()), 0);
  EXPECT_LE((values * 0x1p1000 * 0x1p40 - plain).norm(), 40 * 0x1p-34);
}

TEST(SymmetricEigen, ReadsTheUpperTriangleOnly) {
  const Columns<double> a = random_symmetric<double>(50, 4);
  Columns<double> whole = a, upper = a;
  upper.triangularView<Eigen::StrictlyLower>().setConstant(NAN);
  Eigen::VectorXd from_whole(50), from_upper(50);
  ASSERT_EQ(symmetric_eigen(50, whole.data(), from_whole.data()), 0);
  ASSERT_EQ(symmetric_eigen(50, upper.data(), from_upper.data()), 0);
  EXPECT_EQ(from_whole, from_upper);
}

}  // namespace
}  // namespace phaselaw::kernel
