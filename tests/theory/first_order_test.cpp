// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/first_order.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/base/constants.h"

namespace phaselaw::theory {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();
const std::vector<double> kConditionNumbers = {1.5, 4, 100, 1e4};

// T_k by its recurrence.
double chebyshev_polynomial(int k, double x) {
  double before = 1, here = x;
  if (k == 0) return 1;
  for (int i = 1; i < k; ++i) {
    const double next = 2 * x * here - before;
    before = here;
    here = next;
  }
  return here;
}

// The spectrum on which no polynomial p of degree k with p(0) = 1 does better than 1/T_k((kc+1)/(kc-1)): the k + 1
// points of [1, kc] where |T_k| = 1. With weights w_i ~ |l_i(0)| (Lagrange's basis) sum w_i p(h_i)^2 >= 1/T_k^2, w
// summing to 1.
struct WorstCase {
  std::vector<double> eigenvalues, weights;
};
WorstCase worst_case(double condition_number, int k) {
  WorstCase worst;
  for (int i = 0; i <= k; ++i)
    worst.eigenvalues.push_back((condition_number + 1) / 2 +
                                (condition_number - 1) / 2 * std::cos(std::numbers::pi * i / k));
  double total = 0;
  for (const double h : worst.eigenvalues) {
    double lagrange = 1;
    for (const double other : worst.eigenvalues)
      if (other != h) lagrange *= other / std::abs(other - h);
    worst.weights.push_back(lagrange);
    total += lagrange;
  }
  for (double& w : worst.weights) w /= total;
  return worst;
}

using Residual = std::vector<double>;
double loss(const WorstCase& problem, const Residual& r) {
  double sum = 0;
  for (std::size_t i = 0; i < r.size(); ++i) sum += problem.weights[i] * r[i] * r[i];
  return sum;
}

// Each method on the residual, r -> r - step H r and so on, from r = 1; returns the loss after k steps.
double run_gd(const WorstCase& problem, double kc, int k) {
  Residual r(problem.eigenvalues.size(), 1);
  for (int step = 0; step < k; ++step)
    for (std::size_t i = 0; i < r.size(); ++i) r[i] -= 2 / (1 + kc) * problem.eigenvalues[i] * r[i];
  return loss(problem, r);
}
double run_heavy_ball(const WorstCase& problem, double kc, int k) {
  const double momentum = accelerated_factor(kc), heavy_step = 4 / std::pow(1 + std::sqrt(kc), 2);
  Residual r(problem.eigenvalues.size(), 1), before = r;
  for (int step = 0; step < k; ++step)
    for (std::size_t i = 0; i < r.size(); ++i) {
      const double next = r[i] - heavy_step * problem.eigenvalues[i] * r[i] + momentum * (r[i] - before[i]);
      before[i] = r[i];
      r[i] = next;
    }
  return loss(problem, r);
}
// Three-term recurrence of T_k(x(h))/T_k(x(0)).
double run_chebyshev(const WorstCase& problem, double kc, int k) {
  const double centre = (kc + 1) / 2, half = (kc - 1) / 2, sigma = centre / half;
  Residual r(problem.eigenvalues.size(), 1), change(r.size());
  double rho = 1 / sigma;
  for (int step = 0; step < k; ++step) {
    const double next_rho = 1 / (2 * sigma - rho);
    for (std::size_t i = 0; i < r.size(); ++i) {
      const double gradient = problem.eigenvalues[i] * r[i];
      change[i] = step == 0 ? gradient / centre : next_rho * (rho * change[i] + 2 / half * gradient);
      r[i] -= change[i];
    }
    if (step > 0) rho = next_rho;
  }
  return loss(problem, r);
}
// Minimal residual in the weighted norm over all polynomials of degree k: least squares in the Krylov space by
// orthogonalising H r, H^2 r, ... twice (Gram-Schmidt), so no method that only sees gradients can do better.
double run_best_polynomial(const WorstCase& problem, int k) {
  const std::size_t n = problem.eigenvalues.size();
  const auto dot = [&](const Residual& a, const Residual& b) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += problem.weights[i] * a[i] * b[i];
    return sum;
  };
  Residual r(n, 1), direction = r;
  std::vector<Residual> basis;
  for (int step = 0; step < k; ++step) {
    for (std::size_t i = 0; i < n; ++i) direction[i] *= problem.eigenvalues[i];
    for (int twice = 0; twice < 2; ++twice)
      for (const Residual& b : basis) {
        const double along = dot(direction, b);
        for (std::size_t i = 0; i < n; ++i) direction[i] -= along * b[i];
      }
    const double norm = std::sqrt(dot(direction, direction));
    for (double& v : direction) v /= norm;
    basis.push_back(direction);
    const double along = dot(r, direction);
    for (std::size_t i = 0; i < n; ++i) r[i] -= along * direction[i];
  }
  return loss(problem, r);
}

TEST(FirstOrder, FactorsAreTheirFormulas) {
  EXPECT_NEAR(gd_factor(4), 0.36, kEps);
  EXPECT_NEAR(accelerated_factor(4), 1.0 / 9, kEps);
  for (const double kc : kConditionNumbers)
    for (const int k : {0, 1, 2, 7, 30}) {
      const double tolerance = 64 * kEps * (1 + k);
      EXPECT_NEAR(log_gd_loss(kc, k), k == 0 ? 0 : 2 * k * std::log((kc - 1) / (kc + 1)), tolerance * kc);
      EXPECT_NEAR(log_oracle_bound(kc, k), k == 0 ? 0 : k * std::log(accelerated_factor(kc)), tolerance * kc);
      const double chebyshev = chebyshev_polynomial(k, (kc + 1) / (kc - 1));
      EXPECT_NEAR(log_chebyshev_loss(kc, k), -2 * std::log(chebyshev), tolerance * (1 + k));
    }
}

TEST(FirstOrder, OrderOfTheBounds) {
  for (const double kc : {1.0001, 1.5, 4.0, 100.0, 1e8})
    for (const double k : {1.0, 2.0, 10.0, 1e3, 1e6}) {
      EXPECT_LE(log_oracle_bound(kc, k), log_chebyshev_loss(kc, k));
      EXPECT_LE(log_chebyshev_loss(kc, k), log_gd_loss(kc, k) * (1 - 1e-12));
      EXPECT_LE(log_chebyshev_loss(kc, k), log_oracle_bound(kc, k) + std::log(4.0));
    }
  EXPECT_NEAR(log_chebyshev_loss(10, 1), log_gd_loss(10, 1), 1e-14);  // one step: the same method
}

// Simulated on the worst spectrum: nobody is below the Chebyshev number, hence nobody below the oracle bound; the best
// polynomial and Chebyshev's method are at it; gradient descent is at or below its own bound and above the others.
TEST(FirstOrder, NoMethodBeatsTheOracleOnTheWorstQuadratic) {
  for (const double kc : {1.5, 4.0, 100.0})
    for (const int k : {1, 2, 4, 8}) {
      const WorstCase problem = worst_case(kc, k);
      const double floor = std::exp(log_chebyshev_loss(kc, k));
      const double tolerance = 1e-9;  // relative: losses down to 1e-8, powers of eigenvalues up to 100 in 8 steps
      EXPECT_NEAR(run_chebyshev(problem, kc, k) / floor, 1, tolerance);
      EXPECT_NEAR(run_best_polynomial(problem, k) / floor, 1, tolerance);
      for (const double method : {run_gd(problem, kc, k), run_heavy_ball(problem, kc, k)}) {
        EXPECT_GE(method, floor * (1 - tolerance));
        EXPECT_GE(method, std::exp(log_oracle_bound(kc, k)));
      }
      EXPECT_LE(run_gd(problem, kc, k), std::exp(log_gd_loss(kc, k)) * (1 + tolerance));
    }
}

// The gap closes: on a quadratic with eigenvalues at both ends, steps to 1e-8 of the loss.
TEST(FirstOrder, MeasuredStepsShowTheGap) {
  const double kc = 400, accuracy = 1e-8;
  WorstCase problem;
  for (int i = 0; i <= 400; ++i) {
    problem.eigenvalues.push_back(1 + (kc - 1) * i / 400.0);
    problem.weights.push_back(i == 0 || i == 400 ? 0.5 : 1e-3);
  }
  const double start = loss(problem, Residual(401, 1));
  const auto steps = [&](const auto& method) {
    int k = 1;
    while (method(k) > accuracy * start) ++k;
    return k;
  };
  const int chebyshev = steps([&](int k) { return run_chebyshev(problem, kc, k); });
  const int heavy = steps([&](int k) { return run_heavy_ball(problem, kc, k); });
  EXPECT_LE(chebyshev, std::ceil(chebyshev_steps(kc, accuracy)));
  EXPECT_GT(chebyshev, oracle_steps(kc, accuracy) / 2);
  EXPECT_GE(heavy, chebyshev);
  EXPECT_LE(heavy, 2 * chebyshev_steps(kc, accuracy));
  // Gradient descent keeps both ends at exactly ((kc-1)/(kc+1))^(2k).
  WorstCase ends{{1, kc}, {0.5, 0.5}};
  const int k_gd = static_cast<int>(std::ceil(gd_steps(kc, accuracy)));
  EXPECT_LE(run_gd(ends, kc, k_gd), accuracy * (1 + 1e-9));
  EXPECT_GT(run_gd(ends, kc, k_gd - 1), accuracy);
  EXPECT_GT(k_gd, 15 * chebyshev);  // sqrt kc = 20
}

TEST(FirstOrder, StepsInvertTheLosses) {
  for (const double kc : kConditionNumbers)
    for (const double accuracy : {0.5, 1e-3, 1e-12, 1e-200}) {
      const double log_accuracy = std::log(accuracy), tolerance = 64 * kEps * std::abs(log_accuracy);
      EXPECT_NEAR(log_gd_loss(kc, gd_steps(kc, accuracy)), log_accuracy, tolerance);
      EXPECT_NEAR(log_oracle_bound(kc, oracle_steps(kc, accuracy)), log_accuracy, tolerance);
      EXPECT_NEAR(log_chebyshev_loss(kc, chebyshev_steps(kc, accuracy)), log_accuracy, tolerance);
      EXPECT_NEAR(gd_steps(kc, accuracy) / oracle_steps(kc, accuracy), condition_number_gap(kc),
                  64 * kEps * condition_number_gap(kc));
    }
  EXPECT_EQ(gd_steps(100, 1), 0);
  EXPECT_EQ(chebyshev_steps(100, 1), 0);
}

TEST(FirstOrder, GapTendsToTheSquareRoot) {
  EXPECT_EQ(condition_number_gap(1), 1);
  EXPECT_NEAR(condition_number_gap(1e6) / 1e3, 1, 1e-6);  // 1 + 1/(3 kc) to leading order
  EXPECT_NEAR(condition_number_gap(1e300) / 1e150, 1, 16 * kEps);
  double previous = 1;
  for (const double kc : {1.1, 2.0, 10.0, 1e3, 1e9}) {
    EXPECT_GT(condition_number_gap(kc), previous);
    previous = condition_number_gap(kc);
  }
}

TEST(FirstOrder, ConditionNumberOneIsSolvedInOneStep) {
  EXPECT_EQ(gd_factor(1), 0);
  EXPECT_EQ(accelerated_factor(1), 0);
  for (const auto& log_factor : {log_gd_loss, log_oracle_bound, log_chebyshev_loss}) {
    EXPECT_EQ(log_factor(1, 0), 0);
    EXPECT_EQ(log_factor(1, 3), -std::numeric_limits<double>::infinity());
  }
  for (const auto& steps : {gd_steps, oracle_steps, chebyshev_steps}) {
    EXPECT_EQ(steps(1, 1e-6), 1);
    EXPECT_EQ(steps(1, 1), 0);
  }
}

TEST(FirstOrder, StepsAndTraceOfPlainNumbers) {
  EXPECT_NEAR(steps_of_compute(1e300, 1e200, 1e99), 10, 1e-13);
  EXPECT_NEAR(std::exp(log_lambda_max_bound(64, 8, 16, 3, 2)), 2.0 * 64 * 8 * 16 * 9, 1e-9);
}

// J J^T of 2 * 3 * 2 rows of norm at most B: the power method's eigenvalue is below the bound, and at it where all rows
// are one.
TEST(FirstOrder, TheTraceBoundsTheLargestEigenvalue) {
  constexpr int kRows = 12, kColumns = 7;
  const double bound_on_rows = 3, log_bound = log_lambda_max_bound(2, 3, 2, bound_on_rows);
  for (const bool equal : {false, true}) {
    double jacobian[kRows][kColumns];
    for (int i = 0; i < kRows; ++i)
      for (int j = 0; j < kColumns; ++j)
        jacobian[i][j] = bound_on_rows / std::sqrt(double{kColumns}) * (equal ? 1 : std::cos(1 + i * j + i));
    std::vector<double> v(kRows, 1);
    double eigenvalue = 0;
    for (int round = 0; round < 2000; ++round) {
      double back[kColumns] = {}, norm = 0;
      for (int i = 0; i < kRows; ++i)
        for (int j = 0; j < kColumns; ++j) back[j] += jacobian[i][j] * v[static_cast<std::size_t>(i)];
      for (int i = 0; i < kRows; ++i) {
        double& out = v[static_cast<std::size_t>(i)] = 0;
        for (int j = 0; j < kColumns; ++j) out += jacobian[i][j] * back[j];
        norm += out * out;
      }
      eigenvalue = std::sqrt(norm);
      for (double& x : v) x /= eigenvalue;
    }
    if (equal)
      EXPECT_NEAR(std::log(eigenvalue), log_bound, 1e-12);
    else
      EXPECT_LT(std::log(eigenvalue), log_bound);
  }
}

TEST(FirstOrder, DomainErrors) {
  for (const double bad : {0.999, 0.0, -1.0, base::kNaN, double{INFINITY}}) {
    EXPECT_THROW((void)gd_factor(bad), std::domain_error);
    EXPECT_THROW((void)accelerated_factor(bad), std::domain_error);
    EXPECT_THROW((void)log_chebyshev_loss(bad, 1), std::domain_error);
    EXPECT_THROW((void)condition_number_gap(bad), std::domain_error);
    EXPECT_THROW((void)oracle_steps(bad, 0.1), std::domain_error);
  }
  EXPECT_THROW((void)log_gd_loss(2, -1), std::domain_error);
  EXPECT_THROW((void)log_gd_loss(2, base::kNaN), std::domain_error);
  for (const double bad : {0.0, 1.1, base::kNaN}) EXPECT_THROW((void)gd_steps(2, bad), std::domain_error);
  EXPECT_THROW((void)steps_of_compute(1, 0, 1), std::domain_error);
  EXPECT_THROW((void)log_lambda_max_bound(1, 1, 1, 0), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::theory
