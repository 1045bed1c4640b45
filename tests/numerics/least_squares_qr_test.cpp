// SPDX-License-Identifier: Apache-2.0
//
// minimise() against MINPACK's Levenberg-Marquardt in Eigen's port, against all active sets of bounded linear problems,
// and against itself in other units.
#include "phaselaw/numerics/least_squares_qr.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <unsupported/Eigen/NonLinearOptimization>

#include "phaselaw/base/constants.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::numerics {
namespace {

// y = p0 + exp(p1 - p2 x) + exp(p3 - p4 / x) with noise, the form of a scaling law in two sizes; parameters in units u:
// the solver sees p_j / u_j.
struct Scales {
  std::vector<double> x, y, units;
};

Scales random_scales(std::uint64_t seed, double noise) {
  RandomStream stream(seed, "least_squares_qr_test");
  Scales data;
  data.units.assign(5, 1);
  const double p[] = {0.5 + stream.uniform(), stream.normal(), 0.3 + stream.uniform(), stream.normal(),
                      0.3 + stream.uniform()};
  for (int i = 0; i < 60; ++i) {
    const double x = 0.05 * std::pow(200, stream.uniform());
    data.x.push_back(x);
    data.y.push_back(p[0] + std::exp(p[1] - p[2] * x) + std::exp(p[3] - p[4] / x) + noise * stream.normal());
  }
  return data;
}

void evaluate_scales(const Scales& data, const double* p, double* r, double* jacobian) {
  double q[5];
  for (int j = 0; j < 5; ++j) q[j] = p[j] * data.units[static_cast<std::size_t>(j)];
  for (std::size_t i = 0; i < data.x.size(); ++i) {
    const double x = data.x[i], a = std::exp(q[1] - q[2] * x), b = std::exp(q[3] - q[4] / x);
    r[i] = q[0] + a + b - data.y[i];
    const double row[] = {1, a, -x * a, b, -b / x};
    if (jacobian != nullptr)
      for (std::size_t j = 0; j < 5; ++j) jacobian[5 * i + j] = row[j] * data.units[j];
  }
}

LeastSquaresProblem problem_of(const Scales& data) {
  LeastSquaresProblem problem;
  problem.n_parameters = 5;
  problem.n_residuals = data.x.size();
  problem.evaluate = [&data](std::span<const double> p, std::span<double> r, std::span<double> j) {
    evaluate_scales(data, p.data(), r.data(), j.empty() ? nullptr : j.data());
    return std::all_of(r.begin(), r.end(), [](double value) { return std::isfinite(value); });
  };
  return problem;
}

// The interface that Eigen's port of MINPACK asks for.
struct ForMinpack {
  const Scales& data;
  [[nodiscard]] int values() const { return static_cast<int>(data.x.size()); }
  int operator()(const Eigen::VectorXd& p, Eigen::VectorXd& r) const {
    evaluate_scales(data, p.data(), r.data(), nullptr);
    return 0;
  }
  int df(const Eigen::VectorXd& p, Eigen::MatrixXd& jacobian) const {
    Eigen::VectorXd r(values());
    Matrix<double> rows(values(), 5);
    evaluate_scales(data, p.data(), r.data(), rows.data());
    jacobian = rows;
    return 0;
  }
};

double cost_by_minpack(const Scales& data, const std::vector<double>& start) {
  Eigen::VectorXd p = Eigen::Map<const Eigen::VectorXd>(start.data(), 5);
  ForMinpack functor{data};
  Eigen::LevenbergMarquardt<ForMinpack> minpack(functor);
  minpack.parameters.ftol = minpack.parameters.xtol = 1e-14;
  minpack.parameters.maxfev = 2000;
  minpack.minimize(p);
  return 0.5 * minpack.fvec.squaredNorm();
}

// Two local solvers may end in different minima, and a sum of exponentials may fall for ever towards a limit.
TEST(LeastSquaresQr, AgreesWithMinpackOnRandomProblems) {
  int same = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Scales data = random_scales(seed, 0.002);
    const std::vector<double> start = {1, 0, 0.8, 0, 0.8};
    const LeastSquaresResult own = minimise(problem_of(data), start, {.max_iterations = 1000});
    const double reference = cost_by_minpack(data, start);
    same += std::abs(own.cost - reference) <= 1e-10 * reference;
  }
  EXPECT_GE(same, 54);
}

// In units of powers of two, all numbers of the solver are the same but for their exponents.
TEST(LeastSquaresQr, UnitsOfParametersChangeNoDigit) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Scales data = random_scales(seed, 0.002);
    const std::vector<double> start = {1, 0, 0.8, 0, 0.8};
    LeastSquaresOptions options{.loss = seed % 2 == 0 ? RobustLoss::huber : RobustLoss::none, .delta = 0.02};
    LeastSquaresProblem plain = problem_of(data);
    plain.lower = {0, -5, 0.1, -5, 0.6};
    plain.upper = {2, 5, 5, 5, 5};
    const FoldedResiduals folded(plain, options);
    QrDescent reference(folded, options);
    ASSERT_TRUE(reference.start(start));
    const auto end = reference.descend();
    Scales other = data;
    other.units = {0x1p-20, 0x1p20, 0x1p10, 0x1p-20, 0x1p20};
    LeastSquaresProblem scaled = problem_of(other);
    std::vector<double> scaled_start = start;
    scaled.lower = plain.lower;
    scaled.upper = plain.upper;
    for (std::size_t j = 0; j < 5; ++j)
      for (double* value : {&scaled_start[j], &scaled.lower[j], &scaled.upper[j]}) *value /= other.units[j];
    const FoldedResiduals folded_scaled(scaled, options);
    QrDescent descent(folded_scaled, options);
    ASSERT_TRUE(descent.start(scaled_start));
    EXPECT_EQ(descent.descend(), end);
    EXPECT_EQ(descent.iterations(), reference.iterations());
    for (std::size_t j = 0; j < 5; ++j)
      EXPECT_EQ(descent.parameters()[j] * other.units[j], reference.parameters()[j]) << seed << ' ' << j;
  }
}

TEST(LeastSquaresQr, UnitsByPowersOfTenFindTheSameMinimum) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Scales data = random_scales(seed, 0.002);
    const std::vector<double> start = {1, 0, 0.8, 0, 0.8};
    const LeastSquaresResult reference = minimise(problem_of(data), start, {.max_iterations = 1000});
    data.units = {1e-6, 1e6, 1e6, 1e-6, 1e3};
    std::vector<double> scaled = start;
    for (std::size_t j = 0; j < 5; ++j) scaled[j] /= data.units[j];
    const LeastSquaresResult result = minimise(problem_of(data), scaled, {.max_iterations = 1000});
    EXPECT_NEAR(result.cost / reference.cost, 1, 1e-9) << seed;
    EXPECT_NEAR(result.jacobian_condition / reference.jacobian_condition, 1, 1e-2) << seed;
  }
}

// |B p - y|^2 in a box, by all 3^4 active sets: each coordinate free, at its lower or at its upper bound.
double best_of_all_active_sets(const Eigen::MatrixXd& b, const Eigen::VectorXd& y, const Eigen::VectorXd& lower,
                               const Eigen::VectorXd& upper) {
  double best = base::kInfinity;
  for (int code = 0; code < 81; ++code) {
    std::vector<Index> free;
    Eigen::VectorXd p = lower;
    for (int j = 0, rest = code; j < 4; ++j, rest /= 3) {
      if (rest % 3 == 0) free.push_back(j);
      if (rest % 3 == 2) p[j] = upper[j];
    }
    Eigen::VectorXd right = y;
    Eigen::MatrixXd columns(b.rows(), static_cast<Index>(free.size()));
    for (Index j = 0; j < 4; ++j)
      if (std::find(free.begin(), free.end(), j) == free.end()) right -= b.col(j) * p[j];
    for (std::size_t f = 0; f < free.size(); ++f) columns.col(static_cast<Index>(f)) = b.col(free[f]);
    if (!free.empty()) {
      const Eigen::VectorXd solution = columns.householderQr().solve(right);
      for (std::size_t f = 0; f < free.size(); ++f) p[free[f]] = solution[static_cast<Index>(f)];
    }
    if ((p.array() < lower.array()).any() || (p.array() > upper.array()).any()) continue;
    best = std::min(best, 0.5 * (b * p - y).squaredNorm());
  }
  return best;
}

TEST(LeastSquaresQr, BoundedLinearProblemsEndInTheBestOfAllActiveSets) {
  RandomStream stream(7, "bounded linear problems");
  int at_bounds = 0;
  for (int repeat = 0; repeat < 200; ++repeat) {
    Eigen::MatrixXd b(9, 4);
    Eigen::VectorXd y(9), lower(4), upper(4);
    for (Index i = 0; i < 9; ++i) {
      const double common = 3 * stream.normal();  // correlated columns: a projected step is far from the solution
      for (Index j = 0; j < 4; ++j) b(i, j) = (common + stream.normal()) * std::pow(10.0, 2 * j - 3);
      y[i] = stream.normal();
    }
    LeastSquaresProblem problem;
    problem.n_parameters = 4;
    problem.n_residuals = 9;
    std::vector<double> start;
    for (Index j = 0; j < 4; ++j) {
      const double unit = std::pow(10.0, 3 - 2 * j);
      lower[j] = (-0.3 + 0.2 * stream.normal()) * unit;
      upper[j] = lower[j] + 0.5 * stream.uniform() * unit;
      problem.lower.push_back(lower[j]);
      problem.upper.push_back(upper[j]);
      start.push_back(stream.uniform() < 0.5 ? lower[j] : upper[j]);
    }
    problem.evaluate = [&](std::span<const double> p, std::span<double> r, std::span<double> jacobian) {
      Eigen::Map<Eigen::VectorXd>(r.data(), 9) = b * Eigen::Map<const Eigen::VectorXd>(p.data(), 4) - y;
      if (!jacobian.empty()) MatrixView<double>(jacobian.data(), 9, 4) = b;
      return true;
    };
    const LeastSquaresOptions options;
    const FoldedResiduals folded(problem, options);
    QrDescent descent(folded, options);
    ASSERT_TRUE(descent.start(start));
    EXPECT_NE(descent.descend(), QrDescent::End::out_of_iterations);
    for (Index j = 0; j < 4; ++j) {
      const double p = descent.parameters()[static_cast<std::size_t>(j)];
      EXPECT_TRUE(p >= lower[j] && p <= upper[j]);
      at_bounds += p == lower[j] || p == upper[j];
    }
    const double reference = best_of_all_active_sets(b, y, lower, upper);
    EXPECT_NEAR(0.5 * descent.residuals().squaredNorm() / reference, 1, 1e-12) << repeat;
  }
  EXPECT_GT(at_bounds, 200);
}

// The column of p1 is twice that of p0: the minimum is a line.
TEST(LeastSquaresQr, ASingularJacobianStillEndsInAMinimum) {
  LeastSquaresProblem problem;
  problem.n_parameters = 2;
  problem.n_residuals = 3;
  const auto evaluate = [](std::span<const double> p, std::span<double> r, std::span<double> j) {
    const double y[] = {1, 2, 4}, s = p[0] + 2 * p[1];
    for (std::size_t i = 0; i < 3; ++i) {
      r[i] = s - y[i];
      if (!j.empty()) j[2 * i] = 1, j[2 * i + 1] = 2;
    }
    return true;
  };
  problem.evaluate = evaluate;
  const LeastSquaresResult result = minimise(problem, std::vector<double>{5, 5});
  EXPECT_EQ(result.status, LeastSquaresStatus::converged);
  EXPECT_NEAR(result.parameters[0] + 2 * result.parameters[1], 7.0 / 3, 1e-7);
  EXPECT_GT(result.jacobian_condition, 1e12);
  // Fewer residuals than parameters.
  problem.n_residuals = 1;
  problem.evaluate = [](std::span<const double> p, std::span<double> r, std::span<double> j) {
    r[0] = p[0] * p[1] - 6;
    if (!j.empty()) j[0] = p[1], j[1] = p[0];
    return true;
  };
  const LeastSquaresResult wide = minimise(problem, std::vector<double>{1, 1});
  EXPECT_EQ(wide.status, LeastSquaresStatus::converged);
  EXPECT_NEAR(wide.parameters[0] * wide.parameters[1], 6, 1e-12);
  EXPECT_EQ(wide.jacobian_condition, base::kInfinity);
}

// The residual is defined at the start and nowhere else.
TEST(LeastSquaresQr, UndefinedSurroundingsAreNoMinimum) {
  LeastSquaresProblem problem;
  problem.n_parameters = problem.n_residuals = 1;
  problem.evaluate = [](std::span<const double> p, std::span<double> r, std::span<double> j) {
    r[0] = p[0];
    std::fill(j.begin(), j.end(), 1.0);
    return p[0] == 2;
  };
  const LeastSquaresResult result = minimise(problem, std::vector<double>{2});
  EXPECT_EQ(result.status, LeastSquaresStatus::failed);
  EXPECT_EQ(result.parameters, std::vector<double>{2});
  EXPECT_NE(result.message.find("not defined"), std::string::npos);
  // A wall on the way is stepped around: log p = -1 from p = 30, where a full step leads to p < 0.
  problem.evaluate = [](std::span<const double> p, std::span<double> r, std::span<double> j) {
    if (!(p[0] > 0)) return false;
    r[0] = std::log(p[0]) + 1;
    if (!j.empty()) j[0] = 1 / p[0];
    return true;
  };
  const LeastSquaresResult wall = minimise(problem, std::vector<double>{30});
  EXPECT_EQ(wall.status, LeastSquaresStatus::converged);
  EXPECT_NEAR(wall.parameters[0], std::exp(-1), 1e-12);
}

}  // namespace
}  // namespace phaselaw::numerics
