// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/l1_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>
#include <Eigen/Core>
#include <Eigen/LU>

#include "phaselaw/numerics/random.h"

namespace phaselaw::numerics {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

struct Linear {
  std::size_t k = 0;
  std::vector<double> residual, jacobian, weight;
  double box = 10;

  std::size_t n() const { return residual.size(); }
  double cost(const Eigen::VectorXd& d) const {
    double total = 0;
    for (std::size_t i = 0; i < n(); ++i) {
      double r = residual[i];
      for (std::size_t j = 0; j < k; ++j) r += jacobian[i * k + j] * d[static_cast<Eigen::Index>(j)];
      total += weight[i] * std::abs(r);
    }
    return total;
  }
  LinearL1Problem problem() const {
    return {k, residual, jacobian, weight, std::vector<double>(k, -box), std::vector<double>(k, box)};
  }
};

// `whole`: small whole numbers, so that rows repeat and many are 0 at one vertex.
Linear random_linear(std::size_t n, std::size_t k, bool whole, double box, std::uint64_t draw) {
  RandomStream stream(7, "l1_fit_test", draw);
  const auto number = [&] { return whole ? std::floor(5 * stream.uniform()) - 2 : stream.normal(); };
  Linear linear;
  linear.k = k;
  linear.box = box;
  for (std::size_t i = 0; i < n; ++i) {
    linear.residual.push_back(number());
    for (std::size_t j = 0; j < k; ++j) linear.jacobian.push_back(number());
    linear.weight.push_back(whole ? 1 + static_cast<double>(i % 2) : 0.2 + stream.uniform());
  }
  return linear;
}

// The least F over all vertices: the points where k independent rows or faces of the box are 0. F is convex and
// piecewise linear, so its minimum over the box is at one of them.
double least_over_vertices(const Linear& linear) {
  const auto k = static_cast<Eigen::Index>(linear.k);
  const std::size_t planes = linear.n() + 2 * linear.k;
  std::vector<std::size_t> chosen(linear.k);
  double least = std::numeric_limits<double>::infinity();
  const auto visit = [&](const auto& self, std::size_t depth, std::size_t from) -> void {
    if (depth < linear.k) {
      for (std::size_t p = from; p < planes; ++p) {
        chosen[depth] = p;
        self(self, depth + 1, p + 1);
      }
      return;
    }
    Eigen::MatrixXd a = Eigen::MatrixXd::Zero(k, k);
    Eigen::VectorXd b(k);
    for (Eigen::Index c = 0; c < k; ++c) {
      const std::size_t p = chosen[static_cast<std::size_t>(c)];
      if (p < linear.n()) {
        for (Eigen::Index j = 0; j < k; ++j) a(c, j) = linear.jacobian[p * linear.k + static_cast<std::size_t>(j)];
        b[c] = -linear.residual[p];
      } else {
        a(c, static_cast<Eigen::Index>((p - linear.n()) / 2)) = 1;
        b[c] = (p - linear.n()) % 2 == 0 ? -linear.box : linear.box;
      }
    }
    const Eigen::FullPivLU<Eigen::MatrixXd> lu(a);
    if (!lu.isInvertible()) return;
    const Eigen::VectorXd d = lu.solve(b);
    if (d.cwiseAbs().maxCoeff() <= linear.box * (1 + 1e-12)) least = std::min(least, linear.cost(d));
  };
  visit(visit, 0, 0);
  return least;
}

TEST(LinearL1, FindsTheBestOfAllVertices) {
  std::uint64_t draw = 0;
  for (const bool whole : {false, true})
    for (const double box : {10.0, 0.5})
      for (const std::size_t k : {1U, 2U, 3U})
        for (int repeat = 0; repeat < 20; ++repeat) {
          const Linear linear = random_linear(k + 6, k, whole, box, draw++);
          const LinearL1Result result = minimise_linear_l1(linear.problem());
          const double least = least_over_vertices(linear);
          EXPECT_TRUE(result.optimal) << draw;
          // Shifts of 1e-14 of the largest residual can exchange vertices of that difference.
          EXPECT_NEAR(result.cost, least, 1e-12 * (1 + least)) << "draw " << draw << " k " << k << " box " << box;
          for (const double d : result.step) EXPECT_LE(std::abs(d), box);
        }
}

TEST(LinearL1, ItsMultipliersProveTheMinimum) {
  for (const bool whole : {false, true})
    for (std::uint64_t draw = 0; draw < 20; ++draw) {
      const Linear linear = random_linear(60, 4, whole, 100, 1000 + draw);
      const LinearL1Result result = minimise_linear_l1(linear.problem());
      ASSERT_TRUE(result.optimal);
      double below = 0;
      std::vector<double> slope(4);
      for (std::size_t i = 0; i < linear.n(); ++i) {
        const double m = result.multipliers[i];
        EXPECT_LE(std::abs(m), linear.weight[i] * (1 + 1e-10));
        below += m * linear.residual[i];
        for (std::size_t j = 0; j < 4; ++j) slope[j] += m * linear.jacobian[i * 4 + j];
      }
      // No face of this wide box is reached, so the slopes vanish, and sum m r is a lower bound of F for every d.
      for (const double s : slope) EXPECT_NEAR(s, 0, 1e-11 * 60);
      EXPECT_NEAR(below, result.cost, 1e-11 * result.cost);
      if (whole) continue;  // whole numbers can leave F flat between vertices
      EXPECT_EQ(result.active.size(), 4U);
    }
}

// r_i = p0 exp(-p1 x_i) - y_i with outliers.
struct Decay {
  std::vector<double> x, y, weight;
  explicit Decay(std::uint64_t draw, bool rounded) {
    RandomStream stream(8, "l1_fit_test", draw);
    for (int i = 0; i < 40; ++i) {
      x.push_back(0.1 * i);
      y.push_back(2 * std::exp(-0.7 * x.back() + 0.05 * stream.normal()) + (i % 9 == 0 ? 0.5 : 0));
      if (rounded) y.back() = std::round(50 * y.back()) / 50;
      weight.push_back(0.5 + stream.uniform());
    }
  }
  double cost(double p0, double p1) const {
    double total = 0;
    for (std::size_t i = 0; i < x.size(); ++i) total += weight[i] * std::abs(p0 * std::exp(-p1 * x[i]) - y[i]);
    return total;
  }
  LeastSquaresProblem problem() const {
    LeastSquaresProblem problem;
    problem.n_parameters = 2;
    problem.n_residuals = x.size();
    problem.weights = weight;
    problem.evaluate = [this](std::span<const double> p, std::span<double> r, std::span<double> j) {
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double e = std::exp(-p[1] * x[i]);
        r[i] = p[0] * e - y[i];
        if (j.empty()) continue;
        j[2 * i] = e;
        j[2 * i + 1] = -p[0] * x[i] * e;
      }
      return true;
    };
    return problem;
  }
  // The least F over the curves through two rows.
  double least_through_two() const {
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t a = 0; a < x.size(); ++a)
      for (std::size_t b = 0; b < a; ++b) {
        const double p1 = std::log(y[a] / y[b]) / (x[b] - x[a]);
        least = std::min(least, cost(y[a] * std::exp(p1 * x[a]), p1));
      }
    return least;
  }
};

TEST(L1Fit, IsTheBestCurveThroughTwoRows) {
  for (const bool rounded : {false, true})
    for (std::uint64_t draw = 0; draw < 20; ++draw) {
      const Decay decay(draw, rounded);
      const std::vector<double> start = {1.8, 0.6};
      const L1Result result = minimise_l1(decay.problem(), start);
      EXPECT_TRUE(result.certified) << draw << " gap " << result.gap << " slope " << result.stationarity;
      EXPECT_GE(result.n_zero, 2U);
      EXPECT_NEAR(result.cost, decay.cost(result.parameters[0], result.parameters[1]), 40 * kEps * result.cost);
      EXPECT_NEAR(result.cost, decay.least_through_two(), 1e-12 * result.cost) << draw << " rounded " << rounded;
    }
}

// x^2 + y^2 + 1 has no kink; |x + y - 1| keeps x + y = 1, so the minimum is at (1/2, 1/2), where F = 3/2. Newton's
// finite differences leave an error of 1e-10 of a unit; F changes by the square of that, which is below rounding.
TEST(L1Fit, FollowsTheCurvatureBetweenTheKinks) {
  LeastSquaresProblem problem;
  problem.n_parameters = problem.n_residuals = 2;
  problem.weights = {1, 10};
  problem.evaluate = [](std::span<const double> p, std::span<double> r, std::span<double> j) {
    r[0] = p[0] * p[0] + p[1] * p[1] + 1;
    r[1] = p[0] + p[1] - 1;
    if (!j.empty()) {
      const double rows[] = {2 * p[0], 2 * p[1], 1, 1};
      std::copy(std::begin(rows), std::end(rows), j.begin());
    }
    return true;
  };
  const L1Result result = minimise_l1(problem, std::vector<double>{0.9, -0.3});
  EXPECT_NEAR(result.cost, 1.5, 1e-14);
  EXPECT_NEAR(result.parameters[0], 0.5, 1e-8);
  EXPECT_EQ(result.n_zero, 1U);
  EXPECT_TRUE(result.certified) << result.gap << " " << result.stationarity;
}

TEST(L1Fit, StopsAtABound) {
  const Decay decay(3, false);
  LeastSquaresProblem problem = decay.problem();
  problem.lower = {0, 0};
  problem.upper = {10, 0.4};  // below the free optimum
  const L1Result result = minimise_l1(problem, std::vector<double>{1.5, 0.3});
  EXPECT_EQ(result.parameters[1], 0.4);
  EXPECT_TRUE(result.certified);
  double least = std::numeric_limits<double>::infinity();  // one row is 0
  for (std::size_t i = 0; i < decay.x.size(); ++i)
    least = std::min(least, decay.cost(decay.y[i] * std::exp(0.4 * decay.x[i]), 0.4));
  EXPECT_NEAR(result.cost, least, 1e-13 * least);
}

TEST(L1Fit, AStartThatIsNotAMinimumIsNotCertified) {
  const Decay decay(5, false);
  const std::vector<double> start = {1, 1.5};
  const L1Result none = minimise_l1(decay.problem(), start, 0);
  EXPECT_EQ(none.parameters, start);
  EXPECT_FALSE(none.certified);
  EXPECT_GT(none.stationarity, 0.01);
  LeastSquaresProblem undefined = decay.problem();
  undefined.evaluate = [](std::span<const double>, std::span<double>, std::span<double>) { return false; };
  EXPECT_FALSE(minimise_l1(undefined, start).certified);
}

}  // namespace
}  // namespace phaselaw::numerics
