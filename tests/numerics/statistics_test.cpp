// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/numerics/random.h"

namespace phaselaw::numerics {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

TEST(Statistics, SumSurvivesCancellation) {
  EXPECT_EQ(sum(std::vector<double>{1, 1e100, 1, -1e100}), 2);
  EXPECT_EQ(sum(std::vector<double>{}), 0);
  const std::vector<double> tenths(10'000'000, 0.1);
  EXPECT_NEAR(sum(tenths), 1e6, 2 * kEps * 1e6 + 1e7 * 0.1 * kEps / 16);  // 0.1 itself is off by eps/18
}

TEST(Statistics, SumKeepsInfinity) {
  EXPECT_EQ(sum(std::vector<double>{1, std::numeric_limits<double>::infinity()}),
            std::numeric_limits<double>::infinity());
}

TEST(Statistics, MomentsOfKnownSamples) {
  const std::vector<double> sample = {2, 4, 4, 4, 5, 5, 7, 9};
  EXPECT_EQ(mean(sample), 5);
  EXPECT_NEAR(standard_deviation(sample), std::sqrt(32.0 / 7), 4 * kEps);
  std::vector<double> shifted = sample;
  for (double& x : shifted) x += 1e9;
  EXPECT_NEAR(standard_deviation(shifted), std::sqrt(32.0 / 7), 4 * kEps);  // all exact: integers below 2^53
}

TEST(Statistics, QuantilesOfTypeSeven) {
  const std::vector<double> sample = {40, 10, 30, 20};  // R: quantile(c(10,20,30,40), ..)
  EXPECT_EQ(quantile(sample, 0), 10);
  EXPECT_EQ(quantile(sample, 1), 40);
  EXPECT_NEAR(quantile(sample, 0.25), 17.5, 8 * kEps * 40);
  EXPECT_NEAR(quantile(sample, 0.9), 37, 8 * kEps * 40);
  EXPECT_EQ(median(sample), 25);
  EXPECT_EQ(median(std::vector<double>{3, 1, 2}), 2);
  EXPECT_EQ(quantile(std::vector<double>{7}, 0.3), 7);
}

TEST(Statistics, QuantileIsMonotoneAndEquivariant) {
  RandomStream stream(5, "statistics_test");
  std::vector<double> sample(101), mapped(101);
  for (double& x : sample) x = stream.normal();
  std::transform(sample.begin(), sample.end(), mapped.begin(), [](double x) { return 3 - 2 * x; });
  double previous = -std::numeric_limits<double>::infinity();
  for (double p = 0; p <= 1; p += 0.01) {
    const double q = quantile(sample, p);
    EXPECT_GE(q, previous);
    EXPECT_NEAR(quantile(mapped, 1 - p), 3 - 2 * q, 1e-12);  // h = 100 p carries 100 eps, times gaps of order 1
    previous = q;
  }
}

TEST(Statistics, QuantilesOfDistributions) {  // tables of Abramowitz and Stegun, chapter 26
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(student_t_quantile(0.975, 10), 2.228138851964939, 3e-10);
  EXPECT_NEAR(student_t_quantile(0.975, 1), std::tan(std::acos(-1.0) * 0.475), 2e-9);  // Cauchy in closed form
  EXPECT_NEAR(chi_squared_quantile(0.95, 2) / (-2 * std::log(0.05)), 1, 1e-12);        // exponential in closed form
  EXPECT_NEAR(chi_squared_quantile(0.95, 1) / std::pow(normal_quantile(0.975), 2), 1, 1e-12);
  EXPECT_NEAR(normal_quantile(0.5), 0, kEps);
  for (const double x : {-8.0, -1.0, 0.0, 0.7, 3.0}) EXPECT_NEAR(normal_quantile(normal_cdf(x)), x, 1e-10) << x;
}

TEST(Statistics, FIsTheSquareOfT) {
  for (const double dof : {1.0, 7.0, 56.0}) {
    const double t = student_t_quantile(0.975, dof);
    EXPECT_NEAR(f_quantile(0.95, 1, dof) / (t * t), 1, 3e-10) << dof;
    EXPECT_NEAR(f_cdf(t * t, 1, dof), 0.95, 1e-10) << dof;
    EXPECT_NEAR(f_cdf(1 / (t * t), dof, 1), 0.05, 1e-10) << dof;  // the upper tail
  }
  EXPECT_EQ(f_cdf(0, 3, 4), 0);
  EXPECT_EQ(f_cdf(std::numeric_limits<double>::infinity(), 3, 4), 1);
}

TEST(Statistics, LogSpaced) {
  const std::vector<double> grid = log_spaced(1e-3, 1e3, 7);
  ASSERT_EQ(grid.size(), 7U);
  EXPECT_EQ(grid.front(), 1e-3);
  EXPECT_EQ(grid.back(), 1e3);
  for (std::size_t i = 1; i < grid.size(); ++i) EXPECT_NEAR(grid[i] / grid[i - 1], 10, 10 * 32 * kEps);
  EXPECT_EQ(log_spaced(2, 2, 1).size(), 1U);
}

TEST(Statistics, DomainErrors) {
  const std::vector<double> none, one = {1};
  EXPECT_THROW((void)mean(none), std::domain_error);
  EXPECT_THROW((void)median(none), std::domain_error);
  EXPECT_THROW((void)standard_deviation(one), std::domain_error);
  EXPECT_THROW((void)quantile(one, 1.5), std::domain_error);
  EXPECT_THROW((void)quantile(one, std::nan("")), std::domain_error);
  for (const double p : {0.0, 1.0, -1.0}) {
    EXPECT_THROW((void)normal_quantile(p), std::domain_error);
    EXPECT_THROW((void)student_t_quantile(p, 3), std::domain_error);
    EXPECT_THROW((void)f_quantile(p, 3, 3), std::domain_error);
  }
  EXPECT_THROW((void)f_cdf(-1, 3, 3), std::domain_error);
  EXPECT_THROW((void)student_t_quantile(0.5, 0), std::domain_error);
  EXPECT_THROW((void)log_spaced(0, 1, 3), std::domain_error);
  EXPECT_THROW((void)log_spaced(2, 1, 3), std::domain_error);
  EXPECT_THROW((void)log_spaced(1, 2, 0), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::numerics
