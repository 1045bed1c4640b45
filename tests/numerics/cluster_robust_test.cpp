// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/cluster_robust.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>
#include <Eigen/Eigenvalues>

#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::numerics {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using Clusters = std::vector<std::vector<std::size_t>>;

Index index(std::size_t i) { return static_cast<Index>(i); }

std::vector<double> row_major(const MatrixXd& x) {
  std::vector<double> out;
  for (Index i = 0; i < x.rows(); ++i)
    for (Index j = 0; j < x.cols(); ++j) out.push_back(x(i, j));
  return out;
}
std::span<const double> view(const VectorXd& x) { return {x.data(), static_cast<std::size_t>(x.size())}; }

Clusters single_rows(std::size_t n) {
  Clusters clusters;
  for (std::size_t i = 0; i < n; ++i) clusters.push_back({i});
  return clusters;
}

// The definitions, with explicit k x k and n x n matrices. Eigenvalues of I - H_g below 1e-8 count as 0.
ClusterRobust::Contrast plain_contrast(const MatrixXd& x, const Clusters& clusters, const VectorXd& c,
                                       const VectorXd& e) {
  const MatrixXd inverse = (x.transpose() * x).inverse();
  const Index n = x.rows();
  const MatrixXd rest = MatrixXd::Identity(n, n) - x * inverse * x.transpose();
  const auto power = [](const MatrixXd& m, double exponent) {
    const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(m);
    const VectorXd values =
        solver.eigenvalues().unaryExpr([&](double v) { return v < 1e-8 ? 0 : std::pow(v, exponent); });
    return MatrixXd(solver.eigenvectors() * values.asDiagonal() * solver.eigenvectors().transpose());
  };
  ClusterRobust::Contrast out;
  out.model_variance = c.dot(inverse * c);
  MatrixXd forms = MatrixXd::Zero(n, index(clusters.size()));
  for (std::size_t g = 0; g < clusters.size(); ++g) {
    const Eigen::Map<const Eigen::Matrix<std::size_t, Eigen::Dynamic, 1>> chosen(clusters[g].data(),
                                                                                 index(clusters[g].size()));
    const MatrixXd block = rest(chosen, chosen);
    const VectorXd lever = x(chosen, Eigen::all) * inverse * c;
    out.cr2 += std::pow(lever.dot(power(block, -0.5) * e(chosen)), 2);
    out.cr3 += std::pow(lever.dot(power(block, -1) * e(chosen)), 2);
    forms.col(index(g)) = rest(Eigen::all, chosen) * power(block, -0.5) * lever;
  }
  const MatrixXd m = forms.transpose() * forms;
  out.dof = m.trace() * m.trace() / (m * m).trace();
  return out;
}

struct Case {
  MatrixXd x;
  Clusters clusters;
  VectorXd c, e;
};

// Any shape: clusters of 1 to 9 rows, columns with units between 1e-6 and 1e6. The residuals are those of a random y.
Case random_case(std::uint64_t index_of_case) {
  RandomStream stream(5, "test/cluster robust", index_of_case);
  const auto q = static_cast<std::size_t>(1 + stream.below(5));
  Case out;
  std::size_t n = 0;
  while (n < 2 * q + 4 || out.clusters.size() < q + 2) {
    out.clusters.emplace_back();
    for (std::size_t left = 1 + stream.below(9); left > 0; --left) out.clusters.back().push_back(n++);
  }
  out.x.resize(index(n), index(q));
  for (Index j = 0; j < out.x.cols(); ++j) {
    const double unit = std::pow(10.0, 12 * stream.uniform() - 6);
    for (Index i = 0; i < out.x.rows(); ++i) out.x(i, j) = unit * (1 + stream.normal());
  }
  out.c.resize(index(q));
  for (Index j = 0; j < out.c.size(); ++j) out.c[j] = stream.normal() * out.x.col(j).norm();
  VectorXd y(index(n));
  for (Index i = 0; i < y.size(); ++i) y[i] = stream.normal();
  out.e = y - out.x * out.x.householderQr().solve(y);
  return out;
}

ClusterRobust::Contrast fast_contrast(const Case& k) {
  const ClusterRobust robust(row_major(k.x), static_cast<std::size_t>(k.x.rows()), static_cast<std::size_t>(k.x.cols()),
                             k.clusters);
  EXPECT_FALSE(robust.singular());
  return robust.contrast(view(k.c), view(k.e));
}

// The plain form inverts X'X without scaling. Columns have units that differ by up to 1e12, so it is given unit columns.
TEST(ClusterRobust, EqualsItsDefinitionForAnyShape) {
  for (std::uint64_t i = 0; i < 200; ++i) {
    const Case k = random_case(i);
    Case unit = k;
    for (Index j = 0; j < k.x.cols(); ++j) {
      unit.x.col(j) /= k.x.col(j).norm();
      unit.c[j] /= k.x.col(j).norm();
    }
    const ClusterRobust::Contrast plain = plain_contrast(unit.x, unit.clusters, unit.c, unit.e);
    const ClusterRobust::Contrast fast = fast_contrast(k);
    // Conditions of X'X up to 1e4 with leverages up to 1 - 1e-3: n eps 1e7.
    constexpr double kTolerance = 1e-8;
    EXPECT_NEAR(fast.model_variance / plain.model_variance, 1, kTolerance) << i;
    EXPECT_NEAR(fast.cr2 / plain.cr2, 1, kTolerance) << i;
    EXPECT_NEAR(fast.cr3 / plain.cr3, 1, kTolerance) << i;
    EXPECT_NEAR(fast.dof / plain.dof, 1, kTolerance) << i;
  }
}

TEST(ClusterRobust, SingleRowsGiveTheSameWithoutAndWithClusters) {
  for (std::uint64_t i = 0; i < 20; ++i) {
    Case k = random_case(i);
    k.clusters = single_rows(static_cast<std::size_t>(k.x.rows()));
    const ClusterRobust::Contrast with = fast_contrast(k);
    k.clusters.clear();
    const ClusterRobust::Contrast without = fast_contrast(k);
    EXPECT_NEAR(with.cr2 / without.cr2, 1, 1e-13);
    EXPECT_NEAR(with.cr3 / without.cr3, 1, 1e-13);
    EXPECT_NEAR(with.dof / without.dof, 1, 1e-13);
  }
}

// The mean of n values: CR2 is s^2/n exactly, and its degrees of freedom are n - 1.
TEST(ClusterRobust, TheMeanOfIndependentValuesHasTheClassicalVariance) {
  const std::vector<double> ones(7, 1.0), one = {1};
  const std::vector<double> e = {1, -2, 0.5, 0.25, 1.25, -1.5, 0.5};
  const ClusterRobust robust(ones, 7, 1, {});
  const ClusterRobust::Contrast mean = robust.contrast(one, e);
  double squares = 0;
  for (const double x : e) squares += x * x;
  EXPECT_NEAR(mean.model_variance, 1.0 / 7, 1e-15);
  EXPECT_NEAR(mean.cr2, squares / 6 / 7, 1e-14);
  EXPECT_NEAR(mean.cr3, squares / 36, 1e-14);  // the jackknife times n/(n-1)
  EXPECT_NEAR(mean.dof, 6, 1e-12);
  EXPECT_NEAR(robust.smallest_eigenvalue(), 1, 1e-14);
}

// Cluster 0 alone has the second column: its direction has no residual, and the rest is that of the plain form.
TEST(ClusterRobust, AClusterThatAloneDeterminesADirectionIsLeftOutThere) {
  Case k;
  RandomStream stream(8, "test/cluster robust");
  k.x = MatrixXd::Ones(12, 2);
  VectorXd y(12);
  for (Index i = 0; i < 12; ++i) {
    k.x(i, 1) = i < 3 ? 1 : 0;
    y[i] = stream.normal();
  }
  k.clusters = {{0, 1, 2}, {3, 4}, {5, 6, 7, 8}, {9}, {10, 11}};
  k.e = y - k.x * k.x.householderQr().solve(y);
  k.c = VectorXd::Unit(2, 0);
  const ClusterRobust::Contrast plain = plain_contrast(k.x, k.clusters, k.c, k.e), fast = fast_contrast(k);
  EXPECT_NEAR(fast.cr2 / plain.cr2, 1, 1e-10);
  EXPECT_NEAR(fast.cr3 / plain.cr3, 1, 1e-10);
  EXPECT_NEAR(fast.dof / plain.dof, 1, 1e-10);
  // Two rows that determine two coefficients leave nothing to judge by.
  const std::vector<double> identity = {1, 0, 0, 1}, c = {1, 0}, none = {0, 0};
  const ClusterRobust::Contrast nothing = ClusterRobust(identity, 2, 2, {}).contrast(c, none);
  EXPECT_EQ(nothing.cr2, 0);
  EXPECT_EQ(nothing.dof, 0);
}

// CR2 has the expectation of the model variance under even noise, exactly: the mean over the unit vectors y of n times cr2
// is the trace that defines it.
TEST(ClusterRobust, IsUnbiasedUnderEvenNoise) {
  const Case k = random_case(3);
  const Index n = k.x.rows();
  double sum = 0;
  for (Index i = 0; i < n; ++i) {
    Case unit = k;
    const VectorXd y = VectorXd::Unit(n, i);
    unit.e = y - k.x * k.x.householderQr().solve(y);
    sum += fast_contrast(unit).cr2;
  }
  EXPECT_NEAR(sum / fast_contrast(k).model_variance, 1, 1e-10);
}

// Five clusters of four rows with an error of their own. Student's t at the Bell-McCaffrey degrees of freedom contains the
// slope in 95 % (measured in 4000 draws, +-1.7 % being 5 standard errors; the approximation itself is within 2 % there),
// while independent rows contain it in far fewer.
TEST(ClusterRobust, CoversWithFiveClusters) {
  constexpr int kDraws = 4000;
  Clusters clusters(5);
  MatrixXd x(20, 2);
  for (Index i = 0; i < 20; ++i) {
    clusters[static_cast<std::size_t>(i / 4)].push_back(static_cast<std::size_t>(i));
    x(i, 0) = 1;
    x(i, 1) = static_cast<double>(i / 4) + 0.2 * static_cast<double>(i % 4);
  }
  const ClusterRobust robust(row_major(x), 20, 2, clusters);
  const VectorXd c = VectorXd::Unit(2, 1);
  int held = 0, held_as_rows = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    RandomStream stream(2, "test/cluster robust", static_cast<std::uint64_t>(draw));
    VectorXd y(20);
    double shared = 0;
    for (Index i = 0; i < 20; ++i) {
      if (i % 4 == 0) shared = stream.normal();
      y[i] = shared + 0.3 * stream.normal();
    }
    const VectorXd b = x.householderQr().solve(y), e = y - x * b;
    const ClusterRobust::Contrast slope = robust.contrast(view(c), view(e));
    held += std::abs(b[1]) <= student_t_quantile(0.975, slope.dof) * std::sqrt(slope.cr2) ? 1 : 0;
    const double even = slope.model_variance * e.squaredNorm() / 18;
    held_as_rows += std::abs(b[1]) <= student_t_quantile(0.975, 18) * std::sqrt(even) ? 1 : 0;
  }
  EXPECT_NEAR(held / double{kDraws}, 0.95, 0.037);
  EXPECT_LT(held_as_rows / double{kDraws}, 0.8);
}

TEST(ClusterRobust, DoesNotDependOnUnits) {
  Case k = random_case(11);
  const ClusterRobust::Contrast before = fast_contrast(k);
  for (Index j = 0; j < k.x.cols(); ++j) {
    const double unit = std::ldexp(1.0, 100 * static_cast<int>(j) - 150);
    k.x.col(j) *= unit;
    k.c[j] *= unit;
  }
  const ClusterRobust::Contrast after = fast_contrast(k);
  EXPECT_NEAR(after.cr2 / before.cr2, 1, 1e-12);
  EXPECT_NEAR(after.dof / before.dof, 1, 1e-12);
}

TEST(ClusterRobust, SaysThatADesignIsSingular) {
  const std::vector<double> x = {1, 2, 2, 4, 3, 6}, zero = {1, 0, 2, 0, 3, 0}, c = {1, 0}, e = {0, 0, 0};
  const ClusterRobust twins(x, 3, 2, {}), empty(zero, 3, 2, {});
  EXPECT_TRUE(twins.singular());
  EXPECT_TRUE(empty.singular());
  EXPECT_TRUE(std::isnan(twins.contrast(c, e).cr2));
  EXPECT_LT(twins.smallest_eigenvalue(), 1e-13);
}

TEST(ClusterRobust, RefusesWhatDoesNotFit) {
  const std::vector<double> x = {1, 2, 3}, bad = {1, std::numeric_limits<double>::infinity(), 3}, c = {1};
  EXPECT_THROW(ClusterRobust(x, 2, 1, {}), std::domain_error);
  EXPECT_THROW(ClusterRobust(bad, 3, 1, {}), std::domain_error);
  EXPECT_THROW(ClusterRobust(x, 3, 1, {{0, 1}}), std::domain_error);
  EXPECT_THROW(ClusterRobust(x, 3, 1, {{0, 1}, {1, 2}}), std::domain_error);
  EXPECT_THROW(ClusterRobust(x, 3, 1, {{0, 1}, {2, 3}}), std::domain_error);
  EXPECT_THROW((void)ClusterRobust(x, 3, 1, {}).contrast(x, x), std::domain_error);
}

// The cost is linear in the rows: a million single rows, and ten clusters of 1e5 rows, which as k x k matrices would not fit.
TEST(ClusterRobust, TakesAMillionRows) {
  constexpr std::size_t kRows = 1000000, kColumns = 3;
  std::vector<double> x(kRows * kColumns), e(kRows);
  Clusters clusters(10);
  for (std::size_t i = 0; i < kRows; ++i) {
    const double u = static_cast<double>(i) / kRows;
    x[3 * i] = 1;
    x[3 * i + 1] = u;
    x[3 * i + 2] = u * u;
    e[i] = i % 2 == 0 ? 0.5 : -0.5;
    clusters[i % 10].push_back(i);
  }
  const std::vector<double> c = {0, 1, 0};
  const ClusterRobust::Contrast rows = ClusterRobust(x, kRows, kColumns, {}).contrast(c, e);
  EXPECT_NEAR(rows.cr2 / (0.25 * rows.model_variance), 1, 1e-4);  // leverages are below 10/n
  EXPECT_GT(rows.dof, 1e5);
  const ClusterRobust::Contrast large = ClusterRobust(x, kRows, kColumns, clusters).contrast(c, e);
  EXPECT_NEAR(large.model_variance / rows.model_variance, 1, 1e-9);
  EXPECT_LE(large.dof, 10);
}

}  // namespace
}  // namespace phaselaw::numerics
