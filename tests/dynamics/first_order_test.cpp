// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/first_order.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "dynamics/fixed_kernel.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::dynamics {
namespace {

using base::testing::contains;
using base::testing::message_of;
using numerics::Matrix;
using numerics::Vector;
using testing::Doubles;
using testing::fixed_kernel;
using testing::FixedKernel;
using testing::solved;
using testing::view;
using Counts = std::vector<std::int64_t>;

// The methods as they are written down, in f and f(x), with products of H itself. `update(H r)` returns by how much
// the dual coefficients grow; f -= H update, f(x) -= H_x update.
struct Plain {
  const FixedKernel& k;
  Vector<double> f, on_test;
  explicit Plain(const FixedKernel& kernel) : k(kernel), f(kernel.initial), on_test(kernel.test_initial) {}
  [[nodiscard]] Vector<double> residual() const { return f - k.targets; }
  void move(const Vector<double>& dual) {
    f -= k.train * dual;
    on_test -= k.test * dual;
  }
};

// The fast path against `step`, a plain iteration, at several counts: outputs, test outputs and loss.
template <class Step>
void expect_same(const FixedKernel& k, const ClosedForm& closed, const Counts& counts, const SpectralPath& path,
                 Step&& step) {
  const TestOutputs test(closed, k.test, view(k.test_initial));
  const Matrix<double> outputs = closed.outputs(path), tested = test.outputs(path);
  const Doubles losses = closed.losses(path);
  const double size = (k.initial - k.targets).norm();
  Plain plain(k);
  std::int64_t done = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    for (; done < counts[i]; ++done) step(plain);
    const auto row = static_cast<Eigen::Index>(i);
    EXPECT_LE((outputs.row(row).transpose() - plain.f).norm(), 1e-11 * size) << counts[i];
    EXPECT_LE((tested.row(row).transpose() - plain.on_test).norm(), 1e-11 * size) << counts[i];
    EXPECT_NEAR(losses[i], plain.residual().squaredNorm() / static_cast<double>(k.n), 1e-11 * size * size) << counts[i];
  }
}

// Regular and singular kernels.
const std::int64_t kParameters[] = {60, 11};

TEST(FirstOrder, GradientDescentIsItsOwnRecursion) {
  for (const std::int64_t parameters : kParameters) {
    const FixedKernel k = fixed_kernel(5, 4, parameters);
    const ClosedForm closed = solved(k);
    const Counts counts{0, 1, 2, 7, 7, 50, 500};
    for (const double share : {0.1, 0.7, 0.99}) {  // below and above s = 1 for the top modes
      const double step = share * step_limit(closed);
      expect_same(k, closed, counts, gradient_descent(closed, step, counts),
                  [&](Plain& p) { p.move(2 * step / 5 * p.residual()); });
    }
  }
}

TEST(FirstOrder, HeavyBallIsItsOwnRecursion) {
  for (const std::int64_t parameters : kParameters) {
    const FixedKernel k = fixed_kernel(5, 4, parameters);
    const ClosedForm closed = solved(k);
    const Counts counts{0, 1, 2, 7, 50};
    for (const HeavyBall method : {optimal_heavy_ball(closed), HeavyBall{0.3 * step_limit(closed), 0.9}}) {
      Vector<double> last = Vector<double>::Zero(20);
      expect_same(k, closed, counts, heavy_ball(closed, method, counts), [&](Plain& p) {
        last = method.momentum * last + 2 * method.step / 5 * p.residual();
        p.move(last);
      });
    }
  }
}

TEST(FirstOrder, ChebyshevIsItsPolynomial) {
  const FixedKernel k = fixed_kernel(4, 3, 40);
  const ClosedForm closed = solved(k);
  const Counts counts{0, 1, 2, 5, 12};
  const SpectralPath path = chebyshev(closed, counts);
  const auto& h = closed.spectrum().eigenvalues;
  const double high = h.front(), low = h.back();
  const auto t = [](double degree, double x) {  // T_k by its two closed formulas
    return std::abs(x) <= 1 ? std::cos(degree * std::acos(x)) : std::cosh(degree * std::acosh(x));
  };
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto degree = static_cast<double>(counts[i]);
    for (Eigen::Index mode = 0; mode < 12; ++mode) {
      const double x = (high + low - 2 * h[static_cast<std::size_t>(mode)]) / (high - low);
      const double p = t(degree, std::clamp(x, -1.0, 1.0)) / t(degree, (high + low) / (high - low));
      EXPECT_NEAR(path.residual(static_cast<Eigen::Index>(i), mode), p * closed.start()[mode], 1e-12);
    }
  }
}

TEST(FirstOrder, ChebyshevIsItsOwnRecursion) {
  for (const std::int64_t parameters : kParameters) {
    const FixedKernel k = fixed_kernel(5, 4, parameters);
    const ClosedForm closed = solved(k);
    const auto& h = closed.spectrum().eigenvalues;
    const double high = h[0], low = h[static_cast<std::size_t>(closed.rank() - 1)];
    const double delta = (high - low) / 2, theta = (high + low) / 2, sigma = theta / delta;
    double rho = 0;
    Vector<double> d;
    const Counts counts{0, 1, 2, 7, 40};
    expect_same(k, closed, counts, chebyshev(closed, counts), [&](Plain& p) {  // Saad, algorithm 12.1
      if (rho == 0) {
        rho = 1 / sigma;
        d = p.residual() / theta;
      } else {
        const double next = 1 / (2 * sigma - rho);
        d = next * rho * d + 2 * next / delta * p.residual();
        rho = next;
      }
      p.move(d);
    });
  }
}

// min ||p(H) r_0|| over p(0) = 1, by least squares on an orthonormal Krylov basis of H.
double best_krylov_loss(const FixedKernel& k, std::int64_t degree) {
  const Vector<double> r = k.initial - k.targets;
  Matrix<double> basis(r.size(), degree);
  Vector<double> next = k.train * r;
  for (Eigen::Index j = 0; j < degree; ++j) {
    for (int pass = 0; pass < 2; ++pass) next -= basis.leftCols(j) * (basis.leftCols(j).transpose() * next).eval();
    basis.col(j) = next.normalized();
    next = k.train * basis.col(j);
  }
  return (r - basis * (basis.transpose() * r).eval()).squaredNorm() / static_cast<double>(k.n);
}

TEST(FirstOrder, ConjugateGradientIsTheBestOfItsSpan) {
  for (const std::int64_t parameters : kParameters) {
    const FixedKernel k = fixed_kernel(5, 4, parameters);
    const ClosedForm closed = solved(k);
    const Counts counts{0, 1, 2, 3, 5, 8, 10};
    const SpectralPath path = conjugate_gradient(closed, counts);
    const Doubles found = closed.losses(path);
    for (std::size_t i = 0; i < counts.size(); ++i)
      EXPECT_NEAR(found[i], best_krylov_loss(k, counts[i]), 1e-11 * found[0]) << counts[i];
    // CGLS in f: theta moves along J^T p, so that f moves along H p.
    Vector<double> p;
    double now = 0;
    expect_same(k, closed, counts, path, [&](Plain& at) {
      const Vector<double> r = at.residual();
      const double next = r.dot(k.train * r);
      p = now > 0 ? Vector<double>(r + next / now * p) : r;
      now = next;
      at.move(now / (k.train * p).squaredNorm() * p);
    });
  }
}

TEST(FirstOrder, ConjugateGradientEndsAndStaysFinite) {
  const FixedKernel k = fixed_kernel(5, 4, 11);  // 11 different eigenvalues that are not 0
  const ClosedForm closed = solved(k);
  const Counts counts{11, 13, 1000, 20000};
  const SpectralPath path = conjugate_gradient(closed, counts);
  EXPECT_TRUE(path.residual.allFinite() && path.coefficients.allFinite());
  for (const double loss : closed.losses(path))
    EXPECT_NEAR(loss, closed.null_loss(), 1e-10 * closed.losses(Doubles{0})[0]);
}

// Kernels with a given condition number and equal initial coefficients (docs/theory/lower-bounds.md).
ClosedForm of_condition(double condition) {
  const Eigen::Index size = 60;
  Matrix<double> h = Matrix<double>::Zero(size, size);
  for (Eigen::Index i = 0; i < size; ++i)  // Chebyshev's points of [1, condition]: the hard distribution
    h(i, i) = (condition + 1) / 2 + (condition - 1) / 2 * std::cos(3.14159265358979 * static_cast<double>(i) / 59);
  return {h, 1, Doubles(60, 1.0)};
}

TEST(FirstOrder, RatesBoundTheWorstModeAndTheGapCloses) {
  for (const double condition : {10.0, 100.0, 1000.0}) {
    const ClosedForm closed = of_condition(condition);
    const FirstOrderRates rates = first_order_rates(closed);
    EXPECT_NEAR(rates.condition_number, condition, 1e-10 * condition);
    EXPECT_NEAR(rates.gradient_descent, std::pow((condition - 1) / (condition + 1), 2), 1e-12);
    const double root = std::sqrt(condition);
    EXPECT_NEAR(rates.accelerated, std::pow((root - 1) / (root + 1), 2), 1e-12);
    const Counts counts{1, 5, 25, 50};
    const SpectralPath descent = gradient_descent(closed, best_step(closed), counts), fast = chebyshev(closed, counts),
                       ball = heavy_ball(closed, optimal_heavy_ball(closed), counts),
                       conjugate = conjugate_gradient(closed, counts);
    const double start = closed.losses(Doubles{0})[0];
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const auto row = static_cast<Eigen::Index>(i);
      const auto k = static_cast<double>(counts[i]);
      const double slow_factor = std::pow(rates.gradient_descent, k), q = std::pow(rates.accelerated, k);
      // The worst mode meets the gradient descent rate exactly: it is the first or the last.
      const double worst = std::pow(descent.residual.row(row).cwiseAbs().maxCoeff(), 2);
      EXPECT_NEAR(worst, slow_factor, 1e-11);
      const double worst_fast = std::pow(fast.residual.row(row).cwiseAbs().maxCoeff(), 2);
      EXPECT_NEAR(worst_fast, 4 * q / ((1 + q) * (1 + q)), 1e-11);
      EXPECT_LE(closed.losses(fast)[i], start * 4 * q * (1 + 1e-10));
      EXPECT_LE(closed.losses(conjugate)[i], closed.losses(fast)[i] * (1 + 1e-10));
      // Optimal heavy ball: p_k = b^{k/2} (u cos + v sin of a k-fold angle), at worst b^{k/2} (1 + 2 k).
      EXPECT_LE(ball.residual.row(row).cwiseAbs().maxCoeff(), (1 + 2 * k) * std::sqrt(q) * (1 + 1e-10));
    }
    // Iterations to 1e-3 of the start: about kc against sqrt(kc).
    EXPECT_GT(closed.losses(descent)[3] / closed.losses(fast)[3], condition >= 100 ? 10 : 1);
  }
}

TEST(FirstOrder, NullModesThatTestRowsSeeGrowWithEveryStep) {
  // H = diag(1, 0), a = 2 step/n = 0.25, r_0 = (-1, -1): f(x) = 1 - 0.75^k + 0.25 (k a) for a test row (1, 0.25).
  Matrix<double> h = Matrix<double>::Zero(2, 2), on_test(1, 2);
  h(0, 0) = 1;
  on_test << 1, 0.25;
  const ClosedForm closed(h, 2, Doubles{1, 1});
  const TestOutputs test(closed, on_test);
  const Counts counts{3};
  const double expected = 1 - std::pow(0.75, 3) + 0.25 * 0.75;
  EXPECT_NEAR(test.outputs(gradient_descent(closed, 0.25, counts))(0, 0), expected, 1e-15);
  EXPECT_NEAR(test.outputs(heavy_ball(closed, {0.25, 0}, counts))(0, 0), expected, 1e-15);
}

TEST(FirstOrder, SmallStepsFollowTheFlow) {
  // f_k - f(step k) = O(step) (explicit Euler): halving the step halves the distance, to second order.
  const FixedKernel k = fixed_kernel(4, 3, 40);
  const ClosedForm closed = solved(k);
  const Matrix<double> flow = closed.outputs(Doubles{1});
  Doubles distance;
  for (const std::int64_t count : {1000, 2000})
    distance.push_back(
        (closed.outputs(gradient_descent(closed, 1.0 / static_cast<double>(count), Counts{count})) - flow).norm());
  EXPECT_NEAR(std::log2(distance[0] / distance[1]), 1, 0.01);
}

TEST(FirstOrder, ScaleOneModeAndZero) {
  const Counts counts{0, 1, 2, 30};
  for (const double scale : {0x1p900, 0x1p-900}) {
    FixedKernel k = fixed_kernel(3, 4, 36);
    const ClosedForm plain = solved(k);
    k.train *= scale;
    const ClosedForm scaled = solved(k);
    const double step = 0.8 * step_limit(plain);
    EXPECT_NEAR(step_limit(scaled) * scale, step_limit(plain), 1e-14 * step_limit(plain));
    EXPECT_LE((gradient_descent(scaled, step / scale, counts).residual - gradient_descent(plain, step, counts).residual)
                  .norm(),
              1e-12);
    EXPECT_LE((conjugate_gradient(scaled, counts).residual - conjugate_gradient(plain, counts).residual).norm(), 1e-10);
    EXPECT_LE((chebyshev(scaled, counts).residual - chebyshev(plain, counts).residual).norm(), 1e-11);
  }
  const ClosedForm one(Matrix<double>::Constant(1, 1, 0.3), 1, Doubles{2});
  for (const SpectralPath& path :
       {chebyshev(one, counts), conjugate_gradient(one, counts), heavy_ball(one, optimal_heavy_ball(one), counts)}) {
    EXPECT_NEAR(std::abs(path.residual(0, 0)), 2, 1e-15);
    for (Eigen::Index row = 1; row < 4; ++row) EXPECT_NEAR(path.residual(row, 0), 0, 1e-15);
  }
  const ClosedForm zero(Matrix<double>::Zero(2, 2), 1, Doubles{1, 2});
  EXPECT_TRUE(std::isinf(step_limit(zero)));
  for (const SpectralPath& path :
       {gradient_descent(zero, 5, counts), chebyshev(zero, counts), conjugate_gradient(zero, counts)})
    for (Eigen::Index row = 0; row < 4; ++row) EXPECT_EQ(path.residual.row(row).transpose(), zero.start());
}

TEST(FirstOrder, AStepBeyondTheLimitNamesTheLimit) {
  const ClosedForm closed(Matrix<double>::Identity(2, 2) * 4, 2, Doubles{1, 1});
  const Counts counts{1};
  EXPECT_EQ(step_limit(closed), 0.5);
  const auto says = [](auto&& action) { return message_of<base::InputError>(action); };
  EXPECT_TRUE(contains(says([&] { static_cast<void>(gradient_descent(closed, 0.5, counts)); }), "n/lambda_max = 0.5"));
  EXPECT_NO_THROW(static_cast<void>(gradient_descent(closed, std::nextafter(0.5, 0), counts)));
  EXPECT_THROW(static_cast<void>(gradient_descent(closed, 0, counts)), base::InputError);
  EXPECT_THROW(static_cast<void>(gradient_descent(closed, std::nan(""), counts)), base::InputError);
  EXPECT_TRUE(contains(says([&] { static_cast<void>(heavy_ball(closed, {0.75, 0.5}, counts)); }), "= 0.75"));
  EXPECT_NO_THROW(static_cast<void>(heavy_ball(closed, {0.7, 0.5}, counts)));
  EXPECT_TRUE(contains(says([&] { static_cast<void>(heavy_ball(closed, {0.1, 1}, counts)); }), "momentum"));
  EXPECT_TRUE(contains(says([&] { static_cast<void>(chebyshev(closed, Counts{3, 2})); }), "2 after 3"));
  EXPECT_TRUE(contains(says([&] { static_cast<void>(chebyshev(closed, Counts{-1})); }), "found -1"));
  EXPECT_THROW(static_cast<void>(optimal_heavy_ball(0, 1, 1)), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::dynamics
